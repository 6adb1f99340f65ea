/**
 * Passwords by scrypt (N = 2^15, r = 8, p = 1: some 90 ms and 32 MB each), at most two at once, so that whoever tries many
 * takes the machine from nobody. Text form: `scrypt$15$8$1$salt$hash`, the last two in base64url.
 */
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import pLimit from 'p-limit'
import type { PasswordHasher } from '../../connector/access/ports.js'

const COST = { log2N: 15, r: 8, p: 1 } as const
const SALT_BYTES = 16
const HASH_BYTES = 32
const AT_ONCE = 2
/** Twice what the present cost takes; dearer hashes are not ours. */
const MEMORY_BYTES_MAX = 64 * 1024 * 1024
const FORM = /^scrypt\$15\$8\$1\$([\w-]{22})\$([\w-]{43})$/

const derive = promisify<string, Buffer, number, object, Buffer>(scrypt)

export function makePasswordHasher(): PasswordHasher {
  const limit = pLimit(AT_ONCE)
  const options = { N: 2 ** COST.log2N, r: COST.r, p: COST.p, maxmem: MEMORY_BYTES_MAX }
  // Composed and decomposed forms of a character are one to whoever types it.
  const of = (password: string, salt: Buffer) =>
    limit(() => derive(password.normalize('NFC'), salt, HASH_BYTES, options))
  return {
    async hash(password) {
      const salt = randomBytes(SALT_BYTES)
      const hash = await of(password, salt)
      return `scrypt$${COST.log2N}$${COST.r}$${COST.p}$${salt.toString('base64url')}$${hash.toString('base64url')}`
    },
    async verify(password, hash) {
      const [, salt, expected] = FORM.exec(hash ?? '') ?? []
      const known = salt === undefined ? randomBytes(SALT_BYTES) : Buffer.from(salt, 'base64url')
      const given = await of(password, known)
      return expected !== undefined && timingSafeEqual(given, Buffer.from(expected, 'base64url'))
    },
  }
}
