/**
 * How values come back: instants as milliseconds; `numeric`, `int8` and `date` as text, exactly as stored; the rest as
 * the driver does. Parsers belong to one connection, so no other user of the driver in this process is touched.
 */
import pg from 'pg'
import { type Instant, instant } from '../../connector/kernel/time.js'

const TIMESTAMPTZ_OID = 1184
const DATE_OID = 1082

export function makeTypeParsers(): pg.CustomTypesConfig {
  const parsers = new pg.TypeOverrides()
  parsers.setTypeParser(TIMESTAMPTZ_OID, parseTimestamp)
  parsers.setTypeParser(DATE_OID, (text) => text)
  return parsers
}

const TIMESTAMP = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?)([+-]\d\d)(:\d\d)?$/

/** Reads `2026-11-22 08:00:00.123456+00`; microseconds are cut. Errors: RangeError for `infinity`. */
export function parseTimestamp(text: string): Instant {
  const match = TIMESTAMP.exec(text)
  if (match === null) throw new RangeError(`not a timestamp: ${text}`)
  return instant(Date.parse(`${match[1]}T${match[2]}${match[3]}${match[4] ?? ':00'}`))
}
