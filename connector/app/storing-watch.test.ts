import assert from 'node:assert/strict'
import { test } from 'node:test'
import pg from 'pg'
import type { TransactionName } from '../issuing/transaction.js'
import { after, type Instant, instant } from '../kernel/time.js'
import { watchStoring } from './storing-watch.js'

const START = instant(Date.UTC(2026, 10, 22, 8))
const FULL = { since: START, lastError: 'refused: 53100' }

function refusal(code: string): Error {
  return Object.assign(new pg.DatabaseError(`refused: ${code}`, 0, 'error'), { code })
}

/** A database that refuses as it is told; the clock is moved by hand. */
function setup() {
  const state = { now: START as Instant, elapsedMs: 0, refusal: null as Error | null }
  const watch = watchStoring(
    {
      isOutage: () => true,
      transaction: async (_name, work) => {
        if (state.refusal !== null) throw state.refusal
        return work({ kind: 'transaction' })
      },
    },
    { clock: { now: () => state.now }, timers: { elapsedMs: () => state.elapsedMs, after: () => () => undefined } },
  )
  const store = async (name: TransactionName, refused: string | null) => {
    state.refusal = refused === null ? null : refusal(refused)
    const storing = watch.database.transaction(name, async () => 'stored')
    if (refused === null) assert.equal(await storing, 'stored')
    else await assert.rejects(storing, { code: refused })
  }
  const pass = (ms: number) => {
    state.now = after(state.now, ms)
    state.elapsedMs += ms
  }
  return { watch, store, pass }
}

test('a full disk and a database that only reads are told, with since when; nothing else is', async () => {
  for (const [code, told] of [
    ['53100', 'refused: 53100'],
    ['25006', 'refused: 25006'],
    ['23505', undefined],
    ['40001', undefined],
    ['57P01', undefined],
  ] as const) {
    const { watch, store } = setup()
    await store('reserve', code)

    assert.equal(watch.status()?.lastError, told, code)
  }
})

test('it lasts from the first refusal until something is stored; what runs at rest as well proves nothing', async () => {
  const { watch, store, pass } = setup()
  await store('reserve', '53100')
  pass(20_000)
  await store('poll.settle', '53100')
  for (const net of ['sweep', 'waking', 'other'] as const) await store(net, null)
  assert.deepEqual(watch.status(), FULL)

  await store('intake.raw', null)
  assert.equal(watch.status(), null)
})

test('what another replica may have stored meanwhile is not told for ever', async () => {
  const { watch, store, pass } = setup()
  await store('reserve', '53100')
  pass(60_000)
  assert.deepEqual(watch.status(), FULL)

  pass(1)
  assert.equal(watch.status(), null)
})
