/**
 * One life of a process: from its start to its death. What it asked for after that never comes; what it would have done
 * while it was stopped, it does afterwards, with the same belief in itself.
 */
import { type Clock, type Instant, instant, type Timers } from '../../kernel/time.js'
import type { Dice } from './dice.js'
import type { Timeline } from './timeline.js'

export class Life {
  readonly name: string
  readonly dice: Dice
  readonly #timeline: Timeline
  /** What this host's wall clock says more than the true time. */
  skewMs: number
  isDead = false
  #stoppedUntil: Instant | null = null
  readonly #onDeath: (() => void)[] = []

  constructor(name: string, timeline: Timeline, dice: Dice, skewMs: number) {
    this.name = name
    this.#timeline = timeline
    this.dice = dice
    this.skewMs = skewMs
  }

  readonly clock: Clock = { now: () => instant(this.#timeline.now() + this.skewMs) }

  /** Timers and the clock that never jumps; both go on while the process is stopped. */
  readonly timers: Timers = {
    after: (ms, act) => this.#timeline.timer(ms, () => this.#do('timer', act)),
    elapsedMs: () => this.#timeline.now(),
  }

  get isStopped(): boolean {
    return this.#stoppedUntil !== null && this.#stoppedUntil > this.#timeline.now()
  }

  /** Something comes to this process from outside, or from itself, after a while. */
  after(ms: number, what: string, act: () => void): () => void {
    return this.#timeline.after(ms, `${this.name} ${what}`, () => this.#do(what, act))
  }

  /** A way of some ms: what the process waits for. */
  hop(what: string, ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.after(ms, what, resolve)
    })
  }

  /** Stops like SIGSTOP: nothing runs, the clocks of the world go on. */
  stop(ms: number): void {
    this.#stoppedUntil = instant(this.#timeline.now() + Math.round(ms))
  }

  /** Dies like SIGKILL, in the middle of whatever it does. */
  die(): void {
    if (this.isDead) return
    this.isDead = true
    for (const act of this.#onDeath) act()
  }

  onDeath(act: () => void): void {
    this.#onDeath.push(act)
  }

  #do(what: string, act: () => void): void {
    if (this.isDead) return
    if (!this.isStopped) {
      act()
      return
    }
    const waitMs = (this.#stoppedUntil ?? 0) - this.#timeline.now()
    this.#timeline.after(waitMs, `${this.name} ${what}, late`, () => this.#do(what, act))
  }
}
