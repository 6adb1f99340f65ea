import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { BEHAVIOURS } from './behaviour.js'
import { findBrokers } from './testing/brokers.js'
import { openGround } from './testing/ground.js'

const TEST_TIMEOUT_MS = 20_000

const { brokers, summary, fault } = await findBrokers(process.env)
process.stdout.write(`${summary}\n`)

after(async () => {
  for (const broker of brokers) await broker.close()
})

test('the broker that was asked for is reachable', () => {
  assert.equal(fault, null)
})

for (const broker of brokers) {
  describe(`on the ${broker.name}`, () => {
    for (const { promise, prove } of BEHAVIOURS) {
      test(promise, { timeout: TEST_TIMEOUT_MS }, async () => {
        const ground = await openGround(broker.url)
        try {
          await prove(ground, broker.url)
        } finally {
          await ground.close()
        }
      })
    }
  })
}
