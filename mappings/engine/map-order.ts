/**
 * Runs a compiled mapping on one order: reads its shape, asks whether it is to be invoiced, fills the draft.
 *
 * Whose fault it is decides between rejecting and parking (design D15): what violates the declared shape or is no
 * amount is the sender's, what an expression cannot compute is the mapping's. All faults are collected.
 */
import type {
  DeductionVoucher,
  DraftBuyer,
  DraftDifferential,
  DraftExtra,
  DraftLine,
  DraftPayment,
  InvoiceDraft,
} from '../../connector/invoice/draft.js'
import { Decimal } from '../../connector/kernel/decimal.js'
import type { Fault } from '../../connector/kernel/fault.js'
import type { DroppedLine, MapOutcome } from '../../connector/order/mapper.js'
import { ORDER_NO_LENGTH_MAX } from '../../connector/order/order-key.js'
import type {
  BuyerCells,
  DifferentialCells,
  DraftCells,
  ExtraCells,
  LineCells,
  PaymentCells,
  VoucherCells,
} from './draft-cells.js'
import { bindEntry, type Entry, readItems } from './entry.js'
import { addFault, makeOrderFault } from './faults.js'
import { Filling, type Place } from './filling.js'
import type { ObjectShape } from './order-shape.js'
import { readOrder } from './read-order.js'
import { isAffordable, type Walk } from './walked-lists.js'

export interface CompiledDraft {
  shape: ObjectShape
  cells: DraftCells
  walks: readonly Walk[]
}

/** Maps one order. Shape: never throws for what is wrong with an order or its mapping; that is in the outcome. */
export function mapOrder({ shape, cells, walks }: CompiledDraft, order: unknown): MapOutcome {
  const { record, faults, counts } = readOrder(order, shape)
  if (!isAffordable(walks, counts)) return { kind: 'faulty', orderNo: null, faults: [TOO_MUCH_WORK] }
  const filling = new Filling(record, faults)
  const head = filling.placeOf('')
  const isBroken = faults.length > 0

  const orderNo = readOrderNo(cells, filling, head, isBroken)
  const refusal = findRefusal(cells, filling, head, isBroken)
  if (refusal !== null) return { kind: 'ignored', orderNo, reason: refusal }
  if (isBroken) return { kind: 'faulty', orderNo, faults }

  const dropped: DroppedLine[] = []
  // Without a number the draft is not used, but its other faults are told.
  const draft = fillDraft(orderNo ?? '', cells, filling, head, dropped)
  if (faults.length > 0 || orderNo === null) return { kind: 'faulty', orderNo, faults }
  return { kind: 'draft', draft, dropped }
}

/** Not even the order number is computed then: nobody knows what its expression costs. */
const TOO_MUCH_WORK: Fault = {
  code: 'MAP-limit',
  path: '',
  message: '订单的列表过长，映射表达式的计算量超限',
  messageEn: 'the lists of the order are too long for what the expressions of the mapping do with them',
  cure: 'administrator',
  parkCause: 'mapping_fault',
}

/** The number an order is known by. Without it nothing else about the order can be told to anybody. */
function readOrderNo({ head }: DraftCells, filling: Filling, place: Place, isBroken: boolean): string | null {
  const cell = head.orderNo
  const faultCount = filling.faults.length
  const orderNo = cell === null ? null : isBroken ? filling.tryTake(cell, place) : filling.take(cell, place)
  const isReadable = orderNo !== null && orderNo.length <= ORDER_NO_LENGTH_MAX
  if (isReadable) return orderNo
  if (filling.faults.length === faultCount) {
    const source = cell?.expression?.suspect ?? null
    const path = source === null ? '/orderNo' : filling.pointerOf(source, place)
    const most = `${ORDER_NO_LENGTH_MAX}`
    const [zh, en] = [
      `没有可读的订单号（1–${most} 个字符）`,
      `there is no readable order number (1 to ${most} characters)`,
    ]
    addFault(filling.faults, makeOrderFault('ORD-number', path, zh, en))
  }
  return null
}

/** Why the order is not to be invoiced, or null. A cancelled order is ignored even when the rest of it is broken. */
function findRefusal({ accept }: DraftCells, filling: Filling, place: Place, isBroken: boolean): string | null {
  for (const { require, otherwise } of accept) {
    const isMet = isBroken ? filling.tryTake(require, place) : filling.test(require, place)
    if (isMet === false) return otherwise
  }
  return null
}

function fillDraft(
  orderNo: string,
  cells: DraftCells,
  filling: Filling,
  place: Place,
  dropped: DroppedLine[],
): InvoiceDraft {
  const { head } = cells
  return {
    orderNo,
    letter: filling.takeOr(head.letter, place, 'blue'),
    kind: filling.takeOr(head.kind, place, 'ordinary'),
    currency: filling.takeOr(head.currency, place, 'CNY'),
    pricesIncludeTax: filling.takeOr(head.pricesIncludeTax, place, true),
    expectedGross: filling.take(head.expectedGross, place),
    buyer: fillBuyer(cells.buyer, filling, filling.placeOf('/buyer')),
    lines: fillLines(cells.lines, filling, dropped),
    orderDiscount: filling.takeDiscount(head.orderDiscount, place),
    shipping: fillShipping(cells.shipping, filling, filling.placeOf('/shipping'), dropped),
    differential: fillDifferential(cells.differential, filling, filling.placeOf('/differential')),
    remark: filling.take(head.remark, place),
    payments: fillEach(cells.payments, filling, '/payments', (each, at) => fillPayment(each, filling, at)),
    drawer: filling.take(head.drawer, place),
    payee: filling.take(head.payee, place),
    reviewer: filling.take(head.reviewer, place),
    extras: fillEach(cells.extras, filling, '/extras', (each, at) => fillExtra(each, filling, at)),
    coalQuality: filling.take(head.coalQuality, place),
    originalOrderNo: filling.take(head.originalOrderNo, place),
    reason: filling.take(head.reason, place),
    origins: filling.origins,
  }
}

function fillBuyer(cells: BuyerCells, filling: Filling, place: Place): DraftBuyer {
  return {
    code: filling.take(cells.code, place),
    name: filling.take(cells.name, place),
    taxNo: filling.take(cells.taxNo, place),
    isPerson: filling.take(cells.isPerson, place),
    idType: filling.take(cells.idType, place),
    idNo: filling.take(cells.idNo, place),
    nationality: filling.take(cells.nationality, place),
    address: filling.take(cells.address, place),
    phone: filling.take(cells.phone, place),
    bank: filling.take(cells.bank, place),
    account: filling.take(cells.account, place),
  }
}

function fillLines(entries: readonly Entry<LineCells>[], filling: Filling, dropped: DroppedLine[]): DraftLine[] {
  return fillEach(entries, filling, '/lines', (cells, place) => {
    return keepLine(fillLine(cells, filling, place), cells, filling, place, dropped)
  })
}

/** Freight without an amount is no freight. */
function fillShipping(
  cells: LineCells | null,
  filling: Filling,
  place: Place,
  dropped: DroppedLine[],
): DraftLine | null {
  if (cells === null) return null
  const line = fillLine(cells, filling, place)
  if (line.amount !== null || line.unitPrice !== null) return keepLine(line, cells, filling, place, dropped)
  filling.forget(place)
  return null
}

/** Lines of zero gross are dropped and recorded (contract 4a): the bureau takes none (Leqi rulebook 2.3, A10). */
function keepLine(
  line: DraftLine,
  cells: LineCells,
  filling: Filling,
  place: Place,
  dropped: DroppedLine[],
): DraftLine | null {
  if (!hasZeroGross(line)) return line
  const cell = cells.amount ?? cells.unitPrice
  const source = cell?.expression?.suspect ?? null
  const itemPointer = place.listPointer === '' ? '' : `${place.listPointer}/${place.itemIndex}`
  const path = itemPointer === '' && source !== null ? filling.pointerOf(source, place) : itemPointer
  dropped.push({ path, name: line.name })
  filling.forget(place)
  return null
}

function hasZeroGross({ amount, quantity, unitPrice }: DraftLine): boolean {
  if (amount !== null) return amount.isZero
  return unitPrice !== null && (unitPrice.isZero || quantity?.isZero === true)
}

function fillLine(cells: LineCells, filling: Filling, place: Place): DraftLine {
  return {
    productCode: filling.take(cells.productCode, place),
    name: filling.take(cells.name, place),
    model: filling.take(cells.model, place),
    unit: filling.take(cells.unit, place),
    quantity: filling.take(cells.quantity, place),
    unitPrice: filling.take(cells.unitPrice, place),
    amount: filling.take(cells.amount, place),
    taxCode: filling.take(cells.taxCode, place),
    taxRate: filling.take(cells.taxRate, place),
    preference: filling.take(cells.preference, place),
    discountRate: filling.takeDiscount(cells.discountRate, place),
    discountAmount: filling.takeDiscount(cells.discountAmount, place),
    shortName: null,
    coalKind: filling.take(cells.coalKind, place),
  }
}

function fillDifferential(cells: DifferentialCells | null, filling: Filling, place: Place): DraftDifferential | null {
  if (cells === null) return null
  if (cells.where !== null && filling.test(cells.where, place) !== true) return null
  return {
    type: filling.takeRequired(cells.type, place, '01'),
    deduction: filling.takeRequired(cells.deduction, place, Decimal.ZERO),
    vouchers: fillEach(cells.vouchers, filling, '/differential/vouchers', (voucher, at): DeductionVoucher => {
      return fillVoucher(voucher, filling, at)
    }),
  }
}

function fillVoucher(cells: VoucherCells, filling: Filling, place: Place): DeductionVoucher {
  return {
    kind: filling.takeRequired(cells.kind, place, ''),
    invoiceCode: filling.take(cells.invoiceCode, place),
    invoiceNumber: filling.take(cells.invoiceNumber, place),
    voucherNumber: filling.take(cells.voucherNumber, place),
    issuedOn: filling.take(cells.issuedOn, place),
    totalAmount: filling.take(cells.totalAmount, place),
    deductedAmount: filling.take(cells.deductedAmount, place),
    remark: filling.take(cells.remark, place),
  }
}

function fillPayment({ channel, transactionNo }: PaymentCells, filling: Filling, place: Place): DraftPayment {
  return {
    channel: filling.takeRequired(channel, place, ''),
    transactionNo: filling.takeRequired(transactionNo, place, ''),
  }
}

function fillExtra({ name, type, value }: ExtraCells, filling: Filling, place: Place): DraftExtra {
  return {
    name: filling.takeRequired(name, place, ''),
    type: filling.takeRequired(type, place, ''),
    value: filling.takeRequired(value, place, ''),
  }
}

/** One value for each item that an entry's `where` lets through, in the order of entries and items. */
function fillEach<Cells, T>(
  entries: readonly Entry<Cells>[],
  filling: Filling,
  list: string,
  fill: (cells: Cells, place: Place) => T | null,
): T[] {
  const filled: T[] = []
  for (const entry of entries) {
    const items = readItems(entry, filling.values)
    for (let itemIndex = 0; itemIndex < items.length; itemIndex += 1) {
      const values = bindEntry(entry.itemName, filling.values.order, items[itemIndex])
      const { listPointer } = entry
      const partIndex = filled.length
      const originCount = filling.origins.count
      const place: Place = { owner: list, partIndex, values, listPointer, itemIndex, originCount }
      if (entry.where !== null && filling.test(entry.where, place) !== true) continue
      const value = fill(entry.cells, place)
      if (value !== null) filled.push(value)
    }
  }
  return filled
}
