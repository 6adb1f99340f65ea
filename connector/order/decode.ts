/**
 * The door of an order message: bytes → JSON value, with everything a hostile or broken body could do refused first.
 *
 * Knows: UTF-8, JSON, limits, exact numbers.
 * Must not know: any order's shape, business types, the broker.
 * Invariants: nothing is parsed before size, depth and counts are known; a number is exact or refused, never rounded.
 */
import { isAscii, isUtf8, transcode } from 'node:buffer'
import { parse as parseLossless } from 'lossless-json'
import { Decimal } from '../kernel/decimal.js'
import type { Fault } from '../kernel/fault.js'
import { toCanonicalText } from './canonical-text.js'
import { countMembers, findDuplicateKey, findForbiddenKey, mayHaveForbiddenKey } from './json-keys.js'
import { scanJson } from './json-scan.js'
import { NumberText } from './number-text.js'

/** Largest body taken from the queue: 4 MB (reliability 5, AMQP). */
const BODY_BYTES_MAX = 4 * 1024 * 1024
/** Objects and lists inside each other; real orders have at most 8. */
const DEPTH_MAX = 32
/** Members of all objects and items of all lists together; an order of 5,000 lines with 30 fields has 150,000. */
const VALUE_COUNT_MAX = 250_000
/** Half a character: `isUtf8` has excluded it from the bytes, so it can only come from an escape such as `\ud800`. */
const LONE_SURROGATE = /\p{Surrogate}/u

export type DecodeOutcome =
  | { kind: 'order'; value: unknown }
  /** `dead`: nobody can read it. `rejected`: it is readable JSON that no honest sender writes. */
  | { kind: 'fault'; disposition: 'dead' | 'rejected'; fault: Fault }

/**
 * Reads the body of an order message.
 *
 * Shape   `value` holds JSON values; a number is a JavaScript number where that holds it exactly (15 digits), else a
 *         Decimal, else (exponent, more than 60 digits) a NumberText that no mapping takes for an amount
 * Errors  MSG-empty, MSG-size, MSG-utf8, MSG-depth, MSG-count, MSG-json: dead; MSG-duplicate-key, MSG-key: rejected
 */
export function decodeOrder(body: Buffer): DecodeOutcome {
  const unfit = refuseBytes(body)
  if (unfit !== null) return refuse('dead', unfit)

  const scan = scanJson(body)
  if (scan.depth > DEPTH_MAX) return refuse('dead', FAULTS.depth)
  if (scan.memberCount + scan.itemCount > VALUE_COUNT_MAX) return refuse('dead', FAULTS.count)

  const text = toText(body)
  let value: unknown
  try {
    value = scan.hasLongNumber ? parseLossless(text, null, PARSE_OPTIONS) : JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return refuse('dead', FAULTS.json)
    throw error
  }

  if (text.includes('\\u') && LONE_SURROGATE.test(toCanonicalText(value))) return refuse('dead', FAULTS.utf8)
  if (countMembers(value) !== scan.memberCount)
    return refuse('rejected', makeFault(...DUPLICATE, findDuplicateKey(text)))
  const forbidden = mayHaveForbiddenKey(text) ? findForbiddenKey(value) : ''
  if (forbidden !== '') return refuse('rejected', makeFault(...FORBIDDEN, forbidden))
  return { kind: 'order', value }
}

function refuse(disposition: 'dead' | 'rejected', fault: Fault): DecodeOutcome {
  return { kind: 'fault', disposition, fault }
}

const PARSE_OPTIONS = {
  parseNumber: toExactNumber,
  // Which of the two values would win does not matter: the count of members gives a duplicate away afterwards.
  onDuplicateKey: ({ newValue }: { newValue: unknown }) => newValue,
}

/** The same short numbers as JSON.parse gives, so that a long number elsewhere in the body changes nothing for them. */
function toExactNumber(text: string): number | Decimal | NumberText {
  if (/^-?(?:0|[1-9]\d{0,14})$/.test(text)) return Number(text)
  return Decimal.parse(text) ?? new NumberText(text)
}

function refuseBytes(body: Buffer): Fault | null {
  if (body.length === 0) return FAULTS.empty
  if (body.length > BODY_BYTES_MAX) return FAULTS.size
  return isUtf8(body) ? null : FAULTS.utf8
}

/** A byte order mark is not part of the message; some .NET senders write one. */
function toText(body: Buffer): string {
  const hasMark = body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf
  const bytes = hasMark ? body.subarray(3) : body
  if (bytes.length === 0 || isAscii(bytes)) return bytes.toString('latin1')
  // The way over UTF-16 gives the same text as `toString('utf8')` in half the time.
  return transcode(bytes, 'utf8', 'utf16le').toString('utf16le')
}

const DUPLICATE = ['MSG-duplicate-key', '同一对象中出现重复的键', 'a key appears twice in one object'] as const
const FORBIDDEN = ['MSG-key', '不允许的键名', 'this key is not allowed'] as const

function makeFault(code: string, message: string, messageEn: string, path = ''): Fault {
  return { code, path, message, messageEn, cure: 'sender' }
}

const FAULTS = {
  empty: makeFault('MSG-empty', '消息体为空', 'the message body is empty'),
  size: makeFault('MSG-size', '消息体超过 4 MB', 'the message body is larger than 4 MB'),
  utf8: makeFault('MSG-utf8', '消息体不是合法的 UTF-8', 'the message body is not valid UTF-8'),
  json: makeFault('MSG-json', '消息体不是合法的 JSON', 'the message body is not valid JSON'),
  depth: makeFault('MSG-depth', `JSON 嵌套超过 ${DEPTH_MAX} 层`, `the JSON is nested deeper than ${DEPTH_MAX} levels`),
  count: makeFault(
    'MSG-count',
    `JSON 的键和元素合计超过 ${VALUE_COUNT_MAX} 个`,
    `the JSON has more than ${VALUE_COUNT_MAX} members and items`,
  ),
} as const satisfies Record<string, Fault>
