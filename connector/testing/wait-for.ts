/** Waiting for what a test cannot be told: a bounded look at the outside, again and again, that fails with what it saw. */
import { setTimeout as pause } from 'node:timers/promises'

/** Between two looks: far below what a step takes, far above what a look costs. */
const LOOK_MS = 15

interface WaitOptions {
  /** What is waited for, in the domain's words. */
  what: string
  /** What stands in the way when it did not come. */
  describe: () => Promise<string> | string
  waitMsMax: number
}

/** The first value other than null. Errors: names what did not come, and what was there instead. */
export async function waitFor<T>(look: () => Promise<T | null> | T | null, options: WaitOptions): Promise<T> {
  const { waitMsMax } = options
  const startedAt = performance.now()
  for (;;) {
    const found = await look()
    if (found !== null) return found
    if (performance.now() - startedAt > waitMsMax) {
      throw new Error(`waited ${waitMsMax} ms in vain for ${options.what}\n${await options.describe()}`)
    }
    await pause(LOOK_MS)
  }
}
