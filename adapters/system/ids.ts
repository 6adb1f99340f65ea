/** Random identities: UUID version 7 and the 32 hex characters of a request serial (业务流水号). */
import { randomBytes, randomFillSync } from 'node:crypto'
import { v7 } from 'uuid'
import type { IdSource } from '../../connector/kernel/ids.js'

/** Random bytes of a serial; two hex characters each. */
const SERIAL_BYTES = 16
/** Random bytes of a UUID. */
const UUID_BYTES = 16
/** Drawn at once: asking the system for 16 bytes at a time costs more than all the rest of a UUID. */
const POOL_BYTES = UUID_BYTES * 1024

const pool = { bytes: new Uint8Array(POOL_BYTES), used: POOL_BYTES }
/** The millisecond of the last UUID and its counter within it, so that later ones sort later. */
const last = { ms: 0, sequence: 0 }

export const randomIds: IdSource = {
  uuid() {
    const random = drawRandom()
    const ms = Date.now()
    if (ms > last.ms) {
      last.ms = ms
      // 31 random bits: the counter starts anywhere and has room to count on.
      last.sequence = new DataView(random.buffer, random.byteOffset).getUint32(0) >>> 1
    } else {
      last.sequence += 1
    }
    return v7({ random, msecs: last.ms, seq: last.sequence })
  },
  serial: () => randomBytes(SERIAL_BYTES).toString('hex'),
}

/** Sixteen bytes that nobody was given before. */
function drawRandom(): Uint8Array {
  if (pool.used === POOL_BYTES) {
    randomFillSync(pool.bytes)
    pool.used = 0
  }
  pool.used += UUID_BYTES
  return pool.bytes.subarray(pool.used - UUID_BYTES, pool.used)
}
