/**
 * A JSON number that is no plain decimal: it has an exponent (`1e3`) or more digits than any price.
 *
 * Kept as it was written, because a sender who writes amounts so must be told; where a mapping does not look, it is
 * harmless.
 */
export class NumberText {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }

  toJSON(): string {
    return this.text
  }
}
