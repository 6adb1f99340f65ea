/**
 * The shelf: wire texts drawn while their orders were prepared, kept until their invoices are numbered a moment later,
 * so that the stored contents need not be read and parsed again.
 *
 * A shortcut and nothing more: what is not here is drawn from the stored content, with the same bytes. A blank is handed
 * out for exactly what it was drawn from, told by the hash of the content and by the unit, which a newer directory
 * replaces by another object. What never becomes an invoice (a duplicate, a failed transaction) falls off the end.
 */
import type { UsingUnit } from '../taxpayer/taxpayer.js'
import type { Blank } from './bureau.js'

/** Characters of content on the shelf; what was put there first goes first. Some 1,500 invoices of five lines. */
const LENGTH_MAX = 4_000_000

export interface Drawn {
  contentSha256: string
  contentLength: number
  unit: UsingUnit
  blank: Blank
}

export interface Shelf {
  put(invoiceId: string, drawn: Drawn): void
  /** Takes the blank of an invoice off the shelf; null when it is not there or was drawn from something else. */
  take(invoiceId: string, from: Pick<Drawn, 'contentSha256' | 'unit'>): Blank | null
}

export function makeShelf(lengthMax: number = LENGTH_MAX): Shelf {
  const drawn = new Map<string, Drawn>()
  let length = 0

  function remove(invoiceId: string, { contentLength }: Drawn): void {
    drawn.delete(invoiceId)
    length -= contentLength
  }

  return {
    put(invoiceId, each) {
      drawn.set(invoiceId, each)
      length += each.contentLength
      for (const [oldestId, oldest] of drawn) {
        if (length <= lengthMax) break
        remove(oldestId, oldest)
      }
    },
    take(invoiceId, { contentSha256, unit }) {
      const found = drawn.get(invoiceId)
      if (found === undefined) return null
      remove(invoiceId, found)
      return found.contentSha256 === contentSha256 && found.unit === unit ? found.blank : null
    },
  }
}
