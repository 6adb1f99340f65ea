/**
 * Delivers results by HTTP callback: one attempt, what its answer means, and the transaction that writes it down (P7).
 *
 *   2xx            → delivered
 *   410            → the endpoint is switched off; its deliveries wait until a person switches it on again
 *   anything else  → again on the schedule of `backoff.ts`, not before `Retry-After`; after the last try exhausted, until a
 *                    person replays it
 * Every attempt sends the bytes that were written with the verdict, under the id of the event.
 */
import { sha256 } from '../kernel/digest.js'
import type { IdSource } from '../kernel/ids.js'
import type { Clock, Instant } from '../kernel/time.js'
import { callbackDelayMs, type Random } from './backoff.js'
import type {
  AttemptOutcome,
  CallbackAnswer,
  CallbackSender,
  ConcludedAttempt,
  DeliveryStore,
  HeldDelivery,
} from './delivery-ports.js'
import { judgeEndpoint } from './endpoint-health.js'
import { type Database, transactSurely } from './transaction.js'

export interface DeliverDeps {
  database: Database
  deliveries: DeliveryStore
  sender: CallbackSender
  ids: IdSource
  clock: Clock
  random: Random
  report: (report: DeliverReport) => void
}

type DeliverReport =
  | {
      event: 'callback.attempted'
      endpoint: string
      eventId: string
      attemptNo: number
      status: number | null
      code: string | null
      state: ConcludedAttempt['to']
      durationMs: number
    }
  | { event: 'callback.endpoint-disabled'; endpoint: string; reason: string }

/** One attempt; nothing of it is stored before `concludeAttempts`. */
export async function attemptDelivery(deps: DeliverDeps, held: HeldDelivery): Promise<ConcludedAttempt> {
  const { eventId, endpoint, url, sealedSecrets, body, traceparent, isReplay, attemptNo, fence } = held
  const startedAt = deps.clock.now()
  const request = { endpoint, url, sealedSecrets, body, traceparent, isReplay, eventId, at: startedAt }
  const answer = await deps.sender.send(request)
  return {
    id: deps.ids.uuid(),
    eventId,
    endpoint,
    attemptNo,
    fence,
    bodySha256: sha256(body),
    startedAt,
    durationMs: deps.clock.now() - startedAt,
    ...judgeAnswer(answer, held.tryNo, deps.random),
  }
}

type Judgement = Pick<ConcludedAttempt, 'outcome' | 'status' | 'code' | 'to' | 'delayMs'>

/** What an answer to the n-th try makes of its delivery. Pure. */
export function judgeAnswer(answer: CallbackAnswer, tryNo: number, random: Random): Judgement {
  const status = answer.kind === 'answered' ? answer.status : null
  const outcome = toOutcome(status)
  if (outcome === 'delivered') return { outcome, status, code: null, to: 'delivered', delayMs: null }
  const code = answer.kind === 'answered' ? `CBK-HTTP-${answer.status}` : answer.code
  const retryAfterMs = answer.kind === 'answered' ? answer.retryAfterMs : null
  // Nothing is sent to who is gone before a person decides; what waits for him must not have run out of tries by then.
  const delayMs = callbackDelayMs(outcome === 'gone' ? 1 : tryNo, retryAfterMs, random)
  return { outcome, status, code, to: delayMs === null ? 'exhausted' : 'retrying', delayMs }
}

function toOutcome(status: number | null): AttemptOutcome {
  if (status === null) return 'failed'
  if (status >= 200 && status < 300) return 'delivered'
  return status === 410 ? 'gone' : 'failed'
}

/**
 * Writes attempts down and judges their endpoints by them, all in one transaction. Those whose fence was lost change
 * nothing: another worker has them. Returns when the earliest failed one is due again, or null.
 */
export async function concludeAttempts(
  deps: DeliverDeps,
  attempts: readonly ConcludedAttempt[],
): Promise<Instant | null> {
  const codes = [...new Set(attempts.map(({ endpoint }) => endpoint))]
  const { own, disabled } = await transactSurely(deps.database, 'callback.conclude', async (tx) => {
    const { endpoints, now } = await deps.deliveries.lockEndpoints(tx, codes)
    const held = await deps.deliveries.conclude(tx, attempts)
    const own = attempts.filter(({ eventId }) => held.has(eventId))
    const judged = new Map(
      [...endpoints].map(([code, health]) => {
        const outcomes = own.filter(({ endpoint }) => endpoint === code).map(({ outcome }) => outcome)
        return [code, judgeEndpoint(health, outcomes, now)] as const
      }),
    )
    await deps.deliveries.saveEndpoints(tx, judged)
    const disabled = [...judged].filter(([code, { disabledFor }]) => disabledFor !== endpoints.get(code)?.disabledFor)
    return { own, disabled }
  })
  for (const { endpoint, eventId, attemptNo, status, code, to: state, durationMs } of own) {
    deps.report({ event: 'callback.attempted', endpoint, eventId, attemptNo, status, code, state, durationMs })
  }
  for (const [endpoint, { disabledFor }] of disabled) {
    deps.report({ event: 'callback.endpoint-disabled', endpoint, reason: String(disabledFor) })
  }
  const delays = own.flatMap(({ delayMs }) => (delayMs === null ? [] : [delayMs]))
  return delays.length === 0 ? null : ((deps.clock.now() + Math.min(...delays)) as Instant)
}
