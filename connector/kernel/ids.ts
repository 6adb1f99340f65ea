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
