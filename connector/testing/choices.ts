/**
 * Many runs of a property, fast: values are built from a stream of small choices, so that a plain seeded generator can
 * make a hundred thousand of them in seconds, and fast-check can shrink the choices of the one that fails.
 */
import fc from 'fast-check'

/** Where a random value comes from. */
export interface Choices {
  /** A whole number from 0 to `max`, both included. */
  upTo(max: number): number
}

/** The same values in every run of the suite; printed with a failure. */
const SEED = 20_261_122

/**
 * Holds a property for `runCount` generated values.
 *
 * Errors  the smallest counterexample that fast-check can find, with the seed that leads to it
 */
export function holdForAll<T>(runCount: number, generate: (choices: Choices) => T, check: (value: T) => void): void {
  for (let run = 0; run < runCount; run += 1) {
    try {
      check(generate(makeRandom(SEED + run)))
    } catch (cause) {
      shrink(SEED + run, generate, check)
      throw new Error(`fails for the choices of seed ${SEED + run}`, { cause })
    }
  }
}

function shrink<T>(seed: number, generate: (choices: Choices) => T, check: (value: T) => void): void {
  const made: number[] = []
  const random = makeRandom(seed)
  generate({
    upTo: (max) => {
      const choice = random.upTo(max)
      made.push(choice)
      return choice
    },
  })
  const property = fc.property(fc.array(fc.nat()), (choices) => check(generate(replay(choices))))
  fc.assert(property, { seed, numRuns: 1, examples: [[made]], includeErrorInReport: true })
}

/** Choices out of a list; when it ends, always the first. */
function replay(choices: readonly number[]): Choices {
  let next = 0
  return { upTo: (max) => (choices[next++] ?? 0) % (max + 1) }
}

/** Mulberry32: small, fast, and good enough to pick test cases. */
function makeRandom(seed: number): Choices {
  let state = Math.imul(seed, 0x9e3779b1) >>> 0
  return {
    upTo: (max) => {
      state = (state + 0x6d2b79f5) >>> 0
      let mixed = Math.imul(state ^ (state >>> 15), state | 1)
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
      return ((mixed ^ (mixed >>> 14)) >>> 0) % (max + 1)
    },
  }
}
