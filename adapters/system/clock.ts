/** The host's clock and timers as the ports Clock and Timers. */
import { type Clock, instant, type Timers } from '../../connector/kernel/time.js'

export const systemClock: Clock = { now: () => instant(Date.now()) }

export const systemTimers: Timers = {
  elapsedMs: () => performance.now(),
  after: (ms, act) => {
    const timer = setTimeout(act, ms)
    return () => clearTimeout(timer)
  },
}
