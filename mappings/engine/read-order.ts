/**
 * Reads a JSON order as its declared shape says: exact decimals, nothing undeclared, every violation collected.
 *
 * A violation is the sender's: the shape is what was agreed with him (design D15). A faulty value is left undefined in
 * the record, so that what does not depend on it (the order number) can still be read.
 */
import { Optional } from '@marcbachmann/cel-js'
import { Decimal } from '../../connector/kernel/decimal.js'
import { type Fault, pointerToken } from '../../connector/kernel/fault.js'
import { NumberText } from '../../connector/order/number-text.js'
import { addFault, makeOrderFault } from './faults.js'
import type { FieldShape, ListShape, ObjectShape, OrderRecord, ScalarType, Shape } from './order-shape.js'
import type { ItemCounts } from './walked-lists.js'

/** Characters of one declared text; a remark has 450, and expressions may repeat a text a thousand times. */
const TEXT_LENGTH_MAX = 10_000
/** Items of one declared list; an invoice holds 5,000 lines and an order may be split. */
const ITEM_COUNT_MAX = 20_000
/** Items of a list that an expression walks (design D6); entries with `forEach` are not bound by it. */
const WALKED_ITEM_COUNT_MAX = 1_000

/** What no honest text holds; tabulators and line breaks are left to the draft, where they become blanks. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for.
const BROKEN_CHARACTER = /[\u0000-\u0008\u000e-\u001f\u007f-\u0084\u0086-\u009f]/

const NONE = Optional.none()

export interface OrderReading {
  record: OrderRecord
  faults: Fault[]
  counts: ItemCounts
}

export function readOrder(order: unknown, shape: ObjectShape): OrderReading {
  const faults: Fault[] = []
  const counts = new Map<ListShape, number>()
  const reading: Reading = { faults, counts }
  const root: At = { parent: null, key: '' }
  const record = isObject(order) ? readFields(order, shape, root, reading) : null
  if (record === null)
    report(reading, root, '', `应为对象，实为${kindZh(order)}`, `must be an object, not ${kindEn(order)}`)
  return { record: record ?? new shape.Record(), faults, counts }
}

/** The sender may send long lists; that an expression walks them is the mapping's choice. */
function makeWalkFault(path: string): Fault {
  const most = `${WALKED_ITEM_COUNT_MAX}`
  return {
    code: 'MAP-limit',
    path,
    message: `映射表达式遍历的列表超过 ${most} 项`,
    messageEn: `an expression of the mapping walks this list, which has more than ${most} items`,
    cure: 'administrator',
    parkCause: 'mapping_fault',
  }
}

interface Reading {
  faults: Fault[]
  counts: Map<ListShape, number>
}

/** Where a value stands; turned into a JSON Pointer only when there is something to say about it. */
interface At {
  parent: At | null
  key: string | number
}

function readFields(source: Record<string, unknown>, shape: ObjectShape, at: At, reading: Reading): OrderRecord {
  const record = new shape.Record()
  const fields = shape.fields
  for (let index = 0; index < fields.length; index += 1) {
    const field = fields[index]
    if (field === undefined) break
    const value = source[field.name]
    // An own field only: `toString` is no field of an order that does not carry it, and JSON has no functions.
    record[field.name] = readField(typeof value === 'function' ? undefined : value, field, at, reading)
  }
  return record
}

function readField(value: unknown, field: FieldShape, at: At, reading: Reading): unknown {
  const { shape, isOptional } = field
  if (value === undefined || value === null) {
    if (isOptional || isAny(shape)) return NONE
    const [zh, en] = value === null ? ['不能为 null', 'must not be null'] : ['缺少必填字段', 'is required but missing']
    return report(reading, at, field.name, zh, en)
  }
  // Shop systems send '' for an amount that is not there.
  if (isOptional && value === '' && shape.kind === 'scalar' && shape.type !== 'string') return NONE
  const read = readValue(value, shape, at, field.name, reading)
  return isOptional && read !== undefined && !isAny(shape) ? Optional.of(read) : read
}

function isAny(shape: Shape): boolean {
  return shape.kind === 'scalar' && shape.type === 'any'
}

function readValue(value: unknown, shape: Shape, at: At, key: string | number, reading: Reading): unknown {
  switch (shape.kind) {
    case 'scalar':
      return readScalar(value, shape.type, at, key, reading)
    case 'object':
      if (isObject(value)) return readFields(value, shape, { parent: at, key }, reading)
      return report(reading, at, key, `应为对象，实为${kindZh(value)}`, `must be an object, not ${kindEn(value)}`)
    case 'list':
      if (Array.isArray(value)) return readItems(value, shape, { parent: at, key }, reading)
      return report(reading, at, key, `应为列表，实为${kindZh(value)}`, `must be a list, not ${kindEn(value)}`)
  }
}

function readItems(items: readonly unknown[], shape: ListShape, at: At, reading: Reading): unknown {
  if (items.length > ITEM_COUNT_MAX) {
    const most = `${ITEM_COUNT_MAX}`
    return report(reading, at.parent, at.key, `列表超过 ${most} 项`, `has more than ${most} items`)
  }
  if (shape.isWalked && items.length > WALKED_ITEM_COUNT_MAX) {
    addFault(reading.faults, makeWalkFault(pointerOf(at)))
    return undefined
  }
  if (shape.isCounted) reading.counts.set(shape, (reading.counts.get(shape) ?? 0) + items.length)
  const read: unknown[] = new Array(items.length)
  for (let index = 0; index < items.length; index += 1) {
    const item = items[index]
    read[index] =
      item === null
        ? report(reading, at, index, '不能为 null', 'must not be null')
        : readValue(item, shape.item, at, index, reading)
  }
  return read
}

function readScalar(value: unknown, type: ScalarType, at: At, key: string | number, reading: Reading): unknown {
  switch (type) {
    case 'string':
      return readText(value, at, key, reading)
    case 'id':
      return readId(value, at, key, reading)
    case 'decimal':
      return readDecimal(value) ?? report(reading, at, key, ...UNREADABLE_AMOUNT)
    case 'integer':
      return readInteger(value) ?? report(reading, at, key, '应为整数', 'must be a whole number', 'ORD-shape')
    case 'boolean':
      if (typeof value === 'boolean') return value
      return report(
        reading,
        at,
        key,
        `应为 true 或 false，实为${kindZh(value)}`,
        `must be true or false, not ${kindEn(value)}`,
      )
    case 'any':
      return readAny(value, at, key, reading)
  }
}

const UNREADABLE_AMOUNT = [
  '应为十进制数（不含千分位、指数、全角字符）',
  'must be a plain decimal without exponent, separators or full-width digits',
  'ORD-amount',
] as const

function readText(value: unknown, at: At, key: string | number, reading: Reading): unknown {
  if (typeof value !== 'string') {
    return report(reading, at, key, `应为文本，实为${kindZh(value)}`, `must be a text, not ${kindEn(value)}`)
  }
  if (value.length > TEXT_LENGTH_MAX) {
    return report(reading, at, key, `文本超过 ${TEXT_LENGTH_MAX} 个字符`, `has more than ${TEXT_LENGTH_MAX} characters`)
  }
  return BROKEN_CHARACTER.test(value) ? report(reading, at, key, ...BROKEN_TEXT) : value
}

const BROKEN_TEXT = ['文本含 NUL 或控制字符', 'holds a NUL or another control character', 'ORD-characters'] as const

function readId(value: unknown, at: At, key: string | number, reading: Reading): unknown {
  if (typeof value === 'string') return readText(value, at, key, reading)
  const number = readInteger(value)
  return number?.toString() ?? report(reading, at, key, '应为文本或整数', 'must be a text or a whole number')
}

function readDecimal(value: unknown): Decimal | null {
  if (typeof value === 'string') return Decimal.parse(value)
  if (typeof value === 'number') {
    // The decoder lets only numbers of at most 15 digits become JavaScript numbers: their shortest text is exact.
    return Number.isSafeInteger(value) ? new Decimal(BigInt(value), 0) : Decimal.parse(String(value))
  }
  return value instanceof Decimal ? value : null
}

function readInteger(value: unknown): Decimal | null {
  const decimal = readDecimal(value)
  if (decimal === null || decimal.scale === 0) return decimal
  const whole = decimal.round(0)
  return whole.equals(decimal) ? whole : null
}

function readAny(value: unknown, at: At, key: string | number, reading: Reading): Optional<string> {
  if (typeof value === 'string') {
    if (BROKEN_CHARACTER.test(value)) report(reading, at, key, ...BROKEN_TEXT)
    return value.length <= TEXT_LENGTH_MAX ? Optional.of(value) : NONE
  }
  if (typeof value === 'number' || value instanceof Decimal) return Optional.of(String(value))
  return NONE
}

function isObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return !(value instanceof Decimal || value instanceof NumberText)
}

function report(
  reading: Reading,
  at: At | null,
  key: string | number,
  message: string,
  messageEn: string,
  code: 'ORD-shape' | 'ORD-amount' | 'ORD-characters' = 'ORD-shape',
): undefined {
  const path = at === null || (at.parent === null && key === '') ? '' : `${pointerOf(at)}/${pointerToken(key)}`
  addFault(reading.faults, makeOrderFault(code, path, message, messageEn))
}

function pointerOf(at: At): string {
  return at.parent === null ? '' : `${pointerOf(at.parent)}/${pointerToken(at.key)}`
}

function kindEn(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  if (value instanceof Decimal || value instanceof NumberText || typeof value === 'number') return 'a number'
  return typeof value === 'string' ? 'a text' : typeof value === 'boolean' ? 'true or false' : 'an object'
}

function kindZh(value: unknown): string {
  if (value === null) return ' null'
  if (Array.isArray(value)) return '列表'
  if (value instanceof Decimal || value instanceof NumberText || typeof value === 'number') return '数字'
  return typeof value === 'string' ? '文本' : typeof value === 'boolean' ? '布尔值' : '对象'
}
