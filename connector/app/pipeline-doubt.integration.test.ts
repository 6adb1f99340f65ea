/**
 * Every way in which the bureau may answer a repeated upload: the order is told correctly, and once. Where the answers
 * prove nothing, two people end it on the command line.
 */
import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { after, test } from 'node:test'
import type { RepeatedUploadMode } from '../../adapters/leqi/simulator/settings.js'
import { startPipeline } from '../testing/pipeline.js'
import { assertAgreement } from '../testing/pipeline-agreement.js'
import { plainMapping, SELLERS } from '../testing/pipeline-settings.js'
import { aPlainOrder } from '../testing/plain-orders.js'
import { runCli } from './cli/program.js'
import { readHost } from './config.js'

const pipeline = await startPipeline(
  { after },
  {
    simulator: { faultTiming: { lostHoldMs: 30, lateMs: 50, dripMs: 5, dripBytes: 64 } },
    settings: ({ businessTypes }, write) => {
      const mapping = write('plain.yaml', plainMapping('plain'))
      businessTypes.push({ code: 'plain', name: '直述订单', seller: SELLERS.sales.taxNo, mapping })
    },
  },
)
const { control } = pipeline.simulator

const ANSWERED: readonly [mode: RepeatedUploadMode, what: string][] = [
  ['03', 'that it is held'],
  ['00', 'that it is stored, under a second receipt'],
  ['same-receipt', 'with the first receipt again'],
]

for (const [mode, what] of ANSWERED) {
  test(`a repeated upload is answered ${what}: issued with the number and the bytes it had, told once`, async () => {
    const { orderNo, number } = await publishInDoubt(mode)
    await makeDue(number)

    const { result } = await pipeline.nextResult(orderNo)

    assert.deepEqual([result.status, result.invoices[0]?.invoiceNumber], ['issued', number])
  })
}

const UNTOLD: readonly [mode: RepeatedUploadMode, what: string][] = [
  ['refuse-call', 'by a refusal of the whole call'],
  ['02', 'by a refusal of the invoice'],
]

for (const [mode, what] of UNTOLD) {
  test(`a repeated upload is answered ${what} in words: nobody is told before two people have spoken`, async () => {
    const { orderNo, number } = await publishInDoubt(mode)
    await makeDue(number)
    await pipeline.until('the repeated upload', async () => {
      const [row] = await pipeline.sql(
        `select b.id from invoices i join upload_batches b on b.id = i.batch_id
         where i.invoice_number = $1 and b.attempts > 1 and b.state <> 'sending' and b.leased_until is null`,
        [number],
      )
      return row ?? null
    })
    await letADayPass(number)
    await pipeline.orderThat(orderNo, 'to wait for people', ({ invoices }) => invoices[0]?.state === 'needs_person')

    const listed = await doubt('list')
    const proposed = await doubt('close', number, '--verdict', 'issued', '--reason', '已向税局电话核实', '--by', '王')
    const id = /doubt approve (\d+)/.exec(proposed.lines.join('\n'))?.[1] ?? ''
    const alone = await doubt('approve', id, '--by', '王')
    const approved = await doubt('approve', id, '--by', '李')
    const { result } = await pipeline.nextResult(orderNo)
    const evidence = JSON.parse((await doubt('show', number)).lines.join('\n'))

    assert.equal(listed.exitCode, 1)
    assert.match(listed.lines.join('\n'), new RegExp(`${number} {2}needs_person`))
    assert.deepEqual([proposed.exitCode, alone.exitCode, approved.exitCode], [0, 2, 0])
    assert.match(alone.lines.join('\n'), /HND-same-person/)
    assert.deepEqual([result.status, result.invoices[0]?.invoiceNumber], ['issued', number])
    assert.deepEqual([evidence.state, evidence.actions.length], ['issued', 2])
    assert.ok(evidence.batches[0].attempts.length >= 2)
  })
}

test('the audit is clean, and the bureau and the order system say the same', () => assertAgreement(pipeline))

/** An order whose first upload is stored at the bureau and never answered. */
async function publishInDoubt(repeatedUpload: RepeatedUploadMode): Promise<{ orderNo: string; number: string }> {
  control.setSettings({ repeatedUpload })
  control.faultNext({ kind: 'lost-after', service: 'QDFPSC' })
  const order = aPlainOrder()
  await pipeline.orderSystem.publish({ businessType: 'plain', body: order })
  const { invoices } = await pipeline.orderThat(order.no, 'to be in doubt', (each) => {
    return each.invoices[0]?.state === 'in_doubt'
  })
  return { orderNo: order.no, number: invoices[0]?.number ?? '' }
}

/** The time of doubt is over. */
async function makeDue(number: string): Promise<void> {
  await moveTime(number, 'due_at = now()')
}

/** So long has nothing been found out. */
async function letADayPass(number: string): Promise<void> {
  const aDay = `interval '25 hours'`
  await moveTime(number, `due_at = now(), doubt_since = doubt_since - ${aDay}, accepted_at = accepted_at - ${aDay}`)
}

async function moveTime(number: string, change: string): Promise<void> {
  await pipeline.sql(
    `update upload_batches set ${change}
     where id = (select batch_id from invoices where invoice_number = $1) and state in ('in_doubt', 'accepted')`,
    [number],
  )
  await pipeline.sql('select pg_notify($1, $2)', [`${pipeline.schema}_work`, 'batches'])
}

async function doubt(...args: readonly string[]): Promise<{ exitCode: number; lines: readonly string[] }> {
  const lines: string[] = []
  const exitCode = await runCli(['doubt', ...args], {
    source: { ...readHost(), env: pipeline.env },
    print: (line) => lines.push(line),
    complain: (line) => lines.push(line),
    signals: new EventEmitter(),
    exitNow: () => undefined,
  })
  return { exitCode, lines }
}
