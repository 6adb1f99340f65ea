/**
 * Reads JSON from the wire without losing a digit: a 20-digit number sent as a JSON number stays exact.
 *
 * `JSON.parse` is fast and keeps `__proto__` as a plain own key, but doubles hold only 15 digits for sure; lossless-json
 * is exact and seven times slower. So the slow reader is used only for texts that hold a long number (design D16).
 */
import { parse as parseLossless } from 'lossless-json'

/** Significant digits that a double keeps whatever they are. */
const EXACT_DIGIT_COUNT = 15

/** A number of more than fifteen digits after `:`, `[` or `,`. A match inside a text only costs time. */
const LONG_NUMBER = /[:[,]\s*-?[\d.]{16}/

export type JsonObject = Record<string, unknown>

/** The value of a JSON text; numbers too long for a double come as texts. Errors: undefined when it is no JSON. */
export function parseWireJson(text: string): unknown {
  try {
    return LONG_NUMBER.test(text) ? parseLossless(text, undefined, toExactNumber) : JSON.parse(text)
  } catch {
    // SyntaxError, or RangeError for nesting that no document of the bureau has: in both cases no JSON of ours.
    return undefined
  }
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** An own property; what a prototype carries is not part of a document. */
export function ownValue(object: JsonObject, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined
}

function toExactNumber(text: string): string | number {
  return text.replace(/\D/g, '').length > EXACT_DIGIT_COUNT ? text : Number(text)
}
