/** One page of a list, as people leaf through it. */

export interface PageRequest {
  /** From 1. */
  page: number
  pageSize: number
}

/** Totals are counted up to here; beyond it a list says "at least so many". */
export const EXACT_TOTAL_MAX = 10_000

export interface Page<Item> extends PageRequest {
  items: readonly Item[]
  /** At most EXACT_TOTAL_MAX; `totalIsExact` false: there are more. */
  total: number
  totalIsExact: boolean
}
