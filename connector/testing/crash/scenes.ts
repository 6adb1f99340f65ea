/**
 * What must lie before a connector for it to reach a persistence point: a small stock of orders and, where the point
 * needs one, a past that other connectors left behind. Everything is on the table before the connector that dies starts.
 */
import { SERVICES } from '../../../adapters/leqi/wire.js'
import { SELLERS, TAX_CODES } from '../pipeline-settings.js'
import { aPlainItem, aPlainOrder } from '../plain-orders.js'
import type { Verb } from './hand-verbs.js'
import type { LoneOperation, StoryTransaction } from './points.js'
import type { Stage } from './stage.js'

export interface Scene {
  /** In words, when a point has several scenes. */
  name?: string
  /** No queue wants the results at first. */
  isUnwanted?: true
  /** Before the connector that dies is started. */
  set: (stage: Stage) => Promise<void>
  /** After its death, before the next one is started. */
  mend?: (stage: Stage) => Promise<void>
  /** What the dying process does. Default: it is a connector. */
  verb?: Verb
  /** While the dying process works. */
  meanwhile?: (stage: Stage, pid: number) => Promise<void>
  /** At which commit of the point it dies. Default 1. */
  occurrence?: number
}

/** Orders of a scene: more than one, and fewer than a batch holds. */
const ORDER_COUNT = 3
/** More than a download brings. */
const LARGE_AMOUNT = '11300.00'
const NEW_SKU = 'NEW-1'
/** Longer than a lease is left alone, so that it is renewed meanwhile. */
const LATE_MS = 9_000
/** Longest way of a connector from its start to its first upload. */
const STARTED_MS_MAX = 60_000

const fresh: Scene = { set: (stage) => stage.publish(ORDER_COUNT) }

/** Numbers and quota are there already. */
const stocked: Scene = {
  set: async (stage) => {
    await stage.runUntil('numbers and quota', async () => {
      const [row] = await stage.pipeline.sql<{ count: number }>(
        `select count(*)::int as count from bureau_moves where state = 'granted'`,
      )
      return row?.count === 2
    })
    await stage.publish(ORDER_COUNT)
  },
}

/** One of the orders was taken before, by a consumer that died. */
const redelivered: Scene = {
  set: async (stage) => {
    await stage.publish(ORDER_COUNT)
    await stage.pipeline.orderSystem.takeAndDie()
  },
}

const storedRaw: Scene = {
  set: async (stage) => {
    await redelivered.set(stage)
    await stage.dieAt({ point: 'intake.raw', side: 'after', occurrence: 1 })
  },
}

const deadLetter: Scene = { set: (stage) => stage.buryOne() }

/** Orders that wait for a product. */
const waiting: Scene = {
  set: async (stage) => {
    const items = [{ sku: NEW_SKU, name: '新到茶叶', quantity: 1, amount: '113.00' }]
    await stage.publishOrders([aPlainOrder({ items }), aPlainOrder({ items })])
    await stage.runUntil('two orders that wait for their product', async () => {
      const waiting = (await stage.pipeline.view.orders()).filter(({ parkCause }) => parkCause === 'catalogue_missing')
      return waiting.length === 2
    })
  },
  mend: async (stage) => {
    await stage.pipeline.apply(
      ({ products }) => {
        const seller = SELLERS.sales.taxNo
        products.push({ seller, code: NEW_SKU, name: '茶叶', taxCode: TAX_CODES.tea, taxRate: '0.13' })
      },
      ['--offline'],
    )
  },
}

/** The product is there now. */
const woken: Scene = {
  set: async (stage) => {
    await waiting.set(stage)
    await waiting.mend?.(stage)
  },
}

/** The first slice of those that waited was woken already; these are the rest, who will find that they wait on. */
const wokenInSlices: Scene = {
  ...waiting,
  set: async (stage) => {
    await waiting.set(stage)
    await stage.pipeline.sql(`insert into wakings (causes) values ('{catalogue_missing}')`)
  },
}

/** Numbered by a connector that died before it sent anything, too long ago to be sent now. */
const frozenTooLongAgo: Scene = {
  set: async (stage) => {
    await stocked.set(stage)
    await stage.dieAt({ point: 'reserve', side: 'after', occurrence: 1 })
    await stage.pipeline.sql(
      `update invoices set issued_at = issued_at - interval '50 hours' where batch_id is not null`,
    )
  },
}

/** Uploaded, and no verdict yet. */
const accepted = {
  set: async (stage: Stage, count = ORDER_COUNT) => {
    stage.pipeline.simulator.control.setSettings({ verdictDelay: { minMs: 20_000, maxMs: 20_000, hiddenMs: 0 } })
    await stage.publish(count)
    await stage.runUntil('an accepted batch', async () =>
      (await stage.pipeline.view.batches()).some(({ state }) => state === 'accepted'),
    )
    stage.pipeline.simulator.control.setSettings({ verdictDelay: { minMs: 50, maxMs: 50, hiddenMs: 0 } })
  },
}

/** Uploaded so long ago that the bureau tells its verdict no longer. */
const forgotten: Scene = {
  set: async (stage) => {
    await accepted.set(stage)
    await stage.pipeline.sql(
      `update upload_batches set accepted_at = accepted_at - interval '13 hours' where state = 'accepted'`,
    )
  },
}

/** Uploaded so long ago, and in doubt for so long, that people have to end it. */
const leftToPeople: Scene = {
  set: async (stage) => {
    await accepted.set(stage, 1)
    await stage.pipeline.sql(
      `update upload_batches set accepted_at = accepted_at - interval '25 hours', doubt_since = accepted_at - interval '25 hours',
       was_in_doubt = true where state = 'accepted'`,
    )
    await stage.runUntil('an invoice that waits for people', async () =>
      (await stage.pipeline.view.batches()).some(({ state }) => state === 'needs_person'),
    )
  },
  mend: async (stage) => {
    const [waiting] = await stage.pipeline.sql<{ number: string }>(
      `select invoice_number as number from invoices where state = 'needs_person'`,
    )
    if (waiting === undefined) return
    const by = ['--verdict', 'issued', '--reason', 'it stands in the portal', '--by', 'first']
    const said = await stage.command('doubt', 'close', waiting.number, ...by)
    const [, id = ''] = /approve (\d+)/.exec(said.join(' ')) ?? []
    await stage.command('doubt', 'approve', id, '--by', 'second')
  },
}

/** One of two people has looked at it. */
const proposed: Scene = {
  ...leftToPeople,
  set: async (stage) => {
    await leftToPeople.set(stage)
    await stage.dieAt({ point: 'doubt.propose', side: 'after', occurrence: 1 }, { verb: 'propose' })
  },
}

/** The seller is let in no more while a verdict of his is waited for. */
const shutOut: Scene = {
  set: async (stage) => {
    await accepted.set(stage)
    letIn(stage, false)
  },
  mend: (stage) => openWay(stage),
}

/** That is known, and it is time to ask again. */
const toBeProbed: Scene = {
  ...shutOut,
  set: async (stage) => {
    await shutOut.set(stage)
    await stage.runUntil('a batch that rests', async () =>
      (await stage.pipeline.view.batches()).some(({ parkCause }) => parkCause !== null),
    )
    await stage.pipeline.sql('update bureau_stops set probe_at = now()')
  },
}

/** And the seller is let in again. */
const openAgain: Scene = {
  ...toBeProbed,
  set: async (stage) => {
    await toBeProbed.set(stage)
    await openWay(stage)
  },
}

function letIn(stage: Stage, isLetIn: boolean): void {
  stage.pipeline.simulator.control.setUnit(SELLERS.sales.leqiId, { isDisqualified: !isLetIn })
}

async function openWay(stage: Stage): Promise<void> {
  letIn(stage, true)
  await stage.pipeline.sql('update bureau_stops set probe_at = now()')
}

/** Results that no queue wants: the broker returns them. */
const unwanted: Scene = {
  isUnwanted: true,
  set: (stage) => stage.publish(ORDER_COUNT),
  mend: (stage) => stage.pipeline.orderSystem.bindResults(),
}

/** Results that were returned once, and are wanted now. */
const pendingResults: Scene = {
  isUnwanted: true,
  set: async (stage) => {
    await unwanted.set(stage)
    await stage.runUntil('results that were returned', async () => {
      const [row] = await stage.pipeline.sql<{ count: number }>(
        `select count(*)::int as count from outbox_events where unroutable_at is not null`,
      )
      return row !== undefined && row.count > 0
    })
    await stage.pipeline.orderSystem.bindResults()
  },
}

const largeOrder: Scene = {
  set: (stage) => stage.publishOrders([aPlainOrder({ items: [aPlainItem({ amount: LARGE_AMOUNT })] })]),
}

/** All is told. */
const told: Scene = {
  set: async (stage) => {
    await stage.publish(ORDER_COUNT)
    await stage.runUntil('results that were published', async () => {
      const [row] = await stage.pipeline.sql<{ count: number }>(
        `select count(*)::int as count from outbox_events where state = 'published'`,
      )
      return row?.count === ORDER_COUNT
    })
  },
}

/** Results that go by callback as well. */
const hooked: Scene = { set: (stage) => stage.publishOrders([aPlainOrder(), aPlainOrder()], 'hooked') }

/** The bureau takes its time over a call. */
function late(service: string): Scene {
  return {
    set: async (stage) => {
      const { control } = stage.pipeline.simulator
      control.setFaults({ rules: [], timing: { lateMs: LATE_MS } })
      control.faultNext({ kind: 'late', service })
      await stage.publish(ORDER_COUNT)
    },
  }
}

/** The broker takes a result and its confirm goes astray. */
const unconfirmed: Scene = {
  set: async (stage) => {
    await stage.publish(ORDER_COUNT)
    stage.brokerLink.watch((towards, bytes) => {
      if (towards === 'server' && bytes.includes('result.plain')) {
        void stage.brokerLink.fault({ silentTowards: ['client'] })
      }
    })
  },
}

/** Told to stop while one half of a refused batch is being sent, so that the other half is never begun. */
const stopped: Scene = {
  set: async (stage) => {
    const { control } = stage.pipeline.simulator
    await stocked.set(stage)
    control.forceVerdict({ match: {}, status: 'refuse-call', times: 1 })
    control.setFaults({
      rules: [{ kind: 'late', probability: 1, services: [SERVICES.upload] }],
      timing: { lateMs: 3_000 },
    })
  },
  meanwhile: async (stage, pid) => {
    const { control } = stage.pipeline.simulator
    const isSent = () => ((control.counters().faults.late ?? 0) >= 2 ? true : null)
    await stage.pipeline.until('the first half to be on its way', isSent, STARTED_MS_MAX)
    process.kill(pid, 'SIGTERM')
    control.setFaults({ rules: [] })
  },
}

/** The disk is full for one table, and has room again for the next process. */
function withoutSpace(scene: Scene, table: string): Scene {
  return {
    ...scene,
    set: async (stage) => {
      await scene.set(stage)
      await stage.pipeline.sql(`
        create function refuse_for_space() returns trigger language plpgsql as
          $$ begin raise exception 'no space left on device' using errcode = 'disk_full'; end $$`)
      await stage.pipeline.sql(
        `create trigger full_disk before insert on ${table} for each statement execute function refuse_for_space()`,
      )
    },
    mend: async (stage) => {
      await scene.mend?.(stage)
      await stage.pipeline.sql(`drop trigger full_disk on ${table}`)
    },
  }
}

/** A question to the bureau is answered with nonsense, however often it is asked, and sensibly to the next process. */
function confused(service: string): Scene {
  return {
    set: async (stage) => {
      stage.pipeline.simulator.control.setFaults({
        rules: [{ kind: 'garbage', probability: 1, services: [service] }],
      })
      await stage.publish(ORDER_COUNT)
    },
    mend: async (stage) => {
      stage.pipeline.simulator.control.setFaults({ rules: [] })
    },
  }
}

/** Numbers and quota are both asked for at the first start; which answer comes first does not matter. */
const bothMoves: readonly Scene[] = [
  { ...fresh, name: 'first of two', occurrence: 1 },
  { ...fresh, name: 'second of two', occurrence: 2 },
]

export const TRANSACTION_SCENES: Readonly<Record<StoryTransaction, readonly Scene[]>> = {
  'intake.record': [fresh],
  'intake.raw': [redelivered],
  'intake.dead': [deadLetter],
  'inbox.resume': [redelivered],
  'orders.resume': [woken],
  reserve: [
    { ...stocked, name: 'that numbers' },
    { ...fresh, name: 'that parks' },
  ],
  'batch.withdraw': [frozenTooLongAgo],
  'upload.open': [fresh],
  'upload.conclude': [fresh],
  'poll.settle': [fresh],
  'batch.rest': [shutOut],
  'stop.lift': [openAgain],
  'poll.doubt': [forgotten],
  'doubt.propose': [{ ...leftToPeople, verb: 'propose' }],
  'doubt.close': [{ ...proposed, verb: 'approve' }],
  'results.replay': [{ ...told, verb: 'replay' }],
  'callback.conclude': [hooked],
  'move.settle': [...bothMoves, { ...largeOrder, name: 'a large order', occurrence: 3 }],
  waking: [wokenInSlices],
  sweep: [fresh],
  'letters.move': [{ ...waiting, verb: 'release' }],
}

export const OPERATION_SCENES: Readonly<Record<LoneOperation, readonly Scene[] | 'reads'>> = {
  'inbox.claim': [storedRaw],
  'inbox.begin': [storedRaw],
  'inbox.putBack': [withoutSpace(storedRaw, 'orders')],
  'orders.claimWoken': [woken],
  'orders.begin': [woken],
  'orders.putBack': [withoutSpace(woken, 'invoices')],
  'batches.unitsWithReadyInvoices': 'reads',
  'batches.countParked': 'reads',
  'batches.claimDue': [{ ...forgotten, name: 'to poll' }],
  'batches.renewLeases': [late(SERVICES.upload)],
  'batches.letGo': [stopped],
  'moves.renewLeases': [late(SERVICES.claimNumbers)],
  'outbox.renewLeases': [unconfirmed],
  'batches.loadItems': 'reads',
  'batches.loadFrozen': 'reads',
  'numbers.stock': 'reads',
  'quota.load': 'reads',
  'quota.recordBureau': [fresh],
  'quota.shortAmount': 'reads',
  'moves.plan': bothMoves,
  'moves.claimDue': [fresh],
  'outbox.claimDue': [pendingResults],
  'outbox.markPublished': [fresh],
  'outbox.postpone': [unwanted],
  'stops.load': 'reads',
  'stops.raise': [shutOut],
  'stops.claimDue': [openAgain],
  'stops.postpone': [toBeProbed],
  'tables.loadStates': 'reads',
  'tables.saveClassifications': [fresh],
  'tables.saveRates': [fresh],
  'tables.saveDifferentialCodes': [fresh],
  'tables.saveTableFault': [confused(SERVICES.differentialCodes)],
  'tables.saveProfile': [fresh],
  'tables.saveRisk': [fresh],
  'tables.saveUnitFault': [confused(SERVICES.taxpayerProfile)],
}
