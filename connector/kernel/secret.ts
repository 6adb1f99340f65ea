/**
 * A text that must not leave the house by accident: API keys, callback secrets.
 *
 * However it is printed (text, JSON, `util.inspect`, a log line, an error), it says `[secret]`. The text itself is
 * only given by `reveal()`, so that every place where it is used can be found by that one word.
 */
const MASK = '[secret]'

/** `util.inspect.custom`; the registered symbol, so that the heart needs no import of `node:util`. */
const INSPECT = Symbol.for('nodejs.util.inspect.custom')

export class Secret {
  // A private field is seen by no enumeration, structured clone or serialiser.
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  reveal(): string {
    return this.#text
  }

  toString(): string {
    return MASK
  }

  toJSON(): string {
    return MASK
  }

  [INSPECT](): string {
    return MASK
  }
}
