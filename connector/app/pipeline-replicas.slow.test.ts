/**
 * Two replicas on one memory share the work. One of them is cut off from database and broker for good while it holds
 * batches, and ends; the other finishes everything. Slow, because what the dead one held comes back with its leases.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { databaseUrl } from '../testing/database.js'
import { type Link, startLink } from '../testing/link.js'
import { startPipeline } from '../testing/pipeline.js'
import { assertAgreement } from '../testing/pipeline-agreement.js'
import { plainMapping, SELLERS } from '../testing/pipeline-settings.js'
import { aPlainOrder } from '../testing/plain-orders.js'

/** Published before anything is looked at, and after the death. */
const EARLY_COUNT = 100
const LATE_COUNT = 100
/** More is published, a few at every look, until the death has something to interrupt; the most there can be. */
const PUBLISHED_AT_ONCE = 10
const ORDER_COUNT_MAX = 5_000
/** Leases of the dead (15 s), a doubt (15 s), and the work itself. */
const FINISHED_MS_MAX = 60_000
const BUSINESS_TYPE = 'plain'

test('of two replicas one dies in the middle of its work: each order is issued once, and told', async (t) => {
  const pipeline = await startPipeline(t, {
    simulator: { verdictDelay: { minMs: 100, maxMs: 500, hiddenMs: 0 } },
    env: { LOG_LEVEL: 'error' },
    settings: ({ businessTypes }, write) => {
      const mapping = write('plain.yaml', plainMapping(BUSINESS_TYPE))
      businessTypes.push({ code: BUSINESS_TYPE, name: '业务', seller: SELLERS.sales.taxNo, mapping })
    },
  })
  const links = { database: await startLink(databaseUrl()), broker: await startLink(pipeline.env.AMQP_URL ?? '') }
  t.after(() => Promise.all([links.database.close(), links.broker.close()]))
  const told = countResults(links.broker)
  const mortal = await pipeline.startReplica({ DATABASE_URL: links.database.url, AMQP_URL: links.broker.url })
  let publishedCount = 0
  const publish = async (count: number) => {
    const bodies = Array.from({ length: count }, () => aPlainOrder())
    await pipeline.orderSystem.publish(...bodies.map((body) => ({ businessType: BUSINESS_TYPE, body })))
    publishedCount += count
  }
  const { received } = pipeline.orderSystem
  const distinct = () => new Set(received.map(({ result }) => result.orderNo)).size

  await publish(EARLY_COUNT)
  const heldCount = await pipeline.until('both to work, and the mortal one to hold batches', async () => {
    // In one turn: nothing of what it holds can end in between.
    const count = mortal.connector.engine.inFlightCount()
    const isInTheMiddle = told() > 0 && distinct() > told() && count > 0
    if (isInTheMiddle) {
      cutOff(links)
      return count
    }
    assert.ok(publishedCount < ORDER_COUNT_MAX, 'it never held anything while both had told some')
    await publish(PUBLISHED_AT_ONCE)
    return null
  })
  await mortal.drop()
  const toldAtDeath = distinct()
  await publish(LATE_COUNT)
  await pipeline.until('all results', () => (distinct() === publishedCount ? true : null), FINISHED_MS_MAX)
  t.diagnostic(
    `${toldAtDeath} of ${publishedCount} told at its death, ${told()} by itself; it held ${heldCount} batches`,
  )

  assert.deepEqual([...new Set(received.map(({ result }) => result.status))], ['issued'])
  assert.deepEqual((await pipeline.readiness()).parked, [])
  await assertAgreement(pipeline)
})

/** How many results went out by this link. */
function countResults(link: Link): () => number {
  let count = 0
  link.watch((towards, bytes) => {
    if (towards === 'server') count += bytes.toString('latin1').split(`result.${BUSINESS_TYPE}`).length - 1
  })
  return () => count
}

function cutOff(links: Record<string, Link>): void {
  for (const link of Object.values(links)) {
    void link.fault({ refuses: true })
    link.cut()
  }
}
