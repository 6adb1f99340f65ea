/** The whole memory of the issuing story, put together from its operations. */
import type pg from 'pg'
import type { BatchStore } from '../../connector/issuing/batch-ports.js'
import type { InboxStore, IssuingStore, OrderStore, OutboxStore } from '../../connector/issuing/ports.js'
import type { MoveStore, NumberStore, QuotaStore } from '../../connector/issuing/supply-ports.js'
import { type DatabaseDeps, makeDatabase } from './database.js'
import { acceptBatch } from './issuing/accept-batch.js'
import { addSegment } from './issuing/add-segment.js'
import { advanceOrders } from './issuing/advance-orders.js'
import { announce } from './issuing/announce.js'
import { appendAction } from './issuing/append-action.js'
import { claimDueBatches } from './issuing/claim-due-batches.js'
import { claimDueEvents } from './issuing/claim-due-events.js'
import { claimDueMoves } from './issuing/claim-due-moves.js'
import { claimMessages } from './issuing/claim-messages.js'
import { claimWokenOrders } from './issuing/claim-woken-orders.js'
import { closeAttempt } from './issuing/close-attempt.js'
import { closeOrderParts } from './issuing/close-order-parts.js'
import { countParked } from './issuing/count-parked.js'
import { creditDownload } from './issuing/credit-download.js'
import { decideMessages } from './issuing/decide-messages.js'
import { divideBatch } from './issuing/divide-batch.js'
import { finishMove } from './issuing/finish-move.js'
import { finishOrders } from './issuing/finish-orders.js'
import { freezeBatch } from './issuing/freeze-batch.js'
import { giveBackNumbers } from './issuing/give-back-numbers.js'
import { insertEvents } from './issuing/insert-events.js'
import { insertInvoices } from './issuing/insert-invoices.js'
import { insertMessages } from './issuing/insert-messages.js'
import { insertOrders } from './issuing/insert-orders.js'
import { letGo } from './issuing/let-go.js'
import { loadBatchItems } from './issuing/load-batch-items.js'
import { loadContents } from './issuing/load-contents.js'
import { loadFrozenTexts } from './issuing/load-frozen-texts.js'
import { loadLatestOrders } from './issuing/load-latest-orders.js'
import { loadMappingVersion } from './issuing/load-mapping-version.js'
import { loadOrderBody } from './issuing/load-order-body.js'
import { loadOrderParts } from './issuing/load-order-parts.js'
import { loadQuota, lockQuota } from './issuing/load-quota.js'
import { lockReadyInvoices } from './issuing/lock-ready-invoices.js'
import { markOrdersInProgress } from './issuing/mark-orders-in-progress.js'
import { markPublished } from './issuing/mark-published.js'
import { moveBatch } from './issuing/move-batch.js'
import { noteIncidents } from './issuing/note-incidents.js'
import { loadNumberStock } from './issuing/number-stock.js'
import { openAttempt } from './issuing/open-attempt.js'
import { parkInvoices } from './issuing/park-invoices.js'
import { planMove } from './issuing/plan-move.js'
import { postponeEvents } from './issuing/postpone-events.js'
import { recordBureauQuota } from './issuing/record-bureau-quota.js'
import { renewLeases } from './issuing/renew-leases.js'
import { reserveQuota } from './issuing/reserve-quota.js'
import { setAside } from './issuing/set-aside.js'
import { settleInvoices } from './issuing/settle-invoices.js'
import { settleQuota } from './issuing/settle-quota.js'
import { loadShortAmount } from './issuing/short-amount.js'
import { takeNumbers } from './issuing/take-numbers.js'
import { thawInvoices } from './issuing/thaw-invoices.js'
import { beginTry, putBack } from './issuing/tries.js'
import { loadUnitsWithReadyInvoices } from './issuing/units-with-ready-invoices.js'
import { sweep, wake, wakeOn } from './issuing/wake.js'
import { signalChannelOf } from './schema-name.js'
import { makeStopStore } from './stop-store.js'
import { makeTaxTableStore } from './tax-table-store.js'

export interface IssuingStoreOptions extends DatabaseDeps {
  /** The schema that the pool's connections work in; names the channel of the signals. */
  schema: string
}

export function makeIssuingStore(pool: pg.Pool, options: IssuingStoreOptions): IssuingStore {
  const channel = signalChannelOf(options.schema)
  const database = makeDatabase(pool, options)
  const signals = { announce: announce.bind(null, channel) }
  return {
    database,
    inbox: makeInboxStore(pool),
    orders: makeOrderStore(pool),
    batches: makeBatchStore(pool),
    numbers: makeNumberStore(pool),
    quota: makeQuotaStore(pool),
    moves: makeMoveStore(pool),
    outbox: makeOutboxStore(pool),
    actions: { append: appendAction },
    incidents: { note: noteIncidents },
    signals,
    tables: makeTaxTableStore(pool, database, signals),
    stops: makeStopStore(pool, database, signals),
  }
}

function makeInboxStore(pool: pg.Pool): InboxStore {
  return {
    insert: insertMessages,
    claim: (options) => claimMessages(pool, options),
    begin: (held) => beginTry(pool, 'inbox_messages', held),
    putBack: (held) => putBack(pool, 'inbox_messages', held),
    decide: decideMessages,
  }
}

function makeOrderStore(pool: pg.Pool): OrderStore {
  return {
    insert: insertOrders,
    loadLatest: loadLatestOrders,
    loadBody: loadOrderBody,
    loadMappingVersion,
    insertInvoices,
    claimWoken: (options) => claimWokenOrders(pool, options),
    begin: (held) => beginTry(pool, 'orders', held),
    putBack: (held) => putBack(pool, 'orders', held),
    advanceReceived: advanceOrders,
    markInProgress: markOrdersInProgress,
    closeParts: closeOrderParts,
    finish: finishOrders,
    loadParts: loadOrderParts,
    wake,
    wakeOn,
    sweep,
  }
}

function makeBatchStore(pool: pg.Pool): BatchStore {
  return {
    unitsWithReadyInvoices: (limit, busy = []) => loadUnitsWithReadyInvoices(pool, limit, busy),
    lockReady: lockReadyInvoices,
    loadContents,
    countParked: (unit, cause) => countParked(pool, unit, cause),
    parkInvoices,
    freeze: freezeBatch,
    openAttempt,
    accept: acceptBatch,
    closeAttempt,
    move: moveBatch,
    divide: divideBatch,
    claimDue: (options) => claimDueBatches(pool, options),
    renewLeases: (held, leaseMs) => renewLeases(pool, 'batches', held, leaseMs),
    letGo: (held) => letGo(pool, held),
    loadItems: (tx, batchId) => loadBatchItems(pool, tx, batchId),
    loadFrozen: (batchId) => loadFrozenTexts(pool, batchId),
    settleInvoices,
    setAside,
    thawInvoices,
  }
}

function makeNumberStore(pool: pg.Pool): NumberStore {
  return {
    stock: (tx, unit, year) => loadNumberStock(pool, tx, unit, year),
    take: takeNumbers,
    giveBack: giveBackNumbers,
    addSegment,
  }
}

function makeQuotaStore(pool: pg.Pool): QuotaStore {
  return {
    load: (tx, unit, period) => loadQuota(pool, tx, unit, period),
    lock: lockQuota,
    reserve: reserveQuota,
    settle: settleQuota,
    creditDownload,
    recordBureau: (unit, period, quota, at) => recordBureauQuota(pool, unit, period, quota, at),
    shortAmount: (unit) => loadShortAmount(pool, unit),
  }
}

function makeMoveStore(pool: pg.Pool): MoveStore {
  return {
    plan: (move) => planMove(pool, move),
    claimDue: (options) => claimDueMoves(pool, options),
    renewLeases: (held, leaseMs) => renewLeases(pool, 'moves', held, leaseMs),
    finish: finishMove,
  }
}

function makeOutboxStore(pool: pg.Pool): OutboxStore {
  return {
    insert: insertEvents,
    claimDue: (options) => claimDueEvents(pool, options),
    renewLeases: (held, leaseMs) => renewLeases(pool, 'events', held, leaseMs),
    markPublished: (events, at) => markPublished(pool, events, at),
    postpone: (events, at) => postponeEvents(pool, events, at),
  }
}
