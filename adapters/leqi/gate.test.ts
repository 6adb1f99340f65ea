import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BureauFailure, UnitAddress } from '../../connector/issuing/bureau.js'
import { type ChannelWatch, type Stop, UNWATCHED } from '../../connector/issuing/channel-ports.js'
import type { RateBudget } from '../../connector/issuing/rate-budget.js'
import type { UsingUnitId } from '../../connector/kernel/ids.js'
import { after, type Instant } from '../../connector/kernel/time.js'
import { type Attempt, type GateCall, makeGate } from './gate.js'
import { aDirectUnit, NOW } from './testing/builders.js'

const OK: Attempt<string> = { failure: null, value: 'ok' }
const UNSENT = failed({ kind: 'never_sent', code: 'BUR-NET-ECONNREFUSED', message: '', retryAfterMs: null })
const IN_DOUBT = failed({ kind: 'in_doubt', code: 'BUR-NET-ECONNRESET', message: '', requestId: null })

function anAddress(change: Parameters<typeof aDirectUnit>[0] = {}): UnitAddress {
  const direct = aDirectUnit(change)
  return { id: 'using-1' as UsingUnitId, direct, taxNo: direct.taxNo, leqiId: direct.leqiId }
}

function failed(failure: BureauFailure): Attempt<string> {
  return { failure }
}

/** A gate with a clock that only moves while it waits. */
function setup(
  options: { budget?: RateBudget['take']; concurrencyPerUnit?: number; channel?: Partial<ChannelWatch> } = {},
) {
  const state = { now: NOW as Instant, asked: [] as number[], waited: [] as number[], slowed: [] as unknown[] }
  const grantAll: RateBudget['take'] = async (_unit, _capability, permits) => ({ granted: permits, waitMs: 0 })
  const gate = makeGate(
    {
      clock: { now: () => state.now },
      rateBudget: {
        take(unit, capability, permits) {
          state.asked.push(permits)
          return (options.budget ?? grantAll)(unit, capability, permits)
        },
        slowDown: async (...complaint) => void state.slowed.push(complaint),
      },
      channel: { ...UNWATCHED, ...options.channel },
      async wait(ms) {
        state.waited.push(ms)
        state.now = after(state.now, ms)
      },
    },
    { concurrencyPerUnit: options.concurrencyPerUnit ?? 4, retryDelayMs: 0 },
  )
  const call = (change: Partial<GateCall> = {}): GateCall => ({
    address: anAddress(),
    capability: '202007',
    isRead: false,
    options: { deadline: after(state.now, 30_000) },
    ...change,
  })
  return { gate, state, call }
}

test('asks the shared budget once for a block of permits', async () => {
  const { gate, state, call } = setup()
  for (let count = 0; count < 12; count += 1) assert.deepEqual(await gate.run(call(), async () => OK), OK)
  assert.deepEqual(state.asked, [10, 10])
})

test('a slow unit asks for single permits, and old permits are not used', async () => {
  const { gate, state, call } = setup()
  await gate.run(call({ address: anAddress({ ratePerSecond: 1 }) }), async () => OK)
  assert.deepEqual(state.asked, [1])

  await gate.run(call({ address: anAddress({ id: 'other' }) }), async () => OK)
  state.now = after(state.now, 2_000)
  await gate.run(call({ address: anAddress({ id: 'other' }) }), async () => OK)
  assert.deepEqual(state.asked, [1, 10, 10])
})

test('waits for the budget, but not beyond the deadline', async () => {
  let refusals = 2
  const { gate, state, call } = setup({
    budget: async () => (refusals-- > 0 ? { granted: 0, waitMs: 400 } : { granted: 1, waitMs: 0 }),
  })
  assert.deepEqual(await gate.run(call(), async () => OK), OK)
  assert.deepEqual(state.waited, [400, 400])

  const never = setup({ budget: async () => ({ granted: 0, waitMs: 40_000 }) })
  const denied = await never.gate.run(never.call(), async () => assert.fail('was sent'))
  assert.deepEqual(denied.failure, {
    kind: 'never_sent',
    code: 'BUR-RATE-budget',
    message: '未到可调用时间（调用频率受限）',
    retryAfterMs: 40_000,
  })
})

test('nobody calls while the shared budget cannot be asked', async () => {
  const { gate, call } = setup({ budget: async () => Promise.reject(new Error('store down')) })
  const denied = await gate.run(call(), async () => assert.fail('was sent'))
  assert.equal(denied.failure?.kind, 'never_sent')
})

test('tries a call that was never sent three times', async () => {
  const { gate, call } = setup()
  let tries = 0
  const attempt = async () => (++tries < 3 ? UNSENT : OK)
  assert.deepEqual(await gate.run(call(), attempt), OK)

  tries = -10
  assert.deepEqual(await gate.run(call(), attempt), UNSENT)
  assert.equal(tries, -7)
})

test('never repeats a change that is in doubt, and repeats a read', async () => {
  const { gate, call } = setup()
  let tries = 0
  const attempt = async () => {
    tries += 1
    return IN_DOUBT
  }
  assert.deepEqual(await gate.run(call(), attempt), IN_DOUBT)
  assert.equal(tries, 1)

  assert.deepEqual(await gate.run(call({ isRead: true }), attempt), IN_DOUBT)
  assert.equal(tries, 4)
})

test('does not try again when the deadline is near or the caller gave up', async () => {
  const { gate, state, call } = setup()
  let tries = 0
  const attempt = async () => {
    tries += 1
    return UNSENT
  }
  await gate.run(call({ options: { deadline: after(state.now, 2_000) } }), attempt)
  await gate.run(call({ options: { deadline: after(state.now, 30_000), signal: AbortSignal.abort() } }), attempt)
  assert.equal(tries, 2)
})

test('while the way is stopped only the read that looks after it passes', async () => {
  const stop = { cause: 'bureau_unreachable' } as Stop
  const { gate, state, call } = setup({ channel: { stopOf: () => stop } })
  const stopped = await gate.run(call(), async () => assert.fail('was sent'))
  const probe = call({ isRead: true, options: { deadline: after(state.now, 30_000), isProbe: true } })
  let tries = 0
  const failing = await gate.run(probe, async () => {
    tries += 1
    return IN_DOUBT
  })

  assert.ok(stopped.failure?.kind === 'never_sent')
  assert.deepEqual([stopped.failure.code, stopped.failure.retryAfterMs], ['BUR-STOP-bureau_unreachable', 1_000])
  assert.deepEqual([failing, tries], [IN_DOUBT, 1], 'one read, not three')
  assert.deepEqual(await gate.run(probe, async () => OK), OK)
})

test('nothing is tried again that the retry budget has no room for', async () => {
  let room = 1
  const counted: string[] = []
  const channel: Partial<ChannelWatch> = {
    countFirst: ({ direct }) => counted.push(direct.id),
    takeRetry: () => room-- > 0,
  }
  const { gate, state, call } = setup({ channel })
  let tries = 0
  const attempt = async () => {
    tries += 1
    return UNSENT
  }
  await gate.run(call(), attempt)
  const retry = call({ options: { deadline: after(state.now, 30_000), isRetry: true } })
  const later = await gate.run(retry, async () => assert.fail('was sent'))

  assert.equal(tries, 2)
  assert.deepEqual(counted, ['direct-1'], 'a repeated call pays for nothing')
  assert.ok(later.failure?.kind === 'never_sent')
  assert.deepEqual([later.failure.code, later.failure.retryAfterMs], ['BUR-RETRY-budget', 10_000])
})

test('a rate refusal slows all replicas down and lowers the concurrency as its text says', async () => {
  const { gate, state, call } = setup({ concurrencyPerUnit: 20 })
  const message = '当前访问请求较多，请5分钟后重试，将访问并发控制在6以内'
  const refusal: BureauFailure = { kind: 'rate_limited', code: 'BUR-ERROR-01', message, retryAfterMs: 300_000 }
  // Three refusals of one burst count as one.
  const burst = Array.from({ length: 3 }, () => gate.run(call(), async () => failed(refusal)))
  assert.deepEqual(await Promise.all(burst), [failed(refusal), failed(refusal), failed(refusal)])
  assert.deepEqual(state.slowed[0], ['direct-1', '202007', 6])

  const crowd = async () => {
    const inside = { now: 0, most: 0 }
    const attempt = async () => {
      inside.now += 1
      inside.most = Math.max(inside.most, inside.now)
      await new Promise(setImmediate)
      inside.now -= 1
      return OK
    }
    await Promise.all(Array.from({ length: 30 }, () => gate.run(call(), attempt)))
    return inside.most
  }
  state.now = after(state.now, 300_000)
  // Six as the text says, and a tenth of twenty for each of the five minutes.
  assert.equal(await crowd(), 16)
  state.now = after(state.now, 600_000)
  assert.equal(await crowd(), 20)
})

test('units do not wait for each other', async () => {
  const { gate, call } = setup({ concurrencyPerUnit: 1 })
  let release: (outcome: Attempt<string>) => void = () => assert.fail('not started')
  const blocked = new Promise<Attempt<string>>((resolve) => {
    release = resolve
  })
  const first = gate.run(call(), () => blocked)
  const other = await gate.run(call({ address: anAddress({ id: 'other' }) }), async () => OK)
  assert.deepEqual(other, OK)
  release(OK)
  await first
})
