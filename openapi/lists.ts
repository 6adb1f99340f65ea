/** Lists over HTTP: a page of them, and how many there are. */
import Type, { type TSchema } from 'typebox'
import { EXACT_TOTAL_MAX, type Page } from '../connector/kernel/page.js'

const PAGE_MAX = 1_000_000
const PAGE_SIZE_MAX = 200
const PAGE_SIZE_DEFAULT = 10

/** Query of every list, beside its own filters. */
export const PAGE_QUERY = {
  page: Type.Integer({ minimum: 1, maximum: PAGE_MAX, default: 1 }),
  pageSize: Type.Integer({ minimum: 1, maximum: PAGE_SIZE_MAX, default: PAGE_SIZE_DEFAULT }),
}

export function PageOf<Item extends TSchema>(item: Item) {
  return Type.Object({
    items: Type.Array(item),
    page: Type.Integer(),
    pageSize: Type.Integer(),
    total: Type.Integer({ description: `counted up to ${EXACT_TOTAL_MAX}` }),
    totalIsExact: Type.Boolean({ description: 'false: there are more than `total`' }),
  })
}

/** A page as it is answered: its items in the words of the interface. */
export function toPage<Item, Shown>(page: Page<Item>, toShown: (item: Item) => Shown) {
  return { ...page, items: page.items.map(toShown) }
}
