/**
 * SM4-ECB with PKCS#7 padding and base64, by OpenSSL. The simulator's own copy, so that a mistake in the connector's
 * cipher cannot hide behind an equal mistake here.
 */
import { createCipheriv, createDecipheriv, getCiphers } from 'node:crypto'

const ALGORITHM = 'sm4-ecb'
const BLOCK_BYTES = 16
const KEY_PATTERN = /^[0-9a-fA-F]{32}$/

/** Reads a key of 32 hex characters. Errors: RangeError without the key in it. */
export function parseKey(hex: string): Buffer {
  if (!KEY_PATTERN.test(hex)) throw new RangeError('an SM4 key is 32 hex characters')
  return Buffer.from(hex, 'hex')
}

/** Refuses to start where OpenSSL lacks SM4 (FIPS builds): the simulator has no second implementation. */
export function assertSm4Available(): void {
  if (!getCiphers().includes(ALGORITHM)) throw new Error('this Node was built without sm4-ecb; the simulator needs it')
}

/** Shape: standard base64 with padding, one line. Source: Leqi protocol 2.3. */
export function encryptSm4(plain: string | Buffer, key: Buffer): string {
  const cipher = createCipheriv(ALGORITHM, key, null)
  const bytes = typeof plain === 'string' ? Buffer.from(plain, 'utf8') : plain
  return Buffer.concat([cipher.update(bytes), cipher.final()]).toString('base64')
}

/**
 * Shape: the plain bytes, or null when the text is no base64, no whole blocks, or the padding is wrong (other key).
 * White space is dropped: printed samples of the bureau break the line. Source: Leqi protocol 2.3.
 */
export function decryptSm4(text: string, key: Buffer): Buffer | null {
  const cipherText = decodeBase64(text) ?? decodeBase64(text.replaceAll(/\s+/g, ''))
  if (cipherText === null || cipherText.length === 0 || cipherText.length % BLOCK_BYTES !== 0) return null
  // Without OpenSSL's own unpadding all blocks come out in one piece, and a large upload is not copied once more.
  const decipher = createDecipheriv(ALGORITHM, key, null).setAutoPadding(false)
  return stripPadding(decipher.update(cipherText))
}

/** PKCS#7: the last byte tells how many were added, all of them alike. Wrong padding is how a wrong key shows. */
function stripPadding(padded: Buffer): Buffer | null {
  const count = padded.at(-1) ?? 0
  const start = padded.length - count
  const isRight = count >= 1 && count <= BLOCK_BYTES && padded.subarray(start).every((byte) => byte === count)
  return isRight ? padded.subarray(0, start) : null
}

/** Node's decoder skips what is no base64; then fewer bytes come out than the length promises. */
function decodeBase64(text: string): Buffer | null {
  const paddingCount = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0
  const bytes = Buffer.from(text, 'base64')
  return text.length % 4 === 0 && bytes.length === (text.length / 4) * 3 - paddingCount ? bytes : null
}
