/** Which switchable checks are off. Data, frozen; the default turns nothing off. */

export interface CheckPolicy {
  /** Keys of checks, `L-64` or `L-38.digit`. */
  readonly disabled: ReadonlySet<string>
}

export const STANDARD_POLICY: CheckPolicy = Object.freeze({ disabled: new Set<string>() })
