/** SHA-256 of a text or of bytes, 64 lower-case hex characters. Pure; used for identity, never for secrecy. */
import { hash } from 'node:crypto'

export function sha256(content: string | Buffer): string {
  return hash('sha256', content, 'hex')
}
