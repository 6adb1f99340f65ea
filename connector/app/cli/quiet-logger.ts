/** The log of a verb: its answer goes to standard output, so the log goes to standard error, and only what somebody must see. */
import { destination } from 'pino'
import { type Logger, makeLogger } from '../../../adapters/system/logger.js'
import type { Config } from '../config.js'

const STANDARD_ERROR = 2

export function makeQuietLogger({ logLevel }: Pick<Config, 'logLevel'>): Logger {
  return makeLogger({ level: logLevel === 'info' ? 'warn' : logLevel, destination: destination(STANDARD_ERROR) })
}
