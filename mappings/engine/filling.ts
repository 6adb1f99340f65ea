/**
 * The filling of one draft: takes values out of cells, notes where each came from, and turns what goes wrong into
 * faults with the field, the order's values that were looked at, and the place in the mapping.
 */
import { EvaluationError } from '@marcbachmann/cel-js'
import { Origins } from '../../connector/invoice/origins.js'
import type { Decimal } from '../../connector/kernel/decimal.js'
import type { Fault } from '../../connector/kernel/fault.js'
import { type Cell, KEPT_ITEM_COUNT } from './cell.js'
import type { Values } from './expression.js'
import { addFault, type EvaluationFault, ExpressionError, type Position } from './faults.js'
import type { OrderRecord } from './order-shape.js'
import { type SourcePath, toPointer } from './source-path.js'

/** The part of the draft that is being filled. */
export interface Place {
  /** JSON Pointer of the part, or of the list of the draft that it stands in: `/buyer`, `/lines`. */
  owner: string
  /** Where the part stands in its list; null outside a list. */
  partIndex: number | null
  values: Values
  /** The item of the order that the part stands for; '' and 0 outside an entry. */
  listPointer: string
  itemIndex: number
  /** Origins that were noted before the part. */
  originCount: number
}

export class Filling {
  readonly values: Values
  readonly faults: Fault[]
  readonly origins = new Origins()

  constructor(order: OrderRecord, faults: Fault[]) {
    this.values = { order }
    this.faults = faults
  }

  /** The value of a field and its origin; null when the field stays empty or is at fault. */
  take<T>(cell: Cell<T> | null, place: Place): T | null {
    if (cell === null) return null
    try {
      const value = cell.read(place.values)
      if (value !== null) this.#note(cell, place)
      return value
    } catch (error) {
      addFault(this.faults, this.#toFault(error, cell, place))
      return null
    }
  }

  /** A field that has a value even when the mapping leaves it out. */
  takeOr<T>(cell: Cell<T> | null, place: Place, otherwise: T): T {
    return this.take(cell, place) ?? otherwise
  }

  /** A discount of zero is no discount. */
  takeDiscount(cell: Cell<Decimal> | null, place: Place): Decimal | null {
    if (cell === null) return null
    try {
      const discount = cell.read(place.values)
      if (discount === null || discount.isZero) return null
      this.#note(cell, place)
      return discount
    } catch (error) {
      addFault(this.faults, this.#toFault(error, cell, place))
      return null
    }
  }

  /** A field that must not be empty; after a fault the stand-in keeps its type, and the draft is not used. */
  takeRequired<T>(cell: Cell<T> | null, place: Place, standIn: T): T {
    const faultCount = this.faults.length
    const value = this.take(cell, place)
    if (value === null && cell !== null && this.faults.length === faultCount) {
      const empty = new ExpressionError('MAP-empty', '值不能为空', 'must not be empty', 'administrator')
      addFault(this.faults, this.#toFault(empty, cell, place))
    }
    return value ?? standIn
  }

  /** The answer to a condition, which is no part of the draft. */
  test(cell: Cell<boolean>, place: Place): boolean | null {
    try {
      return cell.read(place.values)
    } catch (error) {
      addFault(this.faults, this.#toFault(error, cell, place))
      return null
    }
  }

  /** The head of the draft or a part of it that is no list. */
  placeOf(owner: string): Place {
    const originCount = this.origins.count
    return { owner, partIndex: null, values: this.values, listPointer: '', itemIndex: 0, originCount }
  }

  /** For an order that is at fault already: what can be read of it, without a word about what cannot. */
  tryTake<T>(cell: Cell<T>, place: Place): T | null {
    try {
      return cell.read(place.values)
    } catch (error) {
      this.#assertExpected(error)
      return null
    }
  }

  pointerOf(source: SourcePath, { listPointer, itemIndex }: Place): string {
    return toPointer(source, `${listPointer}/${itemIndex}`)
  }

  /** Takes back the origins of a part that does not enter the draft; to be called right after it was filled. */
  forget({ originCount }: Place): void {
    this.origins.forgetSince(originCount)
  }

  #note(cell: Cell<unknown>, place: Place): void {
    const { partIndex, listPointer, itemIndex } = place
    const index = partIndex ?? 0
    let pointer = cell.pointers[index]
    if (pointer === undefined) {
      pointer = targetOf(cell, place)
      if (index < KEPT_ITEM_COUNT) cell.pointers[index] = pointer
    }
    this.origins.note(pointer, cell.originOf(listPointer, itemIndex))
  }

  #assertExpected(error: unknown): asserts error is ExpressionError | EvaluationError | RangeError {
    const isExpected = error instanceof ExpressionError || error instanceof EvaluationError
    // A RangeError is the machine's limit, a number or text grown too large: the mapping's doing as well.
    if (!isExpected && !(error instanceof RangeError)) throw error
  }

  #toFault(error: unknown, cell: Cell<unknown>, place: Place): Fault {
    this.#assertExpected(error)
    const target = targetOf(cell, place)
    const { expression } = cell
    const suspect = expression?.isTranslated === false ? expression.suspect : null
    if (error instanceof ExpressionError && error.cure === 'sender' && suspect !== null) {
      const { code, messageZh, message } = error
      const path = this.pointerOf(suspect, place)
      return { code, path, message: messageZh, messageEn: message, cure: 'sender' }
    }
    const sources = [...new Set((expression?.sources ?? []).map((source) => this.pointerOf(source, place)))]
    const position: Position = expression?.position ?? { line: 1, column: 1 }
    return makeEvaluationFault(describe(error), { target, sources, position })
  }
}

/** The field of the draft that a cell fills. */
function targetOf({ field }: Cell<unknown>, { owner, partIndex }: Place): string {
  return partIndex === null ? `${owner}/${field}` : `${owner}/${partIndex}/${field}`
}

interface Described {
  code: string
  zh: string
  en: string
}

function describe(error: ExpressionError | EvaluationError | RangeError): Described {
  // An amount or date that stands in the mapping or one of its tables is not the sender's, though it is unreadable.
  if (error instanceof ExpressionError) {
    return { code: error.cure === 'sender' ? 'MAP-value' : error.code, zh: error.messageZh, en: error.message }
  }
  if (error instanceof RangeError) return { code: 'MAP-limit', zh: '计算结果过大', en: 'the result is too large' }
  switch (error.code) {
    case 'division_by_zero':
    case 'modulo_by_zero':
      return { code: 'MAP-division', zh: '除数为零', en: 'division by zero' }
    case 'index_out_of_bounds':
      return { code: 'MAP-index', zh: '列表没有这一项', en: 'the list has no such item' }
    default:
      return { code: 'MAP-evaluation', zh: `无法计算：${error.summary}`, en: error.summary }
  }
}

interface Where {
  target: string
  sources: readonly string[]
  position: Position
}

function makeEvaluationFault({ code, zh, en }: Described, { target, sources, position }: Where): EvaluationFault {
  const { line, column } = position
  const from = sources.length === 0 ? ['', ''] : [`，来源 ${sources.join('、')}`, `, from ${sources.join(', ')}`]
  return {
    code,
    path: target,
    message: `映射第 ${line} 行第 ${column} 列：${zh}${from[0]}`,
    messageEn: `mapping line ${line}, column ${column}: ${en}${from[1]}`,
    cure: 'administrator',
    parkCause: 'mapping_fault',
    line,
    column,
    sources,
  }
}
