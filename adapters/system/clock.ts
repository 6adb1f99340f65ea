/** The host's clock as the Clock port. */
import { type Clock, instant } from '../../connector/kernel/time.js'

export const systemClock: Clock = { now: () => instant(Date.now()) }
