/** Orders in the plain shape of `plainMapping`: say what matters, the rest is ordinary. */
import { randomBytes } from 'node:crypto'
import { TAX_CODES } from './pipeline-settings.js'

export interface PlainItem {
  sku?: string
  name?: string
  quantity?: unknown
  amount?: unknown
  taxCode?: string
  rate?: unknown
}

export interface PlainOrder {
  no: string
  items: readonly (Required<Pick<PlainItem, 'name' | 'amount'>> & PlainItem)[]
  [field: string]: unknown
}

/** One cup for 113.00, tax 13.00 included, sold to a fictitious company. */
export function aPlainOrder(changes: Record<string, unknown> = {}): PlainOrder {
  return {
    no: `P-${randomBytes(5).toString('hex')}`,
    buyer: { name: '示例远方商贸有限公司' },
    items: [aPlainItem()],
    ...changes,
  }
}

export function aPlainItem(changes: PlainItem = {}) {
  return { name: '陶瓷杯', quantity: 1, amount: '113.00', taxCode: TAX_CODES.sundries, rate: '0.13', ...changes }
}
