/**
 * The log: JSON lines by pino, in which no secret, payload or personal figure can appear.
 *
 * A list of forbidden names alone misses shapes, and an order's shape is its sender's. So the rule is the other way
 * round: a line holds flat facts (texts, numbers, booleans and lists of them); an object is printed only under a name
 * that is known to hold nothing private, anything else becomes `[left out]`. The list of forbidden names comes on top,
 * for facts that are flat and still private.
 * Must not know: what the events mean.
 */
import { type DestinationStream, type Logger as PinoLogger, pino } from 'pino'

export type Logger = Pick<PinoLogger, 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'isLevelEnabled'>

export interface LoggerOptions {
  level: string
  /** Where the lines go; standard output when left out. */
  destination?: DestinationStream
  /** Printed on every line, e.g. which process it is. */
  bindings?: Record<string, string>
}

/** Names under which an object may be printed; what is inside is held to the same rules. */
const OBJECT_NAMES = new Set([
  'counts',
  'config',
  'dependencies',
  'durations',
  'faults',
  'limits',
  'problems',
  'states',
])

/** Names whose value is never printed, at any depth; compared without case, hyphens and underscores. */
const FORBIDDEN_NAMES = new Set(
  [
    ...[
      'apiKey',
      'masterKey',
      'password',
      'passphrase',
      'secret',
      'token',
      'accessToken',
      'bootstrapToken',
      'metricsToken',
    ],
    ...['authorization', 'cookie', 'signature', 'databaseUrl', 'amqpUrl', 'connectionString', 'apiKeySealed'],
    ...['callbackSecret', 'callbackSecretSealed', 'caPem', 'deviceMac'],
    ...['body', 'content', 'payload', 'frozen', 'draft', 'order', 'invoice', 'lines', 'remark', 'raw', 'data'],
    ...['buyer', 'buyerName', 'buyerTaxNo', 'customer', 'phone', 'mobile', 'email', 'address', 'bank', 'account'],
    ...['drawer', 'payee', 'reviewer', 'idNo'],
  ].map(toPlainName),
)

/** Characters of one text; a longer one is a payload in disguise. */
const TEXT_LENGTH_MAX = 500
/** Items of one list. */
const LIST_LENGTH_MAX = 50
const DEPTH_MAX = 4
/** Errors that caused errors. */
const CAUSE_COUNT_MAX = 3
const LEFT_OUT = '[left out]'

/** User and password in any address, wherever it turns up in a text. */
const CREDENTIALS = /(\w:\/\/)[^\s/@]*@/g

export function makeLogger({ level, destination, bindings = {} }: LoggerOptions): Logger {
  const options = {
    level,
    base: bindings,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: {
      level: (label: string) => ({ level: label }),
      log: (fields: Record<string, unknown>) => cleanFields(fields, 1),
    },
    hooks: {
      // The message is a text like any other and may carry an address.
      logMethod(this: PinoLogger, args: Parameters<PinoLogger['info']>, method: PinoLogger['info']): void {
        const cleaned = args.map((each: unknown) => (typeof each === 'string' ? cleanText(each) : each))
        // Only texts were replaced, by texts.
        method.apply(this, cleaned as Parameters<PinoLogger['info']>)
      },
    },
    // `formatters.log` has cleaned the error already; pino's own serializer would copy all its properties.
    serializers: { err: (cleaned: unknown) => cleaned },
  }
  return destination === undefined ? pino(options) : pino(options, destination)
}

function cleanFields(fields: object, depth: number): Record<string, unknown> {
  const cleaned: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(fields)) cleaned[name] = cleanField(name, value, depth)
  return cleaned
}

function cleanField(name: string, value: unknown, depth: number): unknown {
  if (FORBIDDEN_NAMES.has(toPlainName(name))) return value === null || value === undefined ? value : LEFT_OUT
  if (value instanceof Error || name === 'err' || name === 'error') return cleanError(value)
  if (Array.isArray(value)) return cleanList(name, value, depth)
  if (typeof value !== 'object' || value === null) return cleanScalar(value)
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString()
  return OBJECT_NAMES.has(name) && depth < DEPTH_MAX ? cleanObject(value, depth) : LEFT_OUT
}

function cleanList(name: string, list: readonly unknown[], depth: number): unknown {
  const shown = list.slice(0, LIST_LENGTH_MAX).map((each) => {
    if (typeof each !== 'object' || each === null) return cleanScalar(each)
    return OBJECT_NAMES.has(name) && depth < DEPTH_MAX ? cleanObject(each, depth) : LEFT_OUT
  })
  return list.length > LIST_LENGTH_MAX ? [...shown, `… ${list.length - LIST_LENGTH_MAX} more`] : shown
}

/** Objects of a class print themselves (a Secret says `[secret]`); plain ones are walked. */
function cleanObject(value: object, depth: number): unknown {
  const prototype: unknown = Object.getPrototypeOf(value)
  const isPlain = prototype === Object.prototype || prototype === null
  return isPlain ? cleanFields(value, depth + 1) : LEFT_OUT
}

function cleanScalar(value: unknown): unknown {
  if (typeof value === 'string') return cleanText(value)
  if (typeof value === 'bigint') return value.toString()
  return typeof value === 'function' || typeof value === 'symbol' ? LEFT_OUT : value
}

function cleanText(text: string): string {
  const shown = text.length > TEXT_LENGTH_MAX ? `${text.slice(0, TEXT_LENGTH_MAX)}…` : text
  return shown.replace(CREDENTIALS, '$1***@')
}

/** Type, code, message and stack; none of the properties that drivers hang on errors (a row's values, a query). */
function cleanError(error: unknown, depth = 1): unknown {
  if (!(error instanceof Error)) return cleanScalar(typeof error === 'object' && error !== null ? LEFT_OUT : error)
  const code = 'code' in error && (typeof error.code === 'string' || typeof error.code === 'number') ? error.code : null
  return {
    type: error.name,
    ...(code === null ? {} : { code }),
    message: cleanText(error.message),
    stack: error.stack?.replace(CREDENTIALS, '$1***@'),
    ...(error.cause === undefined || depth > CAUSE_COUNT_MAX ? {} : { cause: cleanError(error.cause, depth + 1) }),
  }
}

function toPlainName(name: string): string {
  return name.replaceAll(/[-_]/g, '').toLowerCase()
}
