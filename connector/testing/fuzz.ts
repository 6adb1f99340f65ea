/**
 * Fuzzing: how many inputs, from which seed, and the mutations that make bad inputs out of good ones.
 *
 * `npm test` runs 4,000 inputs of one seed per target (`*.fuzz.test.ts`); `npm run fuzz` a multiple of them from a seed
 * that it prints (`.ci/fuzz.mjs`). A failure names the seed and the smallest input that fast-check can find.
 */
import fc from 'fast-check'

const USUAL_SEED = 20_261_122

/** Parameters of `fc.assert`: `usualCount` inputs, or that many times the factor of a fuzz run. */
export function fuzzRun(usualCount: number): fc.Parameters<unknown> {
  const { FUZZ_FACTOR = '1', FUZZ_SEED = String(USUAL_SEED) } = process.env
  return { numRuns: Math.ceil(usualCount * Number(FUZZ_FACTOR)), seed: Number(FUZZ_SEED) }
}

/** Pieces that break readers: of JSON, YAML and CEL, of numbers, of characters. */
const NASTY_PIECES = [
  ...['{', '}', '[', ']', '"', ':', ',', '\\', '\\u0000', '\\ud800', '\u0000', '\ufeff', '\u2028', '😀', '１'],
  ...['-', '.', 'e', 'E9', '1e400', '0.1', '0.30000000000000004', '9007199254740993', '99999999999999999999', 'NaN'],
  ...['null', 'true', '__proto__', 'constructor', '\n', '\r', '\t', '# ', '&a ', '*a', '!!js ', '|', '>', '%', '= '],
  ...['order.', 'line.', '.map(i, i)', '.matches("(a+)+$")', ' ? ', ' in ', '('.repeat(40), '['.repeat(40)],
]

/** Values where something else was expected. */
const NASTY_VALUES: readonly unknown[] = [
  ...[null, true, false, 0, -1, 1.5, 1e21, 0.1 + 0.2, 12.345, 1e-7, 2 ** 53, '', ' ', '0', '-0.01', '1e3', '1,000'],
  ...['１２８', 'NaN', 'Infinity', '0x10', '12.345', '113.00\u0000', '\u202e113', 'x'.repeat(5_000), '9'.repeat(40)],
  ...[[], {}, [[]], [null], { a: 1 }, [1, 2, 3], 'constructor', '2026-13-45', '0.130000000000000001', '13%'],
]

type TextChange =
  | { kind: 'cut' | 'double' | 'move'; at: number; length: number; to: number }
  | { kind: 'insert'; at: number; piece: string }

/** A text with a few pieces cut, doubled, moved or put in. */
export function mutatedText(base: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const share = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true })
  const change: fc.Arbitrary<TextChange> = fc.oneof(
    fc.record({
      kind: fc.constantFrom('cut' as const, 'double' as const, 'move' as const),
      at: share,
      length: fc.nat(24),
      to: share,
    }),
    fc.record({ kind: fc.constant('insert' as const), at: share, piece: fc.constantFrom(...NASTY_PIECES) }),
  )
  return fc.tuple(base, fc.array(change, { minLength: 1, maxLength: 4 })).map(([text, changes]) => {
    return changes.reduce(changeText, text)
  })
}

function changeText(text: string, change: TextChange): string {
  const at = Math.floor(change.at * text.length)
  if (change.kind === 'insert') return text.slice(0, at) + change.piece + text.slice(at)
  const piece = text.slice(at, at + change.length)
  if (change.kind === 'double') return text.slice(0, at) + piece + text.slice(at)
  const rest = text.slice(0, at) + text.slice(at + change.length)
  if (change.kind === 'cut') return rest
  const to = Math.floor(change.to * rest.length)
  return rest.slice(0, to) + piece + rest.slice(to)
}

/** Bytes with a few of them changed, or cut off somewhere. */
export function mutatedBytes(base: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Buffer> {
  const share = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true })
  const changes = fc.array(fc.tuple(share, fc.nat(255)), { maxLength: 4 })
  return fc.tuple(base, changes, fc.option(share)).map(([bytes, edits, end]) => {
    const copy = Buffer.from(bytes)
    for (const [at, value] of edits) if (copy.length > 0) copy[Math.floor(at * copy.length)] = value
    return end === null ? copy : copy.subarray(0, Math.floor(end * copy.length))
  })
}

/** A JSON value in which one to three places hold something else, are gone, or stand twice. */
export function mutatedValue(base: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const share = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true })
  const replacement = fc.oneof(fc.constantFrom(...NASTY_VALUES), fc.jsonValue({ maxDepth: 2 }))
  const change = fc.record({ at: share, how: fc.constantFrom('replace', 'remove', 'double'), value: replacement })
  return fc.tuple(base, fc.array(change, { minLength: 1, maxLength: 3 })).map(([value, changes]) => {
    const copy = { root: structuredClone(value) }
    for (const { at, how, value: other } of changes) {
      const places = listPlaces(copy)
      const place = places[Math.floor(at * places.length)]
      if (place !== undefined) changePlace(place, how, structuredClone(other))
    }
    return copy.root ?? null
  })
}

interface Place {
  holder: Record<string, unknown> | unknown[]
  key: string | number
}

function listPlaces(holder: unknown): Place[] {
  if (typeof holder !== 'object' || holder === null) return []
  const keys = Array.isArray(holder) ? holder.map((_, index) => index) : Object.keys(holder)
  return keys.flatMap((key) => {
    // Objects of JSON only: their members are what their keys say.
    const place = { holder: holder as Place['holder'], key }
    return [place, ...listPlaces((holder as Record<string | number, unknown>)[key])]
  })
}

function changePlace({ holder, key }: Place, how: string, other: unknown): void {
  if (Array.isArray(holder)) {
    const index = Number(key)
    if (how === 'remove') holder.splice(index, 1)
    else if (how === 'double') holder.splice(index, 0, structuredClone(holder[index]))
    else holder[index] = other
  } else if (how === 'remove') delete holder[key]
  else if (how === 'double') holder[`${key}2`] = structuredClone(holder[key])
  else holder[key] = other
}
