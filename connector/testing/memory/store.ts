/**
 * A memory of the issuing story without a server: the same promises as PostgreSQL, proved by the same suites, in one
 * process and without any waiting of its own. Tests of the story and the simulation live in it.
 *
 * Several processes share one memory, each through its own link (`server.ts`).
 */
import type { ActionLog } from '../../issuing/action-log.js'
import type { IncidentStore } from '../../issuing/incidents.js'
import type { IssuingStore, SignalBus } from '../../issuing/ports.js'
import type { TaxTableStore } from '../../issuing/supply-ports.js'
import type { Tx } from '../../issuing/transaction.js'
import type { ParkCause } from '../../kernel/fault.js'
import type { UsingUnitId } from '../../kernel/ids.js'
import { makeBatches } from './batches.js'
import { makeInbox } from './inbox.js'
import { makeOrders } from './orders.js'
import { makeOutbox } from './outbox.js'
import { makeMoves, makeNumbers, makeQuota } from './resources.js'
import type { Schema } from './schema.js'
import { type Link, type Server, Session } from './server.js'
import { makeStops } from './stops.js'
import type { Transaction } from './table.js'

/** Rows woken by one save of what the bureau tells. */
const WAKE_COUNT_MAX = 10_000

export function makeMemoryStore(schema: Schema, server: Server, link: Link): IssuingStore {
  const session = new Session(server, link)
  const orders = makeOrders(schema, session)
  const signals: SignalBus = {
    announce: (tx, given) =>
      session.run(tx, 'signals.announce', (own) => server.note(own, { kind: 'signal', signals: given })),
  }
  return {
    database: session.database,
    inbox: makeInbox(schema, session),
    orders,
    batches: makeBatches(schema, session),
    numbers: makeNumbers(schema, session),
    quota: makeQuota(schema, session),
    moves: makeMoves(schema, session),
    outbox: makeOutbox(schema, session),
    actions: makeActions(schema, session),
    incidents: makeIncidents(schema, session),
    signals,
    tables: makeTaxTables(schema, session, orders, signals),
    stops: makeStops(schema, session, signals),
  }
}

/** The log of what people did: one chain, whose end is locked by who adds to it. */
function makeActions({ actions, actionChain }: Schema, session: Session): ActionLog {
  return {
    append: (tx, action) =>
      session.run(tx, 'actions.append', (own) => {
        const end = actionChain.lock(own, 'end') ?? { id: 'end', lastId: 0n }
        actionChain.put(own, end)
        const known = action.key === null ? undefined : end.keys?.get(action.key)
        if (known !== undefined) return { id: known, isNew: false }
        const id = end.lastId + 1n
        const keys = new Map(end.keys)
        if (action.key !== null) keys.set(action.key, id)
        actionChain.put(own, { ...end, lastId: id, keys })
        actions.put(own, { ...action, id: id.toString() })
        return { id, isNew: true }
      }),
  }
}

/** Each kind once a subject; a contradicted invoice holds the result of its order. */
function makeIncidents({ incidents, invoices, orders }: Schema, session: Session): IncidentStore {
  return {
    note: (tx, given) =>
      session.run(tx, 'incidents.note', (own) => {
        const fresh = given.filter((incident) => {
          const id = `${incident.kind} ${incident.invoiceId ?? incident.batchId}`
          const known = incidents.lock(own, id)
          incidents.put(own, { id, incident, count: (known?.count ?? 0) + 1 })
          return known === null
        })
        for (const { kind, invoiceId } of fresh) {
          if (kind !== 'verdict_contradicted' || invoiceId === null) continue
          const order = orders.lock(own, invoices.get(own, invoiceId)?.orderId ?? '')
          if (order?.state === 'in_progress') orders.put(own, { ...order, openCount: order.openCount + 1 })
        }
        return fresh.length
      }),
  }
}

/** The settings keep what the bureau tells (`schema.settings`); here it is saved, announced, and wakes who waited. */
function makeTaxTables(
  schema: Schema,
  session: Session,
  orders: IssuingStore['orders'],
  signals: SignalBus,
): TaxTableStore {
  const { taxTables, settings } = schema

  function save(write: (tx: Transaction) => void, causes: readonly ParkCause[], usingUnitId?: UsingUnitId) {
    return session.database.transaction('other', async (tx: Tx) => {
      await session.run(tx, 'settings.save', write)
      if (causes.length > 0)
        await orders.wake(tx, { causes, limit: WAKE_COUNT_MAX, ...(usingUnitId && { usingUnitId }) })
      await signals.announce(tx, causes.length > 0 ? ['settings', 'inbox', 'invoices', 'batches'] : ['settings'])
    })
  }

  return {
    loadStates: () => session.read('tax_tables.states', () => [...taxTables.all()].map(({ state }) => state)),
    saveClassifications: ({ stamp, fetchedAt, dueAt }) =>
      save((tx) => putTable(tx, { name: 'classifications', stamp, fetchedAt, dueAt }), ['tax_tables_stale']),
    saveRates: ({ fetchedAt, dueAt }) =>
      save((tx) => putTable(tx, { name: 'rates', stamp: null, fetchedAt, dueAt }), ['tax_tables_stale']),
    saveDifferentialCodes: ({ fetchedAt, dueAt }) =>
      save((tx) => putTable(tx, { name: 'differential', stamp: null, fetchedAt, dueAt }), ['tax_tables_stale']),
    saveTableFault: (name, _fault, dueAt) =>
      save((tx) => {
        const state = taxTables.lock(tx, name)?.state
        if (state !== undefined) taxTables.put(tx, { id: name, state: { ...state, dueAt } })
      }, []),
    saveProfile: (usingUnitId, profile, cured) =>
      save(
        (tx) => settings.put(tx, { id: usingUnitId, ...settings.lock(tx, usingUnitId), profile }),
        cured,
        usingUnitId,
      ),
    saveRisk: (usingUnitId, risk) =>
      save((tx) => settings.put(tx, { id: usingUnitId, ...settings.lock(tx, usingUnitId), risk }), []),
    saveUnitFault: () => save(() => undefined, []),
  }

  function putTable(tx: Transaction, state: Awaited<ReturnType<TaxTableStore['loadStates']>>[number]): void {
    taxTables.put(tx, { id: state.name, state })
  }
}
