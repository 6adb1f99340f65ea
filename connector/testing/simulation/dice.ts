/** Chance from a seed: the same seed throws the same dice for ever, on every machine. */

export class Dice {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
    // The first throws of neighbouring seeds would look alike.
    for (let count = 0; count < 4; count += 1) this.random()
  }

  /** In [0, 1). mulberry32: 32 bits of state, passes gjrand; fast, and good enough to choose faults. */
  random = (): number => {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }

  chance(probability: number): boolean {
    return probability > 0 && this.random() < probability
  }

  /** A whole number, both ends included. */
  between(min: number, max: number): number {
    return min + Math.floor(this.random() * (max - min + 1))
  }

  /** Small ones often, large ones rarely: each tenfold span is as likely as the next. */
  spread(min: number, max: number): number {
    return Math.round(min * (max / min) ** this.random())
  }

  pick<T>(items: readonly [T, ...T[]]): T {
    return items[Math.floor(this.random() * items.length)] ?? items[0]
  }

  hex(length: number): string {
    let text = ''
    while (text.length < length) text += Math.floor(this.random() * 0x1_0000_0000).toString(16)
    return text.slice(0, length)
  }

  /** Dice of its own: what one part of the world throws does not move another's. */
  fork(): Dice {
    return new Dice(Math.floor(this.random() * 0x1_0000_0000))
  }
}
