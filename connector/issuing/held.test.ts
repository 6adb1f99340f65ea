import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type HeldKind, makeHolds } from './held.js'
import type { IssuingStore } from './ports.js'
import type { Held } from './transaction.js'

const LEASE_MS = 15_000
const BATCH: Held = { id: 'batch', fence: 3n }

/** A store whose answers a test gives, and a clock that it moves. */
function setup() {
  let elapsedMs = 0
  const asked: { kind: HeldKind; held: readonly Held[] }[] = []
  const errors: unknown[] = []
  let answer = (held: readonly Held[]): Promise<ReadonlySet<string>> =>
    Promise.resolve(new Set(held.map(({ id }) => id)))
  const lender = (kind: HeldKind) => ({
    renewLeases: (held: readonly Held[]) => {
      asked.push({ kind, held })
      return answer(held)
    },
  })
  // Only the renewals are used.
  const store = {
    batches: lender('batches'),
    moves: lender('moves'),
    outbox: lender('outbox'),
  } as unknown as IssuingStore
  const holds = makeHolds({
    timers: { elapsedMs: () => elapsedMs },
    leaseMs: LEASE_MS,
    store,
    onError: (error) => errors.push(error),
  })
  const pass = async (ms: number) => {
    elapsedMs += ms
    holds.tick()
    await new Promise((resolve) => setImmediate(resolve))
  }
  return {
    holds,
    asked,
    errors,
    pass,
    now: () => elapsedMs,
    answerWith: (next: typeof answer) => {
      answer = next
    },
  }
}

test('what is held for long is renewed every 5 s and stays trusted', async () => {
  const { holds, asked, pass } = setup()
  const hold = holds.take('batches', [BATCH], 0)
  for (let second = 1; second <= 30; second += 1) await pass(1_000)

  assert.equal(hold.isTrusted(), true)
  assert.deepEqual(asked, Array(6).fill({ kind: 'batches', held: [BATCH] }))
})

test('what is held for a moment is never renewed', async () => {
  const { holds, asked, pass } = setup()
  const hold = holds.take('outbox', [BATCH], 0)
  await pass(4_000)
  hold.release()
  await pass(10_000)

  assert.deepEqual([asked, holds.count('outbox')], [[], 0])
})

test('trust ends 12 s after the start of the last renewal that succeeded, and the call under way is given up', async () => {
  const { holds, asked, errors, pass, answerWith } = setup()
  answerWith(() => Promise.reject(new Error('the database is away')))
  const hold = holds.take('moves', [BATCH], 0)
  await pass(11_999)
  assert.deepEqual([hold.isTrusted(), hold.signal.aborted], [true, false])
  await pass(1)

  assert.deepEqual([hold.isTrusted(), hold.signal.aborted], [false, true])
  assert.deepEqual([asked.length, errors.length], [2, 2], 'it was asked again and again')
})

test('a renewal counts from its start, however late its answer comes', async () => {
  const { holds, pass, answerWith } = setup()
  let reply = () => {}
  answerWith((held) => new Promise((resolve) => (reply = () => resolve(new Set(held.map(({ id }) => id))))))
  const hold = holds.take('batches', [BATCH], 0)
  await pass(5_000)
  await pass(6_000)
  reply()
  await pass(0)
  await pass(5_999)
  assert.equal(hold.isTrusted(), true)
  await pass(1)

  assert.equal(hold.isTrusted(), false)
})

test('a process that stood still trusts nothing when it goes on', async () => {
  const { holds, pass } = setup()
  const hold = holds.take('batches', [BATCH], 0)
  await pass(60_000)

  assert.deepEqual([hold.isTrusted(), hold.signal.aborted], [false, true])
})

test('what another worker has taken up is given up at the next renewal', async () => {
  const { holds, pass, answerWith } = setup()
  answerWith(() => Promise.resolve(new Set()))
  const hold = holds.take('batches', [BATCH], 0)
  await pass(5_000)

  assert.deepEqual([hold.isTrusted(), hold.signal.aborted], [false, true])
})

test('a statement that begins the lease anew extends trust from its start, one that found nothing does not', async () => {
  const { holds, pass } = setup()
  const [extended, refused] = [holds.take('batches', [], 0), holds.take('moves', [], 0)]
  await pass(4_000)
  await extended.extend(() => Promise.resolve({ attemptNo: 1 }))
  await refused.extend(() => Promise.resolve(null))

  assert.deepEqual([extended.sinceMs, refused.sinceMs], [4_000, 0])
})

test('whoever drains gives everything up', () => {
  const { holds, now } = setup()
  const taken = [holds.take('batches', [BATCH], now()), holds.take('moves', [BATCH], now())]
  holds.abandon()

  assert.ok(taken.every(({ signal }) => signal.aborted))
})
