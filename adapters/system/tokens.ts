/** Tokens of 256 random bits; stored and compared as SHA-256, which is enough for what nobody can guess. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { TokenSource } from '../../connector/access/ports.js'

const TOKEN_BYTES = 32

export const randomTokens: TokenSource = {
  token: (prefix) => `${prefix}${randomBytes(TOKEN_BYTES).toString('base64url')}`,
  hash: (token) => digest(token).toString('hex'),
  isSame: (a, b) => timingSafeEqual(digest(a), digest(b)),
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
