import { test } from 'node:test'
import { BEHAVIOURS } from './testing/behaviour.js'
import { describeOnBrokers, TEST_TIMEOUT_MS } from './testing/brokers.js'
import { openGround } from './testing/ground.js'

await describeOnBrokers((broker) => {
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
