/** Random identities: UUID version 7 and the 32 hex characters of a request serial (业务流水号). */
import { randomBytes } from 'node:crypto'
import { v7 } from 'uuid'
import type { IdSource } from '../../connector/kernel/ids.js'

/** Random bytes of a serial; two hex characters each. */
const SERIAL_BYTES = 16

export const randomIds: IdSource = {
  uuid: () => v7(),
  serial: () => randomBytes(SERIAL_BYTES).toString('hex'),
}
