/** The whole draft as cells: which fields there are, what each takes, and how the mapping fills it. */
import type { InvoiceKind, Letter } from '../../connector/invoice/draft.js'
import type { Decimal } from '../../connector/kernel/decimal.js'
import {
  type Cell,
  compileChoice,
  compileCondition,
  compileDecimal,
  compileFlag,
  compileMoney,
  compileText,
  type Part,
} from './cell.js'
import type { Leaf, MappingText } from './definition.js'
import { compileEntry, type Entry, type ItemName } from './entry.js'
import { makeMappingFault } from './faults.js'

type Filled<T> = Cell<T> | null

interface HeadCells {
  orderNo: Filled<string>
  letter: Filled<Letter>
  kind: Filled<InvoiceKind>
  currency: Filled<string>
  pricesIncludeTax: Filled<boolean>
  expectedGross: Filled<Decimal>
  orderDiscount: Filled<Decimal>
  remark: Filled<string>
  drawer: Filled<string>
  payee: Filled<string>
  reviewer: Filled<string>
  coalQuality: Filled<string>
  originalOrderNo: Filled<string>
  reason: Filled<string>
}

export type BuyerCells = Record<
  'code' | 'name' | 'taxNo' | 'idType' | 'idNo' | 'nationality' | 'address' | 'phone' | 'bank' | 'account',
  Filled<string>
> & { isPerson: Filled<boolean> }

export type LineCells = Record<
  'productCode' | 'name' | 'model' | 'unit' | 'taxCode' | 'preference' | 'coalKind',
  Filled<string>
> &
  Record<'quantity' | 'unitPrice' | 'amount' | 'taxRate' | 'discountRate' | 'discountAmount', Filled<Decimal>>

export type VoucherCells = Record<
  'kind' | 'invoiceCode' | 'invoiceNumber' | 'voucherNumber' | 'issuedOn' | 'remark',
  Filled<string>
> &
  Record<'totalAmount' | 'deductedAmount', Filled<Decimal>>

export interface DifferentialCells {
  where: Filled<boolean>
  type: Filled<'01' | '02'>
  deduction: Filled<Decimal>
  vouchers: readonly Entry<VoucherCells>[]
}

export type PaymentCells = Record<'channel' | 'transactionNo', Filled<string>>
export type ExtraCells = Record<'name' | 'type' | 'value', Filled<string>>

interface Requirement {
  require: Cell<boolean>
  otherwise: string
}

export interface DraftCells {
  accept: readonly Requirement[]
  head: HeadCells
  buyer: BuyerCells
  lines: readonly Entry<LineCells>[]
  shipping: LineCells | null
  differential: DifferentialCells | null
  payments: readonly Entry<PaymentCells>[]
  extras: readonly Entry<ExtraCells>[]
}

/** Compiles every leaf of a mapping; what is wrong goes to `root.faults`. */
export function compileDraft(definition: MappingText, root: Omit<Part, 'leaves' | 'path'>): DraftCells {
  const at = (leaves: object, path: string): Part => {
    // The schema has proved that what is no list or object here is a leaf; only leaves are looked up in a part.
    return { ...root, leaves: leaves as Readonly<Record<string, Leaf | undefined>>, path }
  }
  const { differential } = definition
  return {
    accept: (definition.accept ?? []).flatMap((each, index) => compileRequirement(at(each, `/accept/${index}`), each)),
    head: compileHead(at(definition, '')),
    buyer: compileBuyer(at(definition.buyer ?? {}, '/buyer')),
    lines: compileEntries(definition.lines, '/lines', 'line', at, compileLine),
    shipping: definition.shipping === undefined ? null : compileLine(at(definition.shipping, '/shipping')),
    differential:
      differential === undefined
        ? null
        : {
            ...compileDifferential(at(differential, '/differential')),
            vouchers: compileEntries(differential.vouchers, '/differential/vouchers', 'entry', at, compileVoucher),
          },
    payments: compileEntries(definition.payments, '/payments', 'entry', at, compilePayment),
    extras: compileEntries(definition.extras, '/extras', 'entry', at, compileExtra),
  }
}

function compileEntries<Cells>(
  written: readonly object[] | undefined,
  path: string,
  itemName: ItemName,
  at: (leaves: object, path: string) => Part,
  compileCells: (part: Part) => Cells,
): Entry<Cells>[] {
  return (written ?? []).flatMap((entry, index) => {
    const compiled = compileEntry(at(entry, `${path}/${index}`), itemName, compileCells)
    return compiled === null ? [] : [compiled]
  })
}

function compileRequirement(part: Part, { otherwise }: { otherwise: string }): Requirement[] {
  const require = compileCondition(part, 'require')
  return require === null ? [] : [{ require, otherwise }]
}

/** Fields without which an object of the draft says nothing. */
function requireFields(part: Part, fields: readonly string[]): void {
  for (const field of fields) {
    const leaf = part.leaves[field]
    if (leaf !== undefined && leaf !== null) continue
    const place = { path: part.path, position: part.source.positionOf(part.path) }
    part.faults.push(makeMappingFault('MAP-required', place, `必须填写 ${field}`, `${field} must be given`))
  }
}

function compileHead(part: Part): HeadCells {
  requireFields(part, ['orderNo'])
  return {
    orderNo: compileText(part, 'orderNo'),
    letter: compileChoice(part, 'letter', ['blue', 'red']),
    kind: compileChoice(part, 'kind', ['ordinary', 'special']),
    currency: compileText(part, 'currency'),
    pricesIncludeTax: compileFlag(part, 'pricesIncludeTax'),
    expectedGross: compileMoney(part, 'expectedGross'),
    orderDiscount: compileMoney(part, 'orderDiscount'),
    remark: compileText(part, 'remark'),
    drawer: compileText(part, 'drawer'),
    payee: compileText(part, 'payee'),
    reviewer: compileText(part, 'reviewer'),
    coalQuality: compileText(part, 'coalQuality'),
    originalOrderNo: compileText(part, 'originalOrderNo'),
    reason: compileText(part, 'reason'),
  }
}

function compileBuyer(part: Part): BuyerCells {
  return {
    code: compileText(part, 'code'),
    name: compileText(part, 'name'),
    taxNo: compileText(part, 'taxNo'),
    isPerson: compileFlag(part, 'isPerson'),
    idType: compileText(part, 'idType'),
    idNo: compileText(part, 'idNo'),
    nationality: compileText(part, 'nationality'),
    address: compileText(part, 'address'),
    phone: compileText(part, 'phone'),
    bank: compileText(part, 'bank'),
    account: compileText(part, 'account'),
  }
}

function compileLine(part: Part): LineCells {
  return {
    productCode: compileText(part, 'productCode'),
    name: compileText(part, 'name'),
    model: compileText(part, 'model'),
    unit: compileText(part, 'unit'),
    quantity: compileDecimal(part, 'quantity'),
    unitPrice: compileDecimal(part, 'unitPrice'),
    amount: compileMoney(part, 'amount'),
    taxCode: compileText(part, 'taxCode'),
    taxRate: compileDecimal(part, 'taxRate'),
    preference: compileText(part, 'preference'),
    discountRate: compileDecimal(part, 'discountRate'),
    discountAmount: compileMoney(part, 'discountAmount'),
    coalKind: compileText(part, 'coalKind'),
  }
}

function compileDifferential(part: Part): Omit<DifferentialCells, 'vouchers'> {
  requireFields(part, ['type', 'deduction'])
  return {
    where: compileCondition(part, 'where'),
    type: compileChoice(part, 'type', ['01', '02']),
    deduction: compileMoney(part, 'deduction'),
  }
}

function compilePayment(part: Part): PaymentCells {
  requireFields(part, ['channel', 'transactionNo'])
  return { channel: compileText(part, 'channel'), transactionNo: compileText(part, 'transactionNo') }
}

function compileExtra(part: Part): ExtraCells {
  requireFields(part, ['name', 'type', 'value'])
  return { name: compileText(part, 'name'), type: compileText(part, 'type'), value: compileText(part, 'value') }
}

function compileVoucher(part: Part): VoucherCells {
  requireFields(part, ['kind', 'totalAmount', 'deductedAmount'])
  return {
    kind: compileText(part, 'kind'),
    invoiceCode: compileText(part, 'invoiceCode'),
    invoiceNumber: compileText(part, 'invoiceNumber'),
    voucherNumber: compileText(part, 'voucherNumber'),
    issuedOn: compileText(part, 'issuedOn'),
    totalAmount: compileMoney(part, 'totalAmount'),
    deductedAmount: compileMoney(part, 'deductedAmount'),
    remark: compileText(part, 'remark'),
  }
}
