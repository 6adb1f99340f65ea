/** The brokers that the tests of this room run against: the dev broker always, a real RabbitMQ when it is reachable. */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { connect } from 'amqplib'
import { startDevBroker } from '../dev-broker/dev-broker.js'

const DEFAULT_URL = 'amqp://guest:guest@127.0.0.1:5672'
const RABBITMQ = 'RabbitMQ'
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

/**
 * RabbitMQ must be there on a CI machine (`CI=true`), and whatever `AMQP_URL` names must be there. That may be a dev
 * broker too: a test run without any server starts one and names it so.
 */
async function findBrokers(environment: Record<string, string | undefined>): Promise<TestBrokers> {
  const dev = await startDevBroker()
  const brokers: TestBroker[] = [{ name: 'dev broker', url: dev.url, close: () => dev.close() }]
  const url = environment.AMQP_URL ?? DEFAULT_URL
  const found = await probe(url)
  if (found.product === RABBITMQ) {
    const name = `${RABBITMQ} ${found.version}`
    brokers.push({ name, url, close: async () => {} })
    return { brokers, summary: `AMQP: dev broker and ${name} at ${new URL(url).host}`, fault: null }
  }
  const reason = found.product === null ? found.error : `that is ${found.product}`
  const summary = `AMQP: dev broker only; no RabbitMQ at ${new URL(url).host} (${reason})`
  const isMissing = environment.CI === 'true' || (environment.AMQP_URL !== undefined && found.product === null)
  return { brokers, summary, fault: isMissing ? summary : null }
}

type Found = { product: string; version: string } | { product: null; error: string }

async function probe(url: string): Promise<Found> {
  try {
    const model = await connect(url, { noDelay: true, timeout: PROBE_TIMEOUT_MS })
    const { product, version } = model.connection.serverProperties
    await model.close()
    return { product, version }
  } catch (error) {
    return { product: null, error: error instanceof Error ? error.message : String(error) }
  }
}
