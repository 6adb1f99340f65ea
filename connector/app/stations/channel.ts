/** The way to the bureau: learn of shared stops, ask whether a stopped way is open again, compare clocks. */
import { compareClocks, probeStops } from '../../issuing/probe.js'
import type { Stage } from './stage.js'
import type { Supplies } from './supplies.js'

/** A stop is due by the database's clock; ours may be ahead of it. */
const REST_MS_MIN = 500

/** One round; it comes back when the next stop is due. */
export function makeWatch(stage: Stage, supplies: Pick<Supplies, 'forgetProbes'>): () => Promise<number> {
  const { deps, stopping } = stage
  const { channel } = deps
  const probeDeps = { ...deps, report: stage.report }
  let rightClocks = 0

  function hasClockTurnedRight(): boolean {
    const before = rightClocks
    rightClocks = deps.directory().directUnits.filter(({ id }) => channel.isClockRight(id)).length
    return rightClocks > before
  }

  return async () => {
    if (stopping.aborted) return 0
    let isOpened = await channel.renew()
    await compareClocks(probeDeps)
    if ((await probeStops(probeDeps)) > 0) isOpened = (await channel.renew()) || isOpened
    if (hasClockTurnedRight() || isOpened) {
      supplies.forgetProbes()
      for (const name of ['inbox', 'reserve', 'resend', 'poll', 'moves', 'refresh'] as const) stage.kick(name)
    }
    const [nextAt] = channel
      .stops()
      .map(({ probeAt }) => probeAt)
      .sort((a, b) => a - b)
    if (nextAt !== undefined) stage.kickIn('channel', Math.max(nextAt - deps.clock.now(), REST_MS_MIN))
    return 0
  }
}
