/**
 * The keys of an object in the order of the canonical text. An order has many objects with the same keys, and a sender
 * writes the same keys every day, so what was sorted once is kept.
 */

/** Names that reach an object's prototype in JavaScript; no honest order uses them. */
const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])
/** Lists of keys that are kept; a power of two. A list that falls on another's place takes it over. */
const KEPT_COUNT = 256
/** Longer lists are not kept: they belong to odd orders, and would hold memory. */
const KEPT_KEY_COUNT_MAX = 64
const KEPT_KEY_LENGTH_MAX = 64

export interface KeyOrder {
  /** As the object has them. */
  keys: readonly string[]
  /** Places in `keys`, sorted by key. */
  places: readonly number[]
  /** Length and key as they stand in the canonical text, in sorted order. */
  prefixes: readonly string[]
  hasForbiddenKey: boolean
}

const kept: (KeyOrder | undefined)[] = new Array(KEPT_COUNT).fill(undefined)

export function isForbiddenKey(key: string): boolean {
  return FORBIDDEN_KEYS.has(key)
}

export function sortKeys(keys: readonly string[]): KeyOrder {
  const place = placeOf(keys)
  const known = kept[place]
  if (known !== undefined && hasKeys(known.keys, keys)) return known
  const order = makeKeyOrder(keys)
  if (isKeepable(keys)) kept[place] = order
  return order
}

/** Where a list is kept; cheap, and different for the lists of one order. */
function placeOf(keys: readonly string[]): number {
  const first = keys[0] ?? ''
  const last = keys[keys.length - 1] ?? ''
  return (keys.length * 7 + first.length * 31 + last.length * 61) & (KEPT_COUNT - 1)
}

function hasKeys(known: readonly string[], keys: readonly string[]): boolean {
  if (known.length !== keys.length) return false
  for (let index = 0; index < keys.length; index += 1) if (known[index] !== keys[index]) return false
  return true
}

function makeKeyOrder(keys: readonly string[]): KeyOrder {
  const sorted = [...keys].sort()
  const placeByKey = new Map(keys.map((key, index) => [key, index]))
  return {
    keys,
    places: sorted.map((key) => placeByKey.get(key) ?? 0),
    prefixes: sorted.map((key) => `${key.length}:${key}`),
    hasForbiddenKey: keys.some(isForbiddenKey),
  }
}

function isKeepable(keys: readonly string[]): boolean {
  return keys.length <= KEPT_KEY_COUNT_MAX && keys.every((key) => key.length <= KEPT_KEY_LENGTH_MAX)
}
