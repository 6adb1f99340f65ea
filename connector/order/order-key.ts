/**
 * The identity of an order: source + business type + order number. Unique for ever.
 *
 * Source and business type are restricted alphabets without `/`, so the three parts can never run together.
 */
const SOURCE = /^[A-Za-z0-9._-]{1,64}$/
const BUSINESS_TYPE = /^[a-z0-9_-]{1,40}$/

/** Characters an order number may have; longer ones are a mapping's mistake. */
export const ORDER_NO_LENGTH_MAX = 128

export function isSource(text: string): boolean {
  return SOURCE.test(text)
}

export function isBusinessTypeCode(text: string): boolean {
  return BUSINESS_TYPE.test(text)
}

export function makeOrderKey(source: string, businessType: string, orderNo: string): string {
  return `${businessType}/${source}/${orderNo}`
}

/** Key of a rejected message without readable order number: the same bytes are rejected once (contract: RabbitMQ). */
export function makeNamelessKey(source: string, businessType: string, bodySha256: string): string {
  return `${businessType}/${source}//${bodySha256}`
}
