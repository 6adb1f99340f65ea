import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { test } from 'node:test'
import { type NamedService, runUntilSignal, sideBySide, startAll, stopAll } from './lifecycle.js'

interface Behaviour {
  onStart?: () => Promise<void>
  onStop?: () => Promise<void>
}

function setup(behaviours: Record<string, Behaviour>): { services: NamedService[]; events: string[] } {
  const events: string[] = []
  const services = Object.entries(behaviours).map(([name, { onStart, onStop }]) => ({
    name,
    service: {
      async start() {
        events.push(`start ${name}`)
        await onStart?.()
      },
      async stop() {
        events.push(`stop ${name}`)
        await onStop?.()
      },
    },
  }))
  return { services, events }
}

const never = () => new Promise<void>(() => {})
const fail = () => Promise.reject(new Error('broken'))

test('services start in order and stop in reverse', async () => {
  const { services, events } = setup({ database: {}, broker: {}, http: {} })
  await startAll(services)
  const report = await stopAll(services)

  assert.deepEqual(events, [
    'start database',
    'start broker',
    'start http',
    'stop http',
    'stop broker',
    'stop database',
  ])
  assert.deepEqual(report, { failed: [], unfinished: [] })
})

test('a service that fails to start takes down those before it and starts none after it', async () => {
  const { services, events } = setup({ database: {}, broker: { onStart: fail }, http: {} })
  await assert.rejects(startAll(services), /broken/)

  assert.deepEqual(events, ['start database', 'start broker', 'stop broker', 'stop database'])
})

test('a stop that fails is reported and does not keep the others from stopping', async () => {
  const { services, events } = setup({ database: {}, broker: { onStop: fail }, http: {} })
  const { failed, unfinished } = await stopAll(services)

  assert.deepEqual(events, ['stop http', 'stop broker', 'stop database'])
  assert.deepEqual([failed.map(({ name }) => name), unfinished], [['broker'], []])
})

test('a stop that hangs is given up at the deadline, and the others are still told to stop', async () => {
  const { services, events } = setup({ database: {}, broker: {}, http: { onStop: never } })
  const report = await stopAll(services, { deadlineMs: 1 })

  assert.deepEqual(events, ['stop http', 'stop broker', 'stop database'])
  assert.ok(report.unfinished.includes('http'))
})

test('the first signal stops everything and the process ends with 0', async () => {
  const { services, events } = setup({ database: {}, broker: {} })
  const signals = new EventEmitter()
  const told: string[] = []
  const code = await runUntilSignal(services, {
    signals,
    onExit: () => assert.fail('exited'),
    onEvent: (event) => {
      told.push(event)
      if (event === 'started') signals.emit('SIGTERM', 'SIGTERM')
    },
  })

  assert.equal(code, 0)
  assert.deepEqual(told, ['started', 'stopping', 'stopped'])
  assert.deepEqual(events, ['start database', 'start broker', 'stop broker', 'stop database'])
  assert.equal(signals.listenerCount('SIGTERM'), 0)
})

test('a second signal exits at once with the code of that signal', async () => {
  const signals = new EventEmitter()
  const exits: number[] = []
  const { services } = setup({
    broker: {
      onStop: () => {
        signals.emit('SIGINT', 'SIGINT')
        return Promise.resolve()
      },
    },
  })
  await runUntilSignal(services, {
    signals,
    onExit: (code) => exits.push(code),
    onEvent: (event) => {
      if (event === 'started') signals.emit('SIGTERM', 'SIGTERM')
    },
  })

  assert.deepEqual(exits, [130])
})

test('a signal during a start that hangs stops what has started, and starts nothing more', async () => {
  const signals = new EventEmitter()
  const { services, events } = setup({
    database: {},
    broker: {
      onStart: () => {
        signals.emit('SIGTERM', 'SIGTERM')
        return never()
      },
    },
    http: {},
  })
  const told: string[] = []
  const code = await runUntilSignal(services, {
    signals,
    onExit: () => assert.fail('exited'),
    onEvent: (event) => told.push(event),
  })

  assert.equal(code, 0)
  assert.deepEqual(told, ['stopping', 'stopped'])
  assert.deepEqual(events, ['start database', 'start broker', 'stop http', 'stop broker', 'stop database'])
})

test('a stop that is not clean ends with 1', async () => {
  const { services } = setup({ broker: { onStop: fail } })
  const signals = new EventEmitter()
  const code = await runUntilSignal(services, {
    signals,
    onExit: () => assert.fail('exited'),
    onEvent: (event) => {
      if (event === 'started') signals.emit('SIGHUP', 'SIGHUP')
    },
  })

  assert.equal(code, 1)
})

test('what stops side by side is told to stop at once, and is stopped when all of it is', async () => {
  let release = () => {}
  const slow = new Promise<void>((resolve) => {
    release = resolve
  })
  const { services, events } = setup({ callbacks: { onStop: () => slow }, engine: { onStop: () => slow } })
  const both = sideBySide(...services.map(({ service }) => service))
  await both.start()
  const stopping = both.stop().then(() => events.push('stopped'))

  assert.deepEqual(events, ['start callbacks', 'start engine', 'stop callbacks', 'stop engine'])
  release()
  await stopping
  assert.equal(events.at(-1), 'stopped')
})
