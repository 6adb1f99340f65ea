/** A small mapping with every kind of field once, an order for it, and words for what the engine makes of them. */
import assert from 'node:assert/strict'
import type { InvoiceDraft } from '../../connector/invoice/draft.js'
import type { Fault } from '../../connector/kernel/fault.js'
import { decodeOrder } from '../../connector/order/decode.js'
import type { MapOutcome } from '../../connector/order/mapper.js'
import { compileMapping } from '../engine/compile.js'

export const EXAMPLE = `businessType: example
version: 3
order:
  no: id
  total: decimal
  paid: boolean
  note?: string
  extra?: "any"
  tags: [string]
  buyer?:
    name: string
    tax_no?: string
  items:
    - title: string
      price: decimal
      count: integer
      rate?: decimal
      parts?: [{name: string}]
tables:
  channels: {wechat: "010", alipay: "009"}
orderNo: = order.no
currency: CNY
lines:
  - forEach: = order.items
    name: = line.title
    quantity: = line.count
    unitPrice: = line.price
    amount: = line.price * line.count
`

/** The example with further lines at its end. */
export function withLines(...lines: string[]): string {
  return `${EXAMPLE}${lines.join('\n')}\n`
}

export const ITEM = { title: '杯子', price: '12.50', count: 2 }
export const ORDER = { no: 'A-1', total: '25.00', paid: true, tags: [], items: [ITEM] }

/** What the example mapping with these lines put in makes of an order given as JSON. */
export function map(lines: readonly string[], order: object | string = ORDER): MapOutcome {
  const outcome = compileMapping(withLines(...lines))
  assert.ok(outcome.ok, JSON.stringify(outcome))
  const decoded = decodeOrder(Buffer.from(typeof order === 'string' ? order : JSON.stringify(order)))
  assert.ok(decoded.kind === 'order')
  return outcome.mapping.map(decoded.value)
}

export function draftOf(lines: readonly string[], order: object | string = ORDER): InvoiceDraft {
  const outcome = map(lines, order)
  assert.ok(outcome.kind === 'draft', JSON.stringify(outcome))
  return outcome.draft
}

export function faultsOf(
  lines: readonly string[],
  order: object | string = ORDER,
): { orderNo: string | null; faults: Fault[] } {
  const outcome = map(lines, order)
  assert.ok(outcome.kind === 'faulty', JSON.stringify(outcome))
  for (const { message, messageEn } of outcome.faults) assert.ok(message !== '' && messageEn !== '')
  return { orderNo: outcome.orderNo, faults: [...outcome.faults] }
}

export function codesOf(lines: readonly string[], order: object | string = ORDER): string[] {
  return faultsOf(lines, order).faults.map(({ code, path }) => `${code} ${path}`)
}

/** The remark that an expression gives. */
export function remarkOf(expression: string, order: object = ORDER): string | null {
  return draftOf(['remark: |-', `  = ${expression}`], order).remark
}

/** The amount that an expression gives, as text. */
export function totalOf(expression: string, order: object = ORDER): string | undefined {
  return draftOf(['expectedGross: |-', `  = ${expression}`], order).expectedGross?.toString()
}
