/** A message of the broker as the door of the connector takes it: the body untouched, a few headers made safe. */
import type { ConsumeMessage } from 'amqplib'
import type { Delivery } from '../../connector/issuing/ports.js'

/** Longest text taken from a header; real ones are names and ids. Beyond every name we know, so that a cut text matches none. */
const TEXT_LENGTH_MAX = 255
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

function toText(value: unknown): string | null {
  if (typeof value !== 'string' || value === '') return null
  return value.slice(0, TEXT_LENGTH_MAX).replace(UNFIT_CHARACTERS, REPLACEMENT)
}
