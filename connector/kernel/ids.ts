import type { Instant } from './time.js'

/** Identities that the outside world sees or keeps. The source is a port, so that a simulation repeats itself. */
export interface IdSource {
  /** A UUID version 7: time-ordered, so that inserts stay at the end of the index. */
  uuid(): string
  /** 32 random lower-case hex characters, the random part of a request serial (业务流水号, ywlsh). */
  serial(): string
}

/** The using unit that sells and issues (使用单位), by our own id. */
export type UsingUnitId = string & { readonly of: 'using unit' }
/** 纳税人识别号: 15–20 digits and capital letters. */
export type TaxpayerId = string & { readonly of: 'taxpayer' }
/** 发票号码: 20 digits, the first two the year of issue. */
export type InvoiceNumber = string & { readonly of: 'invoice number' }

/** Milliseconds since 1970 take the first 48 bits of a UUID version 7. Source: RFC 9562, 5.7. */
const UUID_V7 = /^([0-9a-f]{8})-([0-9a-f]{4})-7/

/** How long before `now` an id was drawn, in ms and never below 0; null when it does not tell, being no UUID version 7. */
export function ageOfId(id: string, now: Instant): number | null {
  const [, high, low] = UUID_V7.exec(id) ?? []
  return high === undefined || low === undefined ? null : Math.max(0, now - Number.parseInt(high + low, 16))
}

/** Age of the oldest of some ids that tell theirs; null: none does. */
export function oldestAge(ids: readonly string[], now: Instant): number | null {
  const ages = ids.map((id) => ageOfId(id, now)).filter((age) => age !== null)
  return ages.length === 0 ? null : Math.max(...ages)
}
