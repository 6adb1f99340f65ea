/**
 * The gate every call passes: the shared rate, the concurrency of this process, and the inner ring of retries.
 *
 * Rate: permits come from the budget that all replicas share, in small blocks, so that it costs one question per block.
 * Concurrency: calls of one direct unit run side by side up to a cap. A rate refusal halves the cap (or takes the
 * figure its text names), and the shared rate with it; both grow back by a tenth a minute.
 * Stops: while the way is stopped for a unit nothing passes but the read that finds out whether it is open again.
 * Inner ring: at most three tries within seconds, only for calls that surely did nothing and for reads, and only within
 * the retry budget. Everything slower is the story's business: its due times survive a restart, these do not.
 *
 * | try | pause before it (doubling, random up to twice) |
 * | --- | --- |
 * | 1 | – |
 * | 2 | 0.3–0.6 s |
 * | 3 | 0.6–1.2 s, then gives up |
 */
import pLimit, { type LimitFunction } from 'p-limit'
import pRetry from 'p-retry'
import { CALL_TRIES } from '../../connector/issuing/backoff.js'
import type { BureauFailure, CallOptions, UnitAddress } from '../../connector/issuing/bureau.js'
import type { ChannelWatch } from '../../connector/issuing/channel-ports.js'
import type { RateBudget } from '../../connector/issuing/rate-budget.js'
import type { Clock } from '../../connector/kernel/time.js'
import { findTextHint } from './text-patterns.js'

/** Permits of one question to the shared budget; and how long they are good. */
const BLOCK_PERMIT_COUNT_MAX = 10
const PERMIT_LIFE_MS = 2_000
/** Share of a second's calls that one block holds, so that several replicas get their turn. */
const BLOCK_SECONDS = 0.2
/** When the budget itself cannot be asked. */
const BUDGET_RETRY_MS = 1_000

/** When a repeated call is asked for again that the retry budget had no room for. */
const NO_RETRY_MS = 10_000
/** When a call that met a stop is looked at again: it rests under the stop's cause then. */
const STOPPED_MS = 1_000

/** Refusals within this are one. */
const SAME_BURST_MS = 5_000
/** Share of the full cap that comes back each minute after a rate refusal. */
const RECOVERY_PER_MINUTE = 0.1

export interface GateOptions {
  /** Calls of one direct unit at a time in this process. */
  concurrencyPerUnit: number
  /** First pause of the inner ring; shorter in tests. */
  retryDelayMs?: number
}

export interface GateDeps {
  rateBudget: RateBudget
  channel: Pick<ChannelWatch, 'stopOf' | 'countFirst' | 'takeRetry'>
  clock: Clock
  /** Resolves after `ms`, or earlier when the signal aborts. */
  wait(ms: number, signal: AbortSignal | undefined): Promise<void>
}

export type Attempt<T> = { failure: null; value: T } | { failure: BureauFailure }

export interface Gate {
  /** Runs `attempt` when it is its turn; again when that is harmless. Never throws for a failure of the bureau. */
  run<T>(call: GateCall, attempt: () => Promise<Attempt<T>>): Promise<Attempt<T>>
}

export interface GateCall {
  address: UnitAddress
  capability: string
  /** A call that changes nothing may be repeated whatever became of it. */
  isRead: boolean
  options: CallOptions
}

/** What this process remembers of one direct unit and capability. */
interface Lane {
  limit: LimitFunction
  concurrencyMax: number
  cap: number
  cappedAt: number
  permits: number
  permitsUntil: number
  refill: Promise<{ granted: number; waitMs: number }> | null
}

/** Makes the gate. Errors: a full or unreachable budget ends as `never_sent` with the time to ask again. */
export function makeGate(deps: GateDeps, options: GateOptions): Gate {
  const { clock } = deps
  const lanes = new Map<string, Lane>()
  const delayMs = options.retryDelayMs ?? CALL_TRIES.delayMs

  function laneOf({ address, capability }: GateCall): Lane {
    const key = `${address.direct.id} ${capability}`
    const lane = lanes.get(key) ?? makeLane(options.concurrencyPerUnit)
    lanes.set(key, lane)
    recover(lane, clock.now())
    return lane
  }

  async function runOnce<T>(call: GateCall, lane: Lane, attempt: () => Promise<Attempt<T>>): Promise<Attempt<T>> {
    const stop = call.options.isProbe === true ? null : deps.channel.stopOf(call.address)
    const stopped = { code: `BUR-STOP-${stop?.cause}`, message: '通往税局的通道已暂停' }
    if (stop !== null) return { failure: notNow(stopped, STOPPED_MS) }
    const denied = await takePermit(deps, lane, call)
    if (denied !== null) return { failure: denied }
    const outcome = await attempt()
    if (outcome.failure?.kind === 'rate_limited') await slowDown(deps, lane, call, outcome.failure)
    return outcome
  }

  return {
    async run<T>(call: GateCall, attempt: () => Promise<Attempt<T>>): Promise<Attempt<T>> {
      const lane = laneOf(call)
      let last: Attempt<T> | null = null
      if (call.options.isRetry !== true) deps.channel.countFirst(call.address)
      else if (!deps.channel.takeRetry(call.address)) return { failure: notNow(NO_RETRY, NO_RETRY_MS) }
      const tryIt = async (): Promise<Attempt<T>> => {
        last = await lane.limit(() => runOnce(call, lane, attempt))
        if (last.failure !== null && isHarmless(last.failure, call.isRead)) throw new TryAgain()
        return last
      }
      try {
        return await pRetry(tryIt, {
          retries: CALL_TRIES.countMax - 1,
          factor: 2,
          minTimeout: delayMs,
          maxTimeout: CALL_TRIES.delayMsMax,
          randomize: true,
          // Not p-retry's own signal: it would throw away an answer that came together with the abort.
          shouldRetry: ({ error }) =>
            error instanceof TryAgain &&
            call.options.isProbe !== true &&
            call.options.signal?.aborted !== true &&
            call.options.deadline - clock.now() > CALL_TRIES.delayMsMax &&
            deps.channel.takeRetry(call.address),
        })
      } catch (error) {
        if (error instanceof TryAgain && last !== null) return last
        throw error
      }
    },
  }
}

function makeLane(concurrencyMax: number): Lane {
  return {
    limit: pLimit(concurrencyMax),
    concurrencyMax,
    cap: concurrencyMax,
    cappedAt: 0,
    permits: 0,
    permitsUntil: 0,
    refill: null,
  }
}

/** Lets the concurrency grow back after a rate refusal. */
function recover(lane: Lane, now: number): void {
  if (lane.cap === lane.concurrencyMax) return
  const minutes = (now - lane.cappedAt) / 60_000
  const cap = lane.cap + Math.floor(lane.concurrencyMax * RECOVERY_PER_MINUTE * minutes)
  lane.limit.concurrency = Math.min(cap, lane.concurrencyMax)
}

/** Lowers the concurrency here and the rate everywhere; refusals of calls that were on their way together count once. */
async function slowDown(
  deps: GateDeps,
  lane: Lane,
  { address, capability }: GateCall,
  failure: BureauFailure & { kind: 'rate_limited' },
): Promise<void> {
  const hint = findTextHint(failure.message)
  const named = hint?.kind === 'rate_limited' ? hint.concurrencyMax : null
  const now = deps.clock.now()
  lane.permits = 0
  if (now - lane.cappedAt >= SAME_BURST_MS) {
    const halved = Math.max(1, Math.floor(lane.limit.concurrency / 2))
    lane.cap = Math.min(halved, named ?? halved)
    lane.limit.concurrency = lane.cap
    lane.cappedAt = now
  }
  // Without its store nobody may call at all, and the store says itself that it is down.
  await deps.rateBudget.slowDown(address.direct.id, capability, named).catch(() => undefined)
}

/** Carries "may be tried again" to p-retry; never leaves this file. */
class TryAgain extends Error {}

/** Null: a permit was taken. */
async function takePermit(deps: GateDeps, lane: Lane, call: GateCall): Promise<BureauFailure | null> {
  const { deadline, signal } = call.options
  for (;;) {
    const now = deps.clock.now()
    if (now >= deadline) return notNow(NO_PERMIT, 1)
    if (lane.permits > 0 && now < lane.permitsUntil) {
      lane.permits -= 1
      return null
    }
    lane.refill ??= refill(deps, lane, call).finally(() => {
      lane.refill = null
    })
    const { granted, waitMs } = await lane.refill
    if (granted > 0) continue
    if (signal?.aborted === true || deps.clock.now() + waitMs >= deadline) return notNow(NO_PERMIT, waitMs)
    await deps.wait(waitMs, signal)
  }
}

async function refill(deps: GateDeps, lane: Lane, call: GateCall): Promise<{ granted: number; waitMs: number }> {
  const askedAt = deps.clock.now()
  const share = Math.ceil(call.address.direct.ratePerSecond * BLOCK_SECONDS)
  const permits = Math.min(Math.max(share, 1), BLOCK_PERMIT_COUNT_MAX)
  try {
    const answer = await deps.rateBudget.take(call.address.direct.id, call.capability, permits)
    lane.permits = answer.granted
    lane.permitsUntil = askedAt + PERMIT_LIFE_MS
    return { granted: answer.granted, waitMs: Math.max(answer.waitMs, 1) }
  } catch {
    // Without the shared budget nobody may call: the store that holds it is down, and it says so itself.
    return { granted: 0, waitMs: BUDGET_RETRY_MS }
  }
}

function isHarmless(failure: BureauFailure, isRead: boolean): boolean {
  if (failure.kind === 'never_sent') return failure.code.startsWith('BUR-NET-')
  return isRead && failure.kind === 'in_doubt'
}

const NO_PERMIT = { code: 'BUR-RATE-budget', message: '未到可调用时间（调用频率受限）' }
const NO_RETRY = { code: 'BUR-RETRY-budget', message: '重试次数受限，稍后再试' }

function notNow(why: { code: string; message: string }, waitMs: number): BureauFailure {
  return { kind: 'never_sent', ...why, retryAfterMs: Math.ceil(waitMs) }
}
