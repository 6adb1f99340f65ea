/**
 * `npm run bench:waking`: how soon what waits goes on when its cause goes. So many orders are parked for each cause in
 * turn (quota; a business type that nobody configured), then the cause is removed, and the database's own times tell when
 * the first and the last of them went on. A figure is printed only together with the audit of the same run.
 */
import { parseArgs } from 'node:util'
import { startPipeline } from './pipeline.js'
import { assertAgreement } from './pipeline-agreement.js'
import { addSeller, plainMapping, SELLERS } from './pipeline-settings.js'
import { aPlainOrder } from './plain-orders.js'

const WAIT_MS_MAX = 600_000
const PUBLISHED_AT_ONCE = 500
const SHORT = SELLERS.assets

const { values } = parseArgs({ options: { orders: { type: 'string', default: '10000' } } })
const orderCount = Number(values.orders)
const cleaners: (() => Promise<void>)[] = []
try {
  const pipeline = await startPipeline(
    { after: (clean) => cleaners.push(clean) },
    {
      prepareBureau: (control) => control.setQuota(SHORT.taxNo, { total: '0.00' }),
      settings: (settings, write) => {
        addSeller(settings, SHORT, { numberClaimCount: 5_000, numberWarningCount: 10_000 })
        for (const [code, seller] of Object.entries({ quota: SHORT, other: SELLERS.sales })) {
          const mapping = write(`${code}.yaml`, plainMapping(code))
          settings.businessTypes.push({ code, name: `业务 ${code}`, seller: seller.taxNo, mapping })
        }
      },
    },
  )

  async function park(businessType: string, table: string): Promise<void> {
    for (let sent = 0; sent < orderCount; sent += PUBLISHED_AT_ONCE) {
      const count = Math.min(PUBLISHED_AT_ONCE, orderCount - sent)
      await pipeline.orderSystem.publish(
        ...Array.from({ length: count }, () => ({ businessType, body: aPlainOrder() })),
      )
    }
    await pipeline.until(
      `${orderCount} rows of ${table} to be parked`,
      async () => {
        const [row] = await pipeline.sql<{ count: number }>(
          `select count(*)::int as count from ${table} where park_cause is not null`,
        )
        return row?.count === orderCount ? true : null
      },
      WAIT_MS_MAX,
    )
  }

  async function untilIssued(businessType: string): Promise<void> {
    await pipeline.until(
      'all orders to be issued',
      async () => {
        const [row] = await pipeline.sql<{ count: number }>(
          `select count(*)::int as count from orders where business_type = $1 and state = 'issued'`,
          [businessType],
        )
        return row?.count === orderCount ? true : null
      },
      WAIT_MS_MAX,
    )
  }

  /** From the end of the cause to the first frozen upload, and to the last verdict. */
  async function times(businessType: string, endOfCause: string) {
    const [row] = await pipeline.sql<{ first_ms: number; last_ms: number }>(
      `with cause as (${endOfCause})
       select extract(epoch from min(b.created_at) - min(cause.at))::float8 * 1000 as first_ms,
         extract(epoch from max(o.finished_at) - min(cause.at))::float8 * 1000 as last_ms
       from cause, orders o join invoices i on i.order_id = o.id join upload_batches b on b.id = i.batch_id
       where o.business_type = $1`,
      [businessType],
    )
    return { firstMs: Math.round(row?.first_ms ?? Number.NaN), lastMs: Math.round(row?.last_ms ?? Number.NaN) }
  }

  await park('quota', 'invoices')
  pipeline.simulator.control.setQuota(SHORT.taxNo, { total: '90000000.00' })
  await untilIssued('quota')
  const quota = await times(
    'quota',
    "select min(at) as at from quota_ledger where reason = 'downloaded' and downloaded_delta > 0 and using_unit_id = (select id from using_units where tax_no = '" +
      SHORT.taxNo +
      "')",
  )

  await park('unheard-of', 'inbox_messages')
  const appliedAt = new Date().toISOString()
  const { exitCode } = await pipeline.apply(
    ({ businessTypes }, write) => {
      const mapping = write('unheard-of.yaml', plainMapping('unheard-of'))
      businessTypes.push({ code: 'unheard-of', name: '新业务', seller: SELLERS.sales.taxNo, mapping })
    },
    ['--offline'],
  )
  if (exitCode !== 0) throw new Error('the settings are refused')
  await untilIssued('unheard-of')
  const mapping = await times('unheard-of', `select timestamptz '${appliedAt}' as at`)

  await assertAgreement(pipeline)
  console.log(JSON.stringify({ orders: orderCount, quota, mapping, audit: 'clean' }))
} finally {
  for (const clean of cleaners) await clean()
}
