/** The brokers that the tests of this room run against: the dev broker always, a real RabbitMQ when it is reachable. */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { connect } from 'amqplib'
import { startDevBroker } from '../dev-broker/dev-broker.js'

const DEFAULT_URL = 'amqp://guest:guest@127.0.0.1:5672'
const PROBE_TIMEOUT_MS = 3_000
/** A test that waits for what does not come ends here. */
export const TEST_TIMEOUT_MS = 20_000

export interface TestBroker {
  name: string
  url: string
  close(): Promise<void>
}

interface TestBrokers {
  brokers: readonly TestBroker[]
  /** One line: which were found, and why not the other. */
  summary: string
  /** Why the tests must fail although they could run; null when all is well. */
  fault: string | null
}

/** Defines tests once per broker, says first which brokers these are, and fails when one is missing that must be there. */
export async function describeOnBrokers(define: (broker: TestBroker) => void): Promise<void> {
  const { brokers, summary, fault } = await findBrokers(process.env)
  process.stdout.write(`${summary}\n`)
  after(async () => {
    for (const broker of brokers) await broker.close()
  })
  test('the broker that was asked for is reachable', () => assert.equal(fault, null))
  for (const broker of brokers) describe(`on the ${broker.name}`, () => define(broker))
}

/** A real one must be there on a CI machine (`CI=true`) and where somebody named one (`AMQP_URL`). */
async function findBrokers(environment: Record<string, string | undefined>): Promise<TestBrokers> {
  const dev = await startDevBroker()
  const brokers: TestBroker[] = [{ name: 'dev broker', url: dev.url, close: () => dev.close() }]
  const url = environment.AMQP_URL ?? DEFAULT_URL
  const real = await probe(url)
  const isRequired = environment.CI === 'true' || environment.AMQP_URL !== undefined
  if (real.isRabbit) {
    brokers.push({ name: real.name, url, close: async () => {} })
    return { brokers, summary: `AMQP: dev broker and ${real.name} at ${new URL(url).host}`, fault: null }
  }
  const summary = `AMQP: dev broker only; no RabbitMQ at ${new URL(url).host} (${real.name})`
  return { brokers, summary, fault: isRequired ? summary : null }
}

async function probe(url: string): Promise<{ isRabbit: boolean; name: string }> {
  try {
    const model = await connect(url, { noDelay: true, timeout: PROBE_TIMEOUT_MS })
    const { product, version } = model.connection.serverProperties
    await model.close()
    return { isRabbit: product === 'RabbitMQ', name: `${product} ${version ?? ''}`.trim() }
  } catch (error) {
    return { isRabbit: false, name: error instanceof Error ? error.message : String(error) }
  }
}
