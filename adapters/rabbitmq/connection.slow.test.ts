/** What only the broker's own clock shows: it leaves a client that it does not hear any more, and the client comes back. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startLink } from '../../connector/testing/link.js'
import { openBench } from './testing/adapter.js'

const DEFAULT_URL = 'amqp://guest:guest@127.0.0.1:5672'
/** The promise of the product: a silent link is noticed within this time. */
const SILENCE_MS_MAX = 15_000

test('a broker that does not hear us leaves in less than 15 s, and we come back', { timeout: 30_000 }, async (t) => {
  const url = process.env.AMQP_URL ?? DEFAULT_URL
  const bench = await openBench(url)
  const link = await startLink(url)
  t.after(async () => {
    await bench.close()
    await link.close()
  })
  await bench.connect({ url: link.url })
  await link.fault({ silentTowards: ['server'] })
  let isLost = false
  const tooLate = setTimeout(() => assert.ok(isLost, 'still not noticed'), SILENCE_MS_MAX)

  await bench.log.until('broker.lost')
  isLost = true
  clearTimeout(tooLate)
  await link.heal()

  await bench.log.until('broker.connected', 2)
})
