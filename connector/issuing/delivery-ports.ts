/**
 * What delivering results by HTTP callback needs from the outside: a memory of deliveries and endpoints, and a sender.
 *
 * There is one endpoint per business type and one delivery per event that travels that way; its rows are written with the
 * event (`OutboxStore.insert`). The body is the event's own and is never copied. All instants are the memory's clock.
 */
import type { Instant } from '../kernel/time.js'
import type { EndpointHealth } from './endpoint-health.js'
import type { DeliveryState } from './states.js'
import type { Tx } from './transaction.js'

/** A delivery in the hands of this worker. */
export interface HeldDelivery {
  eventId: string
  /** Code of the business type. */
  endpoint: string
  url: string
  /** Sealed, the present one first; a second one only while it is being replaced. */
  sealedSecrets: readonly string[]
  body: string
  traceparent: string | null
  /** Counts up for ever, this attempt included. */
  attemptNo: number
  /** Attempts since the result was written or replayed or its endpoint switched on last, this one included. */
  tryNo: number
  isReplay: boolean
  fence: bigint
}

/** What one attempt came to, and what becomes of its delivery. */
export interface ConcludedAttempt {
  id: string
  eventId: string
  endpoint: string
  attemptNo: number
  fence: bigint
  /** Of the bytes that were sent. */
  bodySha256: string
  startedAt: Instant
  durationMs: number
  outcome: AttemptOutcome
  /** HTTP status; null when there was no answer. */
  status: number | null
  /** Why there was no answer, or no success; null after one. */
  code: string | null
  to: Exclude<DeliveryState, 'pending'>
  /** When to try again, from now; null when not by itself. */
  delayMs: number | null
}

/** `gone`: the receiver said that there is no such endpoint any more (410). */
export type AttemptOutcome = 'delivered' | 'failed' | 'gone'

export interface DeliveryStore {
  /**
   * Takes up deliveries that are due and first in line of their order, its former revisions included, of endpoints that are enabled and whose breaker
   * lets them pass; attempts + 1, fence + 1. Fair: no endpoint gets its second before each has its first. At most
   * `endpointCap` of an endpoint are in flight, among all workers; one alone while its breaker is half open.
   */
  claimDue(options: {
    lease: { owner: string; ms: number }
    endpointCap: number
    limit: number
  }): Promise<readonly HeldDelivery[]>
  /** Locked, in the order of their codes, with the instant that it is for the memory. */
  lockEndpoints(
    tx: Tx,
    codes: readonly string[],
  ): Promise<{ endpoints: ReadonlyMap<string, EndpointHealth>; now: Instant }>
  /** Records attempts and moves their deliveries, where the fence still holds; the event ids of these. */
  conclude(tx: Tx, attempts: readonly ConcludedAttempt[]): Promise<ReadonlySet<string>>
  saveEndpoints(tx: Tx, endpoints: ReadonlyMap<string, EndpointHealth>): Promise<void>
}

export interface CallbackRequest
  extends Pick<HeldDelivery, 'endpoint' | 'url' | 'sealedSecrets' | 'body' | 'traceparent'> {
  /** `webhook-id`. */
  eventId: string
  /** `webhook-timestamp`: of this attempt. */
  at: Instant
  isReplay: boolean
}

export type CallbackAnswer =
  | { kind: 'answered'; status: number; retryAfterMs: number | null }
  /** Nothing left, or no status line came back. */
  | { kind: 'unanswered'; code: string }

export interface CallbackSender {
  /** One signed POST. Never throws, never takes longer than `CALLBACK_TIMEOUT_MS`. */
  send(request: CallbackRequest): Promise<CallbackAnswer>
}
