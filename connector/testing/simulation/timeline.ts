/**
 * Virtual time. Everything that will happen stands on one line and happens one after the other; of two things at the same
 * instant the dice choose. Between two of them all that became possible in the processes runs to its end.
 *
 * Timers stand on a line of their own: while nothing but timers is near, they may fire late, all together, as on a machine
 * that slept. So hours of waiting cost a moment. How far that may go the world says, which knows what is due.
 */
import { type Instant, instant } from '../../kernel/time.js'
import type { Dice } from './dice.js'

interface Entry {
  at: number
  /** Thrown: who goes first at one instant. */
  order: number
  what: string
  act: () => void
  isOff: boolean
}

export class Timeline {
  #now: number
  readonly #dice: Dice
  readonly #events = new Heap()
  readonly #timers = new Heap()
  stepCount = 0

  constructor(start: Instant, dice: Dice) {
    this.#now = start
    this.#dice = dice
  }

  now = (): Instant => instant(this.#now)

  /** `what` stands in the log of the run. */
  after(ms: number, what: string, act: () => void): () => void {
    return this.#add(this.#events, ms, what, act)
  }

  timer(ms: number, act: () => void): () => void {
    return this.#add(this.#timers, ms, 'timer', act)
  }

  /**
   * Does the next thing and lets the processes run on until each of them waits again.
   * Shape   what was done, or null when nothing is left to do
   */
  async step(quietUntil: () => number): Promise<string | null> {
    const event = this.#events.peek()
    const timer = this.#timers.peek()
    const isTimer = timer !== null && (event === null || timer.at < event.at)
    const next = isTimer ? this.#timers.pop() : this.#events.pop()
    if (next === null) return null
    if (isTimer && next.at > this.#now) {
      const sleepsUntil = Math.min(event?.at ?? Number.POSITIVE_INFINITY, quietUntil())
      this.#now = Math.max(next.at, Number.isFinite(sleepsUntil) ? sleepsUntil : next.at)
    } else {
      this.#now = Math.max(this.#now, next.at)
    }
    this.stepCount += 1
    next.act()
    await turn()
    return next.what
  }

  #add(heap: Heap, ms: number, what: string, act: () => void): () => void {
    const entry = { at: this.#now + Math.max(0, Math.round(ms)), order: this.#dice.random(), what, act, isOff: false }
    heap.push(entry)
    return () => {
      entry.isOff = true
    }
  }
}

/**
 * After it, every promise that could go on has gone on: Node comes to its ticks when no promise is left to go on with.
 * The event loop, which costs more than most steps, is not waited for; nothing in a world waits for it.
 */
function turn(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve))
}

/** A binary heap, the earliest on top; what was called off is dropped when it comes up. */
class Heap {
  readonly #entries: Entry[] = []

  peek(): Entry | null {
    while (this.#entries[0]?.isOff === true) this.#removeTop()
    return this.#entries[0] ?? null
  }

  pop(): Entry | null {
    const top = this.peek()
    if (top !== null) this.#removeTop()
    return top
  }

  push(entry: Entry): void {
    const entries = this.#entries
    let place = entries.push(entry) - 1
    while (place > 0) {
      const above = (place - 1) >> 1
      const parent = entries[above]
      if (parent === undefined || !isBefore(entry, parent)) break
      entries[place] = parent
      place = above
    }
    entries[place] = entry
  }

  #removeTop(): void {
    const entries = this.#entries
    const last = entries.pop()
    if (last === undefined || entries.length === 0) return
    let place = 0
    for (;;) {
      const left = 2 * place + 1
      const [first, second] = [entries[left], entries[left + 1]]
      if (first === undefined) break
      const isSecond = second !== undefined && isBefore(second, first)
      const child = isSecond ? second : first
      if (!isBefore(child, last)) break
      entries[place] = child
      place = isSecond ? left + 1 : left
    }
    entries[place] = last
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.at === b.at ? a.order < b.order : a.at < b.at
}
