/**
 * Killed (SIGKILL) exactly between two steps of the story, one after the other: no order is ever in a state that nobody
 * takes up. One connector after the other dies; the orders of all deaths end as the audit, the bureau and the results say.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { makeConnectorProcess } from '../testing/connector-process.js'
import { makeHalting, type Step } from '../testing/halt.js'
import { startPipeline } from '../testing/pipeline.js'
import { assertAgreement } from '../testing/pipeline-agreement.js'
import { plainMapping, SELLERS, type Settings } from '../testing/pipeline-settings.js'
import { aPlainItem, aPlainOrder } from '../testing/plain-orders.js'

/** Numbers of one claim, net yuan of one download: scarce, so that a few orders make the connector ask for more. */
const CLAIM_COUNT = 40
const DOWNLOAD_AMOUNT = '5000.00'
/** Longest rest of work that a dead process held: its leases, a sweep, and the work itself. */
const RESUMED_MS_MAX = 60_000
/** Orders of one death: more than one, and fewer than a batch holds. */
const ORDER_COUNT = 3

interface Death {
  /** Where it dies, in words that follow "killed". */
  where: string
  step: Step
  /** Instead of some ordinary orders. */
  amounts?: readonly string[]
}

const ordinary = Array.from({ length: ORDER_COUNT }, () => '113.00')

const DEATHS: readonly Death[] = [
  { where: 'before its messages are stored', step: { on: 'insert', table: 'inbox_messages' } },
  {
    where: 'before a message that came again is decided',
    step: { on: 'update', table: 'inbox_messages', when: 'new.disposition is not null' },
    // Those of the death before.
    amounts: [],
  },
  { where: 'before contents are frozen', step: { on: 'insert', table: 'upload_batches' } },
  {
    where: 'after contents were frozen, before an upload is noted',
    step: { on: 'insert', table: 'upload_attempts' },
  },
  {
    where: 'after the bureau took an upload, before its answer is noted',
    step: { on: 'update', table: 'upload_attempts' },
  },
  { where: 'after the bureau’s verdict, before it is written', step: { on: 'insert', table: 'outbox_events' } },
  {
    where: 'after a result was confirmed, before that is noted',
    step: { on: 'update', table: 'outbox_events', when: `new.state = 'published'` },
  },
  {
    where: 'after numbers were granted, before they are entered',
    step: { on: 'insert', table: 'number_segments' },
    amounts: Array.from({ length: CLAIM_COUNT }, () => '1.13'),
  },
  {
    where: 'after quota was granted, before it is credited',
    step: { on: 'insert', table: 'quota_ledger', when: `new.reason = 'downloaded'` },
    amounts: ['11300.00'],
  },
]

// The cleaning runs in this order: first the process, then what it stands at, then what both work on.
const connector = makeConnectorProcess({ after })
const halting = makeHalting({ after })
const pipeline = await startPipeline(
  { after },
  {
    settings: sellScarcely,
    simulator: { verdictDelay: { minMs: 50, maxMs: 50, hiddenMs: 0 }, faultTiming: { lostHoldMs: 60_000 } },
    env: { LOG_LEVEL: 'info' },
    bindsResults: false,
  },
)
await pipeline.stop()
await connector.start(pipeline.env)
const published: string[] = []

test('killed after a verdict was written, before its result reached anyone, it starts again', async () => {
  // No queue wants the result: the broker returns it, and that is never noted.
  await killAt({ on: 'update', table: 'outbox_events', when: 'new.unroutable_at is not null' }, ordinary)
  await pipeline.orderSystem.bindResults()
  await connector.start(pipeline.env)
})

test('killed after an upload was noted, before the bureau has it, it starts again', async () => {
  pipeline.simulator.control.faultNext({ kind: 'lost-before', service: 'QDFPSC' })
  await publish(ordinary)
  const lostCount = () => pipeline.simulator.control.counters().faults['lost-before'] ?? 0
  await pipeline.until('an upload that the bureau never gets', () => (lostCount() > 0 ? true : null))
  await connector.kill()
  await connector.start(pipeline.env)
})

for (const { where, step, amounts = ordinary } of DEATHS) {
  test(`killed ${where}, it starts again`, async () => {
    await killAt(step, amounts)
    await connector.start(pipeline.env)
  })
}

test('every order of all these deaths is issued once and told once', async () => {
  const told = () => new Set(pipeline.orderSystem.received.map(({ result }) => result.orderNo))
  const isComplete = () => (told().size === published.length ? true : null)
  await pipeline.until(`results of ${published.length} orders`, isComplete, RESUMED_MS_MAX)
  const orders = await pipeline.view.orders()
  assert.deepEqual(
    orders.map(({ orderNo, state }) => `${orderNo} ${state}`).sort(),
    published.map((no) => `${no} issued`).sort(),
  )
  await assertAgreement(pipeline)
})

async function killAt(step: Step, amounts: readonly string[]): Promise<void> {
  const halt = await halting.at({ url: pipeline.env.DATABASE_URL ?? '', schema: pipeline.schema }, step)
  await publish(amounts)
  await halt.reached()
  await connector.kill()
  await halt.lift()
}

async function publish(amounts: readonly string[]): Promise<void> {
  const orders = amounts.map((amount) => aPlainOrder({ items: [aPlainItem({ amount })] }))
  published.push(...orders.map(({ no }) => no))
  await pipeline.orderSystem.publish(...orders.map((body) => ({ businessType: 'plain', body })))
}

function sellScarcely(settings: Settings, write: (name: string, text: string) => string): void {
  const { directUnits, businessTypes, issuing } = settings
  for (const unit of directUnits) unit.poll = { firstMs: 50, maxMs: 500 }
  for (const unit of issuing) {
    unit.numberWarningCount = 1
    unit.numberClaimCount = CLAIM_COUNT
    unit.quotaDownloadAmount = DOWNLOAD_AMOUNT
  }
  const mapping = write('plain.yaml', plainMapping('plain'))
  businessTypes.push({ code: 'plain', name: '直述订单', seller: SELLERS.sales.taxNo, mapping })
}
