/** Results: written with the end of their order, published at least once, an order's earlier ones first. */
import type { OutboxStore, PendingEvent } from '../../issuing/ports.js'
import { after } from '../../kernel/time.js'
import { note } from './note.js'
import { claimFairly, dueFrom, leaseFrom, renewHeld } from './queue.js'
import type { EventRow, Schema } from './schema.js'
import type { Session } from './server.js'

export function makeOutbox(schema: Schema, session: Session): OutboxStore {
  const { events, indexes } = schema
  const dbNow = () => session.server.clock.now()

  return {
    insert: (tx, given) =>
      session.run(tx, 'outbox.insert', (own) => {
        for (const { lease, ...event } of given) {
          const leaseMs = lease === null ? 0 : lease.until - event.createdAt
          const state = event.delivery === 'callback' ? 'by_callback' : 'pending'
          events.insert(own, {
            ...event,
            state,
            attempts: lease === null ? 0 : 1,
            dueAt: state === 'pending' ? after(dbNow(), leaseMs) : null,
            leasedUntil: lease === null ? null : after(dbNow(), leaseMs),
            confirmedAt: null,
          })
          note(session, own, 'event', event.id, null, state)
        }
      }),
    claimDue: ({ lease, limit }) =>
      session.alone('outbox.claim_due', (tx) => {
        const at = dbNow()
        const isFirst = (row: EventRow) =>
          events
            .under(tx, indexes.eventsByOrder, row.orderId)
            .every((other) => other.seq >= row.seq || other.state !== 'pending')
        const rows = claimFairly(tx, events, indexes.eventsDue, {
          dbNow: at,
          limit,
          isWanted: isFirst,
          ownerOf: (row) => row.routingKey,
        })
        const claimed = rows.map((row): EventRow => {
          const next = { ...row, ...leaseFrom(at, lease.ms), attempts: row.attempts + 1 }
          events.put(tx, next)
          return next
        })
        return claimed.sort((a, b) => a.createdAt - b.createdAt || (a.orderId < b.orderId ? -1 : 1)).map(toPending)
      }),
    renewLeases: (held, leaseMs) =>
      session.alone('outbox.renew_leases', (tx) =>
        renewHeld(tx, events, held, leaseFrom(dbNow(), leaseMs), ({ attempts }) => BigInt(attempts)),
      ),
    markPublished: (given, at) =>
      session.alone('outbox.mark_published', (tx) => {
        for (const { id, attempts } of given) {
          const row = events.lock(tx, id)
          if (row?.state !== 'pending' || row.attempts !== attempts) continue
          events.put(tx, { ...row, state: 'published', confirmedAt: at, dueAt: null, leasedUntil: null })
          note(session, tx, 'event', id, 'pending', 'published')
        }
      }),
    postpone: (given, at) =>
      session.alone('outbox.postpone', (tx) => {
        for (const { id, attempts, dueAt } of given) {
          const row = events.lock(tx, id)
          if (row?.state !== 'pending' || row.attempts !== attempts) continue
          events.put(tx, { ...row, dueAt: dueFrom(dbNow(), dueAt, at), leasedUntil: null })
        }
      }),
  }
}

function toPending(row: EventRow): PendingEvent {
  const { id, orderId, seq, routingKey, correlationId, traceparent, body, attempts } = row
  return { id, orderId, seq, routingKey, correlationId, traceparent, body, attempts, isReplay: false }
}
