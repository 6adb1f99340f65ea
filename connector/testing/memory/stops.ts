/** The stops of the way to the bureau: see `adapters/postgres/stop-store.ts`. */
import { stops as holds, type Stop, type StopStore } from '../../issuing/channel-ports.js'
import type { SignalBus } from '../../issuing/ports.js'
import { after } from '../../kernel/time.js'
import type { Schema } from './schema.js'
import type { Session } from './server.js'
import type { Transaction } from './table.js'

const byAge = (a: Stop, b: Stop) => a.since - b.since || (a.id < b.id ? -1 : 1)

export function makeStops({ bureauStops }: Schema, session: Session, signals: SignalBus): StopStore {
  const { clock } = session.server
  const present = () => [...bureauStops.all()].flatMap(({ stop, isOver }) => (isOver ? [] : [stop])).sort(byAge)

  function lock(tx: Transaction, id: string): Stop | null {
    const row = bureauStops.lock(tx, id)
    return row === null || row.isOver ? null : row.stop
  }

  function put(tx: Transaction, stop: Stop, isOver = false): void {
    bureauStops.put(tx, { id: stop.id, stop, isOver })
  }

  return {
    load: () => session.read('stops.load', present),
    raise: ({ probeInMs, ...given }) =>
      session.database.transaction('other', async (tx) => {
        const id = [given.directUnitId, given.cause, given.usingUnitId].join(' ')
        const outcome = await session.run(tx, 'stops.raise', (own) => {
          const known = lock(own, id)
          const probeAt = after(clock.now(), probeInMs)
          if (known === null) {
            put(own, { ...given, id, since: clock.now(), probeAt, failedProbes: 0, isTold: false })
            return 'new'
          }
          if (known.cause !== 'rate_limited' || known.probeAt >= probeAt) return 'known'
          put(own, { ...known, probeAt })
          return 'longer'
        })
        if (outcome !== 'known') await signals.announce(tx, ['stops'])
        return outcome === 'new'
      }),
    hold: (tx, unit) =>
      session.run(tx, 'stops.hold', (own) => {
        const held = present().filter((stop) => holds(stop, unit))
        return held.flatMap(({ id }) => lock(own, id) ?? [])[0]?.cause ?? null
      }),
    claimDue: ({ leaseMs, limit }) =>
      session.alone('stops.claim_due', (own) => {
        const now = clock.now()
        const due = present().filter(({ id, probeAt }) => probeAt <= now && !bureauStops.isLocked(own, id))
        const claimed = due.slice(0, limit).map((stop) => ({ ...stop, probeAt: after(now, leaseMs) }))
        for (const stop of claimed) put(own, stop)
        return claimed
      }),
    postpone: (id, { probeInMs, isTold }) =>
      session.alone('stops.postpone', (own) => {
        const stop = lock(own, id)
        if (stop === null) return
        const failedProbes = stop.failedProbes + 1
        put(own, { ...stop, probeAt: after(clock.now(), probeInMs), failedProbes, isTold: stop.isTold || isTold })
      }),
    lift: (tx, id) =>
      session.run(tx, 'stops.lift', (own) => {
        const stop = lock(own, id)
        if (stop !== null) put(own, stop, true)
        return stop !== null
      }),
  }
}
