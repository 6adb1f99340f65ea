/** Our functions on texts. None can make a text grow without bound: a mapping is no place for a bomb. */
import { Decimal } from '../../connector/kernel/decimal.js'
import { parseLocalDate } from '../../connector/kernel/time.js'
import { ExpressionError } from './faults.js'

/** Characters of a text that an expression makes; the longest field of an invoice has 600. */
const TEXT_LENGTH_MAX = 10_000

const CHINA_OFFSET_MS = 8 * 60 * 60 * 1000
/** `2026-11-22T10:00:00.000Z`, `2026-11-22 10:00:00`, with or without seconds, fraction and offset. */
const DATE_TIME = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?$/

/** Reads an amount that stands in a text. Errors: ORD-amount, the sender's, for anything but a plain decimal. */
export function readDecimal(text: string): Decimal {
  const decimal = Decimal.parse(text.trim())
  if (decimal !== null) return decimal
  throw new ExpressionError(
    'ORD-amount',
    '应为十进制数（不含千分位、指数、全角字符）',
    'must be a plain decimal without exponent, separators or full-width digits',
    'sender',
  )
}

/**
 * The calendar date in China, `yyyy-MM-dd`, of a date or of an instant.
 *
 * Shape   `yyyy-MM-dd`, `yyyyMMdd`, or date and time; without an offset the time is China's (design D9)
 * Errors  ORD-date, the sender's, for anything else, 30 February included
 */
export function readDate(text: string): string {
  const trimmed = text.trim()
  const date = parseLocalDate(trimmed) ?? readDateTime(trimmed)
  if (date !== null) return date
  throw new ExpressionError('ORD-date', '无法识别的日期', 'is no date', 'sender')
}

function readDateTime(text: string): string | null {
  const match = DATE_TIME.exec(text)
  const date = match?.[1] === undefined ? null : parseLocalDate(match[1])
  if (match === null || date === null) return null
  const [, , hour = '', minute = '', second = '00', offset] = match
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return null
  if (offset === undefined) return date
  const zone = offset === 'Z' ? 'Z' : `${offset.slice(0, 3)}:${offset.slice(-2)}`
  const epochMs = Date.parse(`${date}T${hour}:${minute}:${second}${zone}`)
  return Number.isNaN(epochMs) ? null : new Date(epochMs + CHINA_OFFSET_MS).toISOString().slice(0, 10)
}

export function joinTexts(texts: readonly string[], separator: string): string {
  let length = 0
  for (const text of texts) length += text.length + separator.length
  assertLength(length)
  return texts.join(separator)
}

/** Replaces every occurrence of a text, which is not a pattern. */
export function replaceAll(text: string, search: string, replacement: string): string {
  if (search === '')
    throw new ExpressionError('MAP-value', '被替换的文本不能为空', 'cannot replace nothing', 'administrator')
  assertLength(text.length)
  let replaced = ''
  let from = 0
  for (let at = text.indexOf(search); at >= 0; at = text.indexOf(search, from)) {
    replaced += text.slice(from, at) + replacement
    assertLength(replaced.length)
    from = at + search.length
  }
  replaced += text.slice(from)
  assertLength(replaced.length)
  return replaced
}

/** The first `count` characters; a character beyond the basic plane counts as one. */
export function takeLeft(text: string, count: bigint): string {
  if (count < 0n) throw new ExpressionError('MAP-value', '字符数不能为负', 'a count is not negative', 'administrator')
  assertLength(text.length)
  return [...text].slice(0, Number(count)).join('')
}

/** `*陶瓷制品*杯子` → `杯子`. Source: Leqi rulebook 2.11, product data that carry stars are stripped. */
export function stripStars(text: string): string {
  assertLength(text.length)
  return text.replace(/^\s*\*[^*]*\*/, '')
}

export function assertLength(length: number): void {
  if (length <= TEXT_LENGTH_MAX) return
  const most = `${TEXT_LENGTH_MAX}`
  throw new ExpressionError('MAP-limit', `文本超过 ${most} 个字符`, `more than ${most} characters`, 'administrator')
}
