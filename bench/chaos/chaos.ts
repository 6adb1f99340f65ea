/**
 * `npm run chaos`: orders of several sellers through production processes while everything around them fails on a seeded
 * schedule; then all is healed and drained, audited, judged by the bureau's own book, and said once more.
 *
 * Exits 0 only if nothing was lost, doubled, reused, overspent or told wrongly, the audit is clean, and saying everything
 * again created nothing. The last line is one JSON object.
 */
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Book } from '../../adapters/leqi/simulator/book.js'
import { makeDice } from './dice.js'
import { type Faults, makeFaults } from './faults.js'
import { isClean, type Judgement, judge } from './judge.js'
import { type ChaosOptions, parseChaosOptions, toCommand } from './options.js'
import { type ChaosOrder, makeChaosOrders } from './orders.js'
import { makeSchedule } from './schedule.js'
import { type ChaosStage, openChaosStage } from './stage.js'
import { BUSINESS_TYPES } from './world.js'

/** Orders that come in: a busy shop's, so that faults meet work of every kind. */
const ORDERS_PER_SECOND = 20
/** Scheduled faults that come in at most. */
const FAULTS_PER_SECOND = 0.8
/** A repeat or a conflict comes so long after what it repeats. */
const AGAIN_MS = [0, 15_000] as const
/** From the last fault to the last result; the third doubt in a row about one batch takes five minutes to be asked again. */
const DRAINED_MS_MAX = 15 * 60_000
const LOOK_MS = 500
const TOLD_EVERY_MS = 30_000
const DISK_FULL_MS = 15_000
const BOOK_CALLS_AT_ONCE = 16
/** Examples shown of what must not be. */
const SHOWN_COUNT = 10

const options = parseChaosOptions(process.argv.slice(2))
console.log(toCommand(options))
const startedAt = performance.now()
const stage = await openChaosStage(options)
console.log(`evidence: ${stage.folder}; broker: ${stage.broker.isOwn ? 'a node of our own' : 'shared, links only'}`)
let isPassed = false
// An interrupted run takes its servers with it.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void stage.close().finally(() => process.exit(2)))
}
try {
  isPassed = await runChaos(options, stage)
} catch (error) {
  console.error(error)
} finally {
  await stage.close()
}
if (isPassed) rmSync(stage.folder, { recursive: true, force: true })
else console.log(`what is left of it: ${stage.folder} (logs, database); once more: ${toCommand(options)}`)
process.exit(isPassed ? 0 : 1)

async function runChaos(options: ChaosOptions, stage: ChaosStage): Promise<boolean> {
  const orders = makeChaosOrders(options.orderCount, BUSINESS_TYPES, makeDice(options.seed))
  const seconds = Math.max(options.orderCount / ORDERS_PER_SECOND, options.faultCount / FAULTS_PER_SECOND)
  const faults = makeFaults({ ...stage, dice: makeDice(options.seed + 2) })
  const isTelling = tellProgress(stage, orders.length)
  await Promise.all([
    publishAll(stage, orders, seconds * 1_000, options.seed),
    playAll(options, faults, seconds * 1_000),
    options.isDiskFull ? fillDiskOnce(stage, seconds * 400) : null,
  ])
  await stage.bureau.calm()
  stage.note('healed')
  const drainedMs = await drain(stage, orders)
  isTelling.abort()
  const book = await stage.bureau.book()
  const judgement = judge(orders, stage.orderSystem.told, book, await readRemarks(stage, book))
  const audit = await stage.audit()
  const created = await replay(stage, orders, book)
  return report(options, stage, { faults, judgement, audit, created, drainedMs, doubt: await countDoubts(stage) })
}

async function publishAll(stage: ChaosStage, orders: readonly ChaosOrder[], ms: number, seed: number): Promise<void> {
  const dice = makeDice(seed + 1)
  await Promise.all(
    orders.map(async ({ orderNo: messageId, businessType, body, again }, index) => {
      const againMs = dice.between(...AGAIN_MS)
      await sleep((ms * index) / orders.length)
      await stage.orderSystem.publish({ messageId, businessType, body })
      if (again === null) return
      await sleep(againMs)
      await stage.orderSystem.publish({ messageId: `${messageId} again`, businessType, body: again })
    }),
  )
}

async function playAll({ faultCount, seed }: ChaosOptions, faults: Faults, ms: number): Promise<void> {
  const beganAt = performance.now()
  await Promise.all(
    makeSchedule(faultCount, ms, makeDice(seed + 3)).map(async (fault) => {
      await sleep(Math.max(0, fault.atMs - (performance.now() - beganAt)))
      await faults.play(fault)
    }),
  )
}

async function fillDiskOnce({ database, note }: ChaosStage, atMs: number): Promise<void> {
  if (database.fillDisk === null) return
  await sleep(atMs)
  note('disk full')
  await database.fillDisk()
  await sleep(DISK_FULL_MS)
  await database.emptyDisk()
  note('disk has room again')
}

/** Until every order is told and nothing is open. Errors: it takes too long, with what is open still. */
async function drain(stage: ChaosStage, orders: readonly ChaosOrder[]): Promise<number> {
  const since = performance.now()
  for (;;) {
    const open = await countOpen(stage).catch((error: Error) => ({ database: error.message }))
    const toldNos = new Set([...stage.orderSystem.told.values()].map(({ result }) => result.orderNo))
    const untold = orders.filter(({ orderNo }) => !toldNos.has(orderNo)).length
    const isDone = untold === 0 && Object.values(open).every((count) => count === 0)
    if (isDone) return Math.round(performance.now() - since)
    // What is not told by then is judged as lost.
    if (performance.now() - since > DRAINED_MS_MAX) {
      console.log(`not drained: ${untold} orders untold, open: ${JSON.stringify(open)}`)
      return Math.round(performance.now() - since)
    }
    await sleep(LOOK_MS)
  }
}

async function countOpen({ database, schema, orderSystem }: ChaosStage): Promise<Record<string, number | string>> {
  const [row] = await database.query<Record<string, number>>(`
    select (select count(*) from ${schema}.inbox_messages where disposition is null)::int as messages,
      (select count(*) from ${schema}.orders where state in ('received', 'mapped', 'in_progress'))::int as orders,
      (select count(*) from ${schema}.bureau_moves where state not in ('granted', 'refused'))::int as moves,
      (select count(*) from ${schema}.outbox_events where state = 'pending')::int as results`)
  return { ...row, queued: await orderSystem.waitingCount() }
}

/** What order each stored invoice is about, as it was uploaded. */
async function readRemarks({ bureau }: ChaosStage, book: Book): Promise<Map<string, string>> {
  const remarks = new Map<string, string>()
  const numbers = book.invoices.map(({ number }) => number)
  const hands = Array.from({ length: BOOK_CALLS_AT_ONCE }, async () => {
    for (let number = numbers.pop(); number !== undefined; number = numbers.pop()) {
      remarks.set(number, await bureau.remarkOf(number))
    }
  })
  await Promise.all(hands)
  return remarks
}

async function countDoubts({ database, schema }: ChaosStage) {
  const [row] = await database.query<{ count: number; personCount: number }>(`
    select count(distinct i.id)::int as count,
      (count(distinct i.id) filter (where i.state in ('needs_person', 'in_doubt')))::int as "personCount"
    from ${schema}.upload_batches b join ${schema}.upload_items u on u.batch_id = b.id
      join ${schema}.invoices i on i.id = u.invoice_id where b.was_in_doubt`)
  return { count: row?.count ?? 0, personCount: row?.personCount ?? 0 }
}

/** Says everything once more; what that created. */
async function replay(stage: ChaosStage, orders: readonly ChaosOrder[], before: Book): Promise<readonly string[]> {
  const { database, schema, orderSystem, bureau } = stage
  const count = async () => {
    const [row] = await database.query<Record<string, number>>(`
      select (select count(*) from ${schema}.inbox_messages)::int as messages,
        (select count(*) from ${schema}.orders)::int as orders,
        (select count(*) from ${schema}.invoices)::int as invoices,
        (select count(*) from ${schema}.outbox_events)::int as results`)
    return row ?? {}
  }
  const stored = await count()
  const toldCount = orderSystem.told.size
  const saidAgain = orders.flatMap(({ orderNo, businessType, body, again }) =>
    [body, again].flatMap((each, index) =>
      each === null ? [] : [{ messageId: `${orderNo} replay ${index}`, businessType, body: each }],
    ),
  )
  await Promise.all(saidAgain.map((message) => orderSystem.publish(message)))
  const isTaken = async () => ((await count()).messages ?? 0) >= (stored.messages ?? 0) + saidAgain.length
  const since = performance.now()
  while (!(await isTaken()) && performance.now() - since < DRAINED_MS_MAX) await sleep(LOOK_MS)
  await drain(stage, [])
  const now = await count()
  const book = await bureau.book()
  const created: string[] = []
  if (!(await isTaken())) created.push('not everything that was said again was taken')
  for (const what of ['orders', 'invoices', 'results']) {
    if (now[what] !== stored[what]) created.push(`${what}: ${stored[what]} → ${now[what]}`)
  }
  if (orderSystem.told.size !== toldCount) created.push(`result ids: ${toldCount} → ${orderSystem.told.size}`)
  if (JSON.stringify(book.invoices.map(toKey)) !== JSON.stringify(before.invoices.map(toKey))) {
    created.push(`invoices at the bureau: ${before.invoices.length} → ${book.invoices.length}`)
  }
  return created
}

function toKey({ number, gross }: Book['invoices'][number]): string {
  return `${number} ${gross}`
}

interface Outcome {
  faults: Faults
  judgement: Judgement
  audit: { ok: boolean; text: string }
  created: readonly string[]
  drainedMs: number
  doubt: { count: number; personCount: number }
}

async function report(options: ChaosOptions, stage: ChaosStage, outcome: Outcome): Promise<boolean> {
  const { faults, judgement, audit, created, drainedMs, doubt } = outcome
  const asked = [...faults.counts].sort(([a], [b]) => (a < b ? -1 : 1))
  const faultCount = asked.reduce((sum, [, count]) => sum + count, 0)
  const resolvedShare = doubt.count === 0 ? 1 : 1 - doubt.personCount / doubt.count
  const recoveries = summarise(faults.recoveries)
  const isPassed = isClean(judgement) && audit.ok && created.length === 0
  const figures = {
    orders: options.orderCount,
    seed: options.seed,
    replicas: options.replicaCount,
    faults: faultCount,
    lost: judgement.lost.length,
    doubled: judgement.doubled.length,
    reused: judgement.reused.length,
    overspent: judgement.overspent.length,
    wrongVerdict: judgement.wrong.length,
    changedCopies: judgement.changed.length,
    createdByReplay: created.length,
    audit: audit.ok ? 'clean' : 'violated',
    inDoubt: doubt.count,
    inDoubtResolvedShare: Number(resolvedShare.toFixed(4)),
    duplicateShare: Number((judgement.extraCopyCount / Math.max(1, judgement.resultCount)).toFixed(4)),
    recoveryP50Ms: recoveries.all.p50,
    recoveryP95Ms: recoveries.all.p95,
    recoveryMaxMs: recoveries.all.max,
    drainedSeconds: Math.round(drainedMs / 1_000),
    seconds: Math.round((performance.now() - startedAt) / 1_000),
    isPassed,
  }
  console.log('\nfault                          count')
  for (const [kind, count] of asked) console.log(`${kind.padEnd(30)} ${count}`)
  console.log('\nrecovery (ms)                  count    p50    p95    max')
  for (const [kind, { count, p50, p95, max }] of Object.entries(recoveries)) {
    console.log(`${kind.padEnd(30)} ${[count, p50, p95, max].map((n) => String(n).padStart(6)).join(' ')}`)
  }
  console.log('')
  for (const [name, value] of Object.entries(figures)) console.log(`${name.padEnd(22)} ${value}`)
  const findings = { ...judgement, created, audit: audit.ok ? [] : [audit.text] }
  for (const [what, list] of Object.entries(findings)) {
    if (Array.isArray(list) && list.length > 0) console.log(`${what}: ${list.slice(0, SHOWN_COUNT).join(', ')}`)
  }
  if (!isPassed) {
    writeFileSync(join(stage.folder, 'findings.json'), JSON.stringify(findings, null, 2))
    writeFileSync(join(stage.folder, 'book.json'), JSON.stringify(await stage.bureau.book()))
    const told = [...stage.orderSystem.told.values()].map(({ result }) => result)
    writeFileSync(join(stage.folder, 'told.json'), JSON.stringify(told))
  }
  console.log(JSON.stringify({ ...figures, byKind: Object.fromEntries(asked), recoveries }))
  return isPassed
}

interface Quantiles {
  count: number
  p50: number
  p95: number
  max: number
}

function summarise(recoveries: Faults['recoveries']): Record<'all', Quantiles> & Record<string, Quantiles> {
  const kinds = [...new Set(recoveries.map(({ kind }) => kind))].sort()
  const of = (kind: string | null) => {
    const ms = recoveries.filter((each) => kind === null || each.kind === kind).map((each) => each.ms)
    const sorted = ms.sort((a, b) => a - b)
    const at = (share: number) => sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)] ?? 0
    return { count: sorted.length, p50: at(0.5), p95: at(0.95), max: at(1) }
  }
  return { ...Object.fromEntries(kinds.map((kind) => [kind, of(kind)])), all: of(null) }
}

function tellProgress({ orderSystem }: ChaosStage, count: number): AbortController {
  const end = new AbortController()
  const tell = async () => {
    while (!end.signal.aborted) {
      const seconds = Math.round((performance.now() - startedAt) / 1_000)
      console.log(`${String(seconds).padStart(5)} s  ${orderSystem.told.size} of ${count} orders told`)
      await sleep(TOLD_EVERY_MS, undefined, { signal: end.signal })
    }
  }
  tell().catch((error: Error) => {
    if (error.name !== 'AbortError') throw error
  })
  return end
}
