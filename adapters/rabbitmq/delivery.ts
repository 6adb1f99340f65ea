/** A message of the broker as the door of the connector takes it: the body untouched, a few headers made safe. */
import type { ConsumeMessage } from 'amqplib'
import type { Delivery } from '../../connector/issuing/ports.js'

/**
 * Longest text taken from a message, in bytes; real ones are names and ids. Beyond every name we know, so that a cut text
 * matches none, and what fits into a property of the result: one that did not fit would keep the result from ever leaving.
 */
const TEXT_BYTE_COUNT_MAX = 255
/** Of a character of UTF-16, in UTF-8. */
const CHARACTER_BYTE_COUNT_MAX = 3
const DEFAULT_SOURCE = 'default'
/** PostgreSQL stores no NUL, no control character belongs into a name, and a cut may leave half a character. */
const UNFIT_CHARACTERS = /[\p{Cc}\p{Cs}]/gu
const REPLACEMENT = '\ufffd'

/**
 * Shape   business type from its header, else the last part of the routing key; `source` defaults to `default`
 * Errors  none: a header that is no text counts as absent, all headers not named here are ignored
 * Source  contract of the order queue
 */
export function toDelivery(message: ConsumeMessage, queue: string): Delivery {
  const { properties, fields, content } = message
  const headers: Record<string, unknown> = properties.headers ?? {}
  const routingKey = fields.routingKey
  return {
    body: content,
    queue,
    businessType:
      toHeaderText(headers, 'business-type') ?? toText(routingKey.slice(routingKey.lastIndexOf('.') + 1)) ?? '',
    source: toHeaderText(headers, 'source') ?? DEFAULT_SOURCE,
    messageId: toText(properties.messageId),
    correlationId: toText(properties.correlationId),
    traceparent: toHeaderText(headers, 'traceparent'),
    isRedelivered: fields.redelivered,
  }
}

/** Own headers only: a sender may call one `__proto__`, and the codec then makes it the prototype of the table. */
function toHeaderText(headers: Record<string, unknown>, name: string): string | null {
  return Object.hasOwn(headers, name) ? toText(headers[name]) : null
}

/** Any text of a sender as the database and a property of a message bear it; null for what is none. */
export function toText(value: unknown): string | null {
  if (typeof value !== 'string' || value === '') return null
  return cut(value.slice(0, TEXT_BYTE_COUNT_MAX).replace(UNFIT_CHARACTERS, REPLACEMENT))
}

/** After the replacements, which are longer than what they replace; never within a character. */
function cut(text: string): string {
  if (text.length * CHARACTER_BYTE_COUNT_MAX <= TEXT_BYTE_COUNT_MAX) return text
  const bytes = Buffer.from(text)
  let end = Math.min(bytes.length, TEXT_BYTE_COUNT_MAX)
  while (isWithinCharacter(bytes[end])) end -= 1
  return bytes.toString('utf8', 0, end)
}

/** Bytes of UTF-8 that continue a character are 10xxxxxx; undefined: behind the end. */
function isWithinCharacter(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80
}
