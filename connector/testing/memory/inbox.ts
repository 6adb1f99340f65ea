/** Messages: stored, taken up, decided. */
import type { InboxStore } from '../../issuing/ports.js'
import { type Instant, instant } from '../../kernel/time.js'
import { note } from './note.js'
import { claimFairly, leaseFrom } from './queue.js'
import type { InboxRow, Schema } from './schema.js'
import type { Session } from './server.js'

export function makeInbox(schema: Schema, session: Session): InboxStore {
  const { inbox, indexes } = schema
  return {
    insert: (tx, messages) =>
      session.run(tx, 'inbox.insert', (own) => {
        for (const message of messages) {
          if (inbox.lock(own, message.id) !== null) continue
          const isDue = message.disposition === null && message.parkCause === null
          inbox.insert(own, {
            ...message,
            messageId: toStorable(message.messageId),
            correlationId: toStorable(message.correlationId),
            traceparent: toStorable(message.traceparent),
            attempts: 0,
            fence: 0n,
            dueAt: isDue ? notAfter(message.receivedAt, session.server.clock.now()) : null,
            leasedUntil: null,
            parkedSeq: message.parkCause === null ? null : schema.nextSeq(),
          })
          note(session, own, 'inbox', message.id, null, message.disposition ?? 'stored', { cause: message.parkCause })
        }
      }),
    claim: ({ leaseMs, limit, suspects }) =>
      session.alone('inbox.claim', (tx) => {
        const dbNow = session.server.clock.now()
        const rows = claimFairly(tx, inbox, indexes.inboxDue, {
          dbNow,
          limit,
          ownerOf: (row) => row.businessType,
          isWanted: (row) => suspects === undefined || (row.attempts > 0 || row.isRedelivered) === suspects,
        })
        const claimed = rows.map((row): InboxRow => {
          const taken = { ...leaseFrom(dbNow, leaseMs), fence: row.fence + 1n }
          const next = { ...row, ...taken }
          inbox.put(tx, next)
          return next
        })
        return claimed.sort((a, b) => a.receivedAt - b.receivedAt).map(toStored)
      }),
    begin: (held) =>
      session.alone('inbox.begin', (tx) => {
        for (const { id, fence } of held) {
          const row = inbox.lock(tx, id)
          if (row === null || row.fence !== fence || row.leasedUntil === null) continue
          inbox.put(tx, { ...row, attempts: row.attempts + 1 })
        }
      }),
    putBack: (held) =>
      session.alone('inbox.put_back', (tx) => {
        for (const { id, fence } of held) {
          const row = inbox.lock(tx, id)
          if (row === null || row.fence !== fence || row.leasedUntil === null || row.dueAt === null) continue
          const dueAt = session.server.clock.now()
          inbox.put(tx, { ...row, attempts: Math.max(row.attempts - 1, 0), leasedUntil: null, dueAt })
        }
      }),
    decide: (tx, decisions) =>
      session.run(tx, 'inbox.decide', (own) => {
        const decided: string[] = []
        for (const decision of decisions) {
          const row = inbox.lock(own, decision.id)
          if (row === null || row.fence !== decision.fence) continue
          if (row.disposition !== null || row.parkCause !== null) continue
          const isWaiting = decision.disposition === null && decision.parkCause === null
          inbox.put(own, {
            ...row,
            ...decision,
            attempts: decision.parkCause === null ? row.attempts : 0,
            dueAt: isWaiting ? row.dueAt : null,
            leasedUntil: null,
            parkedSeq: decision.parkCause === null ? null : schema.nextSeq(),
          })
          if (!isWaiting) {
            const to = decision.disposition ?? 'stored'
            note(session, own, 'inbox', row.id, 'stored', to, { cause: decision.parkCause })
          }
          decided.push(row.id)
        }
        return decided
      }),
  }
}

function toStored({ disposition, orderId, faults, parkCause, dueAt, leasedUntil, parkedSeq, ...stored }: InboxRow) {
  return stored
}

/** What is dated by a clock that is ahead is due at once. */
export function notAfter(at: Instant, dbNow: Instant): Instant {
  return instant(Math.min(at, dbNow))
}

/** As PostgreSQL keeps a text: NUL and halves of surrogate pairs become U+FFFD. */
function toStorable(text: string | null): string | null {
  return text === null ? null : text.replaceAll('\u0000', '\ufffd').replace(/\p{Surrogate}/gu, '\ufffd')
}
