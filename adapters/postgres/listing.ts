/** Lists that people leaf through: filters from a query, a page, and how many there are. */
import type { Knex } from 'knex'
import { EXACT_TOTAL_MAX, type Page, type PageRequest } from '../../connector/kernel/page.js'
import type { Query } from './query.js'

/**
 * `matching`: the rows that fit, without select list and order. `shown`: what of them is shown, in a total order, so that
 * no row is on two pages.
 */
export async function loadPage<Row extends object, Item>(
  query: Query,
  matching: Knex.QueryBuilder,
  { page, pageSize }: PageRequest,
  shown: (rows: Knex.QueryBuilder) => Knex.QueryBuilder,
  toItem: (row: Row) => Item,
): Promise<Page<Item>> {
  const counted = matching
    .clone()
    .select(query.raw('1'))
    .limit(EXACT_TOTAL_MAX + 1)
  const rows: Row[] = await shown(matching)
    .limit(pageSize)
    .offset((page - 1) * pageSize)
  const [{ count } = { count: '0' }]: { count: string }[] = await query.from(counted.as('matching')).count('* as count')
  const total = Math.min(Number(count), EXACT_TOTAL_MAX)
  return { items: rows.map(toItem), page, pageSize, total, totalIsExact: Number(count) <= EXACT_TOTAL_MAX }
}

const PATTERN_CHARACTERS = /[\\%_]/g

/** Pattern of `ilike` for "contains"; `%` and `_` mean themselves. */
export function containing(part: string): string {
  return `%${part.replace(PATTERN_CHARACTERS, (found) => `\\${found}`)}%`
}
