/**
 * SM4 as the bureau uses it: ECB, PKCS#7 padding, key of 32 hex characters, standard base64 in one line.
 *
 * OpenSSL's `sm4-ecb` is 5 to 30 times faster than sm-crypto, but builds without SM4 exist (FIPS). So the engine is
 * chosen once at start: OpenSSL when it is there and agrees with sm-crypto on the probes below, else sm-crypto.
 * Source: Leqi protocol 2.3 (encryption of request and answer).
 */
import { createCipheriv, createDecipheriv, getCiphers } from 'node:crypto'
import { TextDecoder } from 'node:util'
import smCrypto from 'sm-crypto'
import { assert } from '../../connector/kernel/never.js'
import type { Secret } from '../../connector/kernel/secret.js'

const CIPHER = 'sm4-ecb'
const BLOCK_BYTES = 16

const KEY_HEX = /^[0-9a-fA-F]{32}$/
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/

/** What both engines must agree on before OpenSSL is trusted; the key is published with the bureau's test vectors. */
const PROBE_KEY = Buffer.from('0123456789abcdeffedcba9876543210', 'hex')
const PROBES = [
  '{}',
  '{"nsrsbh":"91110000TEST000001"}',
  '{"returncode":"00","returnmsg":"成功","sllsh":"0123456789abcdef0123456789abcdef"}',
]

export interface Sm4 {
  encrypt(text: string): string
  /** The UTF-8 text, or null: not base64, not whole blocks, wrong padding, or not UTF-8. White space is ignored. */
  decrypt(base64: string): string | null
}

export interface Sm4Engine {
  name: 'openssl' | 'sm-crypto'
  encrypt(key: Buffer, plain: Buffer): Buffer
  /** Null when the padding is wrong. */
  decrypt(key: Buffer, cipher: Buffer): Buffer | null
}

/** Chooses the engine. Errors: throws Defect when sm-crypto itself cannot read back what it wrote. */
export function chooseSm4Engine(ciphers: readonly string[] = getCiphers()): Sm4Engine {
  for (const probe of PROBES) {
    const plain = Buffer.from(probe)
    const back = smCryptoEngine.decrypt(PROBE_KEY, smCryptoEngine.encrypt(PROBE_KEY, plain))
    assert(back?.equals(plain) === true, 'sm-crypto does not decrypt its own SM4 text')
  }
  return ciphers.includes(CIPHER) && agrees(opensslEngine) ? opensslEngine : smCryptoEngine
}

/**
 * Makes the cipher of one direct unit.
 * Shape   the key never leaves the closure
 * Errors  null when the key is not 32 hex characters
 */
export function makeSm4(engine: Sm4Engine, secret: Secret): Sm4 | null {
  const hex = secret.reveal().trim()
  if (!KEY_HEX.test(hex)) return null
  const key = Buffer.from(hex, 'hex')
  const utf8 = new TextDecoder('utf-8', { fatal: true })
  return {
    encrypt: (text) => engine.encrypt(key, Buffer.from(text)).toString('base64'),
    decrypt(base64) {
      const dense = base64.replace(/\s+/g, '')
      if (dense.length % 4 !== 0 || !BASE64.test(dense)) return null
      const cipher = Buffer.from(dense, 'base64')
      if (cipher.length === 0 || cipher.length % BLOCK_BYTES !== 0) return null
      const plain = engine.decrypt(key, cipher)
      return plain === null ? null : decodeUtf8(utf8, plain)
    },
  }
}

const opensslEngine: Sm4Engine = {
  name: 'openssl',
  encrypt(key, plain) {
    const cipher = createCipheriv(CIPHER, key, null)
    return Buffer.concat([cipher.update(plain), cipher.final()])
  },
  decrypt(key, text) {
    const decipher = createDecipheriv(CIPHER, key, null)
    const head = decipher.update(text)
    try {
      return Buffer.concat([head, decipher.final()])
    } catch {
      // OpenSSL's only complaint here is "bad decrypt": wrong padding, so a wrong key or a damaged text.
      return null
    }
  },
}

const smCryptoEngine: Sm4Engine = {
  name: 'sm-crypto',
  encrypt: (key, plain) => Buffer.from(smCrypto.sm4.encrypt([...plain], [...key], { output: 'array' })),
  decrypt(key, text) {
    // Padding is taken off here: sm-crypto trusts the last byte whatever it says, and a wrong key must be noticed.
    const padded = Buffer.from(smCrypto.sm4.decrypt([...text], [...key], { output: 'array', padding: 'none' }))
    return withoutPadding(padded)
  },
}

function agrees(engine: Sm4Engine): boolean {
  return PROBES.every((probe) => {
    const plain = Buffer.from(probe)
    const cipher = engine.encrypt(PROBE_KEY, plain)
    return cipher.equals(smCryptoEngine.encrypt(PROBE_KEY, plain)) && engine.decrypt(PROBE_KEY, cipher)?.equals(plain)
  })
}

function withoutPadding(padded: Buffer): Buffer | null {
  const count = padded[padded.length - 1] ?? 0
  if (count < 1 || count > BLOCK_BYTES || count > padded.length) return null
  const start = padded.length - count
  return padded.subarray(start).every((byte) => byte === count) ? padded.subarray(0, start) : null
}

function decodeUtf8(decoder: TextDecoder, bytes: Buffer): string | null {
  try {
    return decoder.decode(bytes)
  } catch {
    // Not UTF-8: a wrong key whose padding happened to fit.
    return null
  }
}
