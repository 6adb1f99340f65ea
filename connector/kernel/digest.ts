/** SHA-256 of a text or of bytes, 64 lower-case hex characters. Pure; used for identity, never for secrecy. */
import { createHash } from 'node:crypto'

export function sha256(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex')
}
