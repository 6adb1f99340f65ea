/**
 * Sealing of stored secrets (API keys, callback secrets) under the master key: AES-256-GCM.
 *
 * Text form: `v1.<key id>.<nonce>.<ciphertext and tag>`, the last two in base64url. The place of a secret (whose it
 * is, which field) is bound in as additional data, so that a sealed text copied to another row does not open there.
 * The master key itself is never used twice for different ends: sealing, fingerprints and the check value each have
 * a key of their own, derived by HKDF.
 * Must not know: where sealed texts are stored, what the secrets are for.
 */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto'
import { Secret } from '../../connector/kernel/secret.js'

const VERSION = 'v1'
const KEY_BYTES = 32
/** GCM's own nonce length; random nonces are safe far beyond the number of secrets a deployment ever seals. */
const NONCE_BYTES = 12
const TAG_BYTES = 16
/** Hex characters of the key id: tells keys apart, gives nothing away. */
const KEY_ID_LENGTH = 8
/** Hex characters of a fingerprint: enough to tell two secrets apart. */
const FINGERPRINT_LENGTH = 16

/** Whose secret it is: the owner's id or code, and the field. */
interface SecretPlace {
  unit: string
  field: string
}

export interface Sealer {
  /** Names the master key; printed in front of everything it sealed. */
  readonly keyId: string
  seal(secret: Secret, place: SecretPlace): string
  /** Errors: SealError when it was sealed under another key, for another place, or was changed. */
  open(sealed: string, place: SecretPlace): Secret
  /** Keyed fingerprint: equal for equal secrets of one place, useless without the master key. */
  fingerprint(secret: Secret, place: SecretPlace): string
  /** What the deployment row keeps, so that another master key on the same database is noticed before it does harm. */
  checkValue(deploymentId: string): string
  isOwnCheckValue(checkValue: string, deploymentId: string): boolean
}

export class SealError extends Error {
  override name = 'SealError'
  readonly code: 'SEC-form' | 'SEC-other-key' | 'SEC-changed'
  readonly messageEn: string

  constructor(code: SealError['code'], message: string, messageEn: string) {
    super(message)
    this.code = code
    this.messageEn = messageEn
  }
}

/**
 * Makes the sealer of a master key.
 * Shape: `masterKey` is 32 bytes in base64.
 * Errors: RangeError when it is not; the configuration has refused such a key before.
 */
export function makeSealer(masterKey: Secret): Sealer {
  const master = Buffer.from(masterKey.reveal(), 'base64')
  if (master.length !== KEY_BYTES) throw new RangeError('the master key is not 32 bytes')
  const sealingKey = derive(master, 'seal')
  const fingerprintKey = derive(master, 'fingerprint')
  const checkKey = derive(master, 'check')
  const keyId = derive(master, 'key id').toString('hex').slice(0, KEY_ID_LENGTH)
  const checkValue = (deploymentId: string) => createHmac('sha256', checkKey).update(deploymentId).digest('hex')
  return {
    keyId,
    seal: (secret, place) => seal(secret, { key: sealingKey, keyId, place }),
    open: (sealed, place) => open(sealed, { key: sealingKey, keyId, place }),
    fingerprint: (secret, place) =>
      createHmac('sha256', fingerprintKey)
        .update(bindPlace(place))
        .update(secret.reveal())
        .digest('hex')
        .slice(0, FINGERPRINT_LENGTH),
    checkValue,
    isOwnCheckValue: (given, deploymentId) => isEqual(given, checkValue(deploymentId)),
  }
}

interface SealOptions {
  key: Buffer
  keyId: string
  place: SecretPlace
}

function seal(secret: Secret, { key, keyId, place }: SealOptions): string {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES })
  cipher.setAAD(bindPlace(place))
  const body = Buffer.concat([cipher.update(secret.reveal(), 'utf8'), cipher.final(), cipher.getAuthTag()])
  return [VERSION, keyId, nonce.toString('base64url'), body.toString('base64url')].join('.')
}

function open(sealed: string, { key, keyId, place }: SealOptions): Secret {
  const [version, sealedBy, nonceText, bodyText, ...rest] = sealed.split('.')
  const nonce = Buffer.from(nonceText ?? '', 'base64url')
  const body = Buffer.from(bodyText ?? '', 'base64url')
  if (version !== VERSION || rest.length > 0 || nonce.length !== NONCE_BYTES || body.length < TAG_BYTES) {
    throw new SealError('SEC-form', '密文格式无法识别', 'the sealed text has no known form')
  }
  if (sealedBy !== keyId) {
    throw new SealError(
      'SEC-other-key',
      `密文由另一主密钥（${sealedBy}）加密，当前主密钥为 ${keyId}`,
      `sealed under another master key (${sealedBy}); the present one is ${keyId}`,
    )
  }
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES })
  decipher.setAAD(bindPlace(place))
  decipher.setAuthTag(body.subarray(-TAG_BYTES))
  try {
    const text = Buffer.concat([decipher.update(body.subarray(0, -TAG_BYTES)), decipher.final()])
    return new Secret(text.toString('utf8'))
  } catch {
    // OpenSSL tells no more than that the tag is wrong, and nothing of the text may be used.
    throw new SealError(
      'SEC-changed',
      '密文被改动或被移到别处',
      'the sealed text was changed or moved to another place',
    )
  }
}

/** Unambiguous: JSON quotes what would otherwise run together. */
function bindPlace({ unit, field }: SecretPlace): Buffer {
  return Buffer.from(JSON.stringify(['leqi-connector', VERSION, unit, field]))
}

function derive(master: Buffer, use: string): Buffer {
  return Buffer.from(hkdfSync('sha256', master, 'leqi-connector', `${VERSION} ${use}`, KEY_BYTES))
}

function isEqual(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)]
  return a.length === b.length && timingSafeEqual(a, b)
}
