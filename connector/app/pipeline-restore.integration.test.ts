/**
 * Restored from an older backup: the database is put back to a copy of itself, as an operator does it, while the bureau
 * remembers everything. Nothing is uploaded before both agree; no number and no order is used twice.
 */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import pg from 'pg'
import { runAudit } from '../../adapters/postgres/audit/audit.js'
import { databaseUrl } from '../testing/database.js'
import { type Pipeline, startPipeline } from '../testing/pipeline.js'
import { assertAgreement } from '../testing/pipeline-agreement.js'
import { plainMapping, SELLERS } from '../testing/pipeline-settings.js'
import { aPlainOrder } from '../testing/plain-orders.js'

const TYPE = 'plain'

describe('restored from an older backup', { concurrency: true }, () => {
  test('nothing was issued since: the bureau says so, and issuing goes on with new numbers', async (t) => {
    const { pipeline, place } = await startInOwnDatabase(t)
    await issue(pipeline)
    await restore(pipeline, place)

    const order = aPlainOrder()
    await pipeline.orderSystem.publish({ businessType: TYPE, body: order })
    await waitParked(pipeline, order.no)
    const bookBefore = pipeline.simulator.control.book()
    assert.equal(bookBefore.invoices.length, 1, 'nothing is uploaded before both agree')
    assert.deepEqual(await pageOf(pipeline), { status: 'ready', state: 'reconciling' })

    const states = await runRounds(pipeline, ({ state }) => state === 'released')
    assert.deepEqual(states, [{ state: 'released', findings: CLEAN }])
    const { result } = await pipeline.nextResult(order.no)

    assert.equal(result.status, 'issued')
    assert.deepEqual(await pageOf(pipeline), { status: 'ready', state: null })
    const [old, fresh] = pipeline.simulator.control.book().taxpayers.flatMap(({ segments }) => segments)
    const number = result.invoices[0]?.invoiceNumber ?? ''
    assert.ok(old !== undefined && fresh !== undefined && number >= fresh.first && number <= fresh.last)
    await assertAgreement(pipeline)
  })

  test('orders were issued since: the unit is held, the order that comes again is not issued twice', async (t) => {
    const { pipeline, place } = await startInOwnDatabase(t)
    await issue(pipeline)
    const copy = await place.copy()
    const lost = await issue(pipeline)
    await place.putBack(copy, pipeline)

    // The order system publishes again whatever it has, as after any accident.
    await pipeline.orderSystem.publish({ businessType: TYPE, body: lost.order })
    await waitParked(pipeline, lost.order.no)
    const [state] = await runRounds(pipeline, ({ state }) => state !== 'reconciling')

    assert.equal(state?.state, 'held')
    assert.deepEqual(await pageOf(pipeline), { status: 'ready', state: 'held' })
    assert.deepEqual(state?.findings?.usedNumbers, [lost.number])
    assert.equal(state?.findings?.usedDifference, '100.00')
    const { invoices } = pipeline.simulator.control.book()
    assert.equal(invoices.length, 2, 'the lost order is at the bureau once')
    const { violations } = await runAudit(pipeline.pool, pipeline.schema)
    assert.deepEqual(violations, [])
  })

  test('an upload was on its way: the same number and bytes go out again after the comparison', async (t) => {
    const { pipeline, place } = await startInOwnDatabase(t)
    await issue(pipeline)
    pipeline.simulator.control.faultNext({ kind: 'endless-pending' })
    const order = aPlainOrder()
    await pipeline.orderSystem.publish({ businessType: TYPE, body: order })
    await pipeline.until('its upload to be accepted', async () => {
      const batch = (await pipeline.view.batches()).find(({ state }) => state === 'accepted')
      return batch ?? null
    })
    await restore(pipeline, place)
    const [batch] = (await pipeline.view.batches()).filter(({ state }) => state === 'in_doubt')
    assert.deepEqual([batch?.parkCause, batch?.wasInDoubt], ['restored', true])

    await runRounds(pipeline, ({ state }) => state === 'released')
    const { result } = await pipeline.nextResult(order.no)

    assert.equal(result.status, 'issued')
    await assertAgreement(pipeline)
  })
})

const CLEAN = { usedNumbers: [], foreignNumbers: [], usedDifference: '0.00', unavailable: null }

interface Place {
  /** A backup, with nobody connected. */
  copy(): Promise<string>
  putBack(copy: string, pipeline: Pipeline): Promise<void>
}

/** A database that can be copied and put back as a whole: its own. */
async function startInOwnDatabase(owner: { after: (clean: () => Promise<void>) => void }) {
  const name = `test_restore_${randomBytes(4).toString('hex')}`
  const admin = new pg.Client({ connectionString: databaseUrl() })
  await admin.connect()
  const copies: string[] = []
  await admin.query(`create database ${name}`)
  const url = new URL(databaseUrl())
  url.pathname = `/${name}`
  let pipeline: Pipeline | null = null
  const disconnect = () =>
    admin.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name])
  const place: Place = {
    async copy() {
      const copy = `${name}_copy${copies.length}`
      copies.push(copy)
      await pipeline?.stop()
      await disconnect()
      await admin.query(`create database ${copy} template ${name}`)
      await pipeline?.start()
      return copy
    },
    async putBack(copy, restored) {
      await restored.stop()
      await admin.query(`drop database ${name} with (force)`)
      await admin.query(`alter database ${copy} rename to ${name}`)
      await restored.start()
    },
  }
  pipeline = await startPipeline(owner, {
    env: { DATABASE_URL: url.href },
    settings: (settings, write) => {
      const mapping = write('plain.yaml', plainMapping(TYPE))
      settings.businessTypes.push({ code: TYPE, name: '业务', seller: SELLERS.sales.taxNo, mapping })
    },
  })
  // After the pipeline's own cleaning, which works in it.
  owner.after(async () => {
    for (const each of [name, ...copies]) await admin.query(`drop database if exists ${each} with (force)`)
    await admin.end()
  })
  return { pipeline, place }
}

async function issue(pipeline: Pipeline) {
  const order = aPlainOrder()
  await pipeline.orderSystem.publish({ businessType: TYPE, body: order })
  const { result } = await pipeline.nextResult(order.no)
  assert.equal(result.status, 'issued')
  return { order, number: result.invoices[0]?.invoiceNumber }
}

async function restore(pipeline: Pipeline, place: Place): Promise<void> {
  await place.putBack(await place.copy(), pipeline)
}

async function waitParked(pipeline: Pipeline, orderNo: string): Promise<void> {
  await pipeline.orderThat(orderNo, 'to wait for the comparison', ({ invoices }) =>
    invoices.some(({ parkCause }) => parkCause === 'restored'),
  )
}

/** What an operator sees: other units go on, this one waits. */
async function pageOf(pipeline: Pipeline) {
  const { status, units } = await pipeline.readiness()
  return { status, state: units.find(({ taxNo }) => taxNo === SELLERS.sales.taxNo)?.restored?.state ?? null }
}

interface UnitRow {
  state: string
  findings: Record<string, unknown> | null
}

/** Lets the pauses between rounds pass at once; the state of the seller under it. */
function runRounds(pipeline: Pipeline, isSo: (row: UnitRow) => boolean): Promise<UnitRow[]> {
  return pipeline.until('the rounds to end', async () => {
    await pipeline.sql(
      `update restore_units set due_at = now() where due_at > now() and due_at < now() + interval '3 minutes'`,
    )
    const rows = await pipeline.sql<UnitRow>(
      `select r.state, r.findings from restore_units r join using_units u on u.id = r.using_unit_id where u.tax_no = $1`,
      [SELLERS.sales.taxNo],
    )
    return rows.length > 0 && rows.every(isSo) ? rows : null
  })
}
