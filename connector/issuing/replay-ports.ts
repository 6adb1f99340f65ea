/** What working on results by hand needs from the memory: looking at them, sending them again, switching endpoints on. */
import type { Instant } from '../kernel/time.js'
import type { EndpointHealth } from './endpoint-health.js'
import type { DeliveryState } from './states.js'
import type { Tx } from './transaction.js'

export type ResultWay = 'amqp' | 'callback'

/** Results by what they are about; null: any. */
export interface ResultFilter {
  businessType: string | null
  orderNo: string | null
  eventId: string | null
  /** Written at or after it. */
  since: Instant | null
  /** Written before it. */
  until: Instant | null
  /** Only this way of travelling. */
  way: ResultWay | null
  /** Only what has not arrived yet, in a way that `way` allows. */
  isUndelivered: boolean
}

export interface ResultOverview {
  eventId: string
  businessType: string
  orderNo: string | null
  seq: number
  status: string
  createdAt: Instant
  /** null: RabbitMQ never sees it. */
  amqp: { state: 'pending' | 'published'; isUnroutable: boolean; attempts: number; replays: number } | null
  /** null: it takes no callback. */
  callback: {
    state: DeliveryState
    attempts: number
    replays: number
    dueAt: Instant | null
    /** Code of the latest attempt that failed; null after a success and before the first attempt. */
    code: string | null
  } | null
}

export interface EndpointOverview extends EndpointHealth {
  businessType: string
  url: string | null
  waitingCount: number
  exhaustedCount: number
}

export interface ResultStore {
  /** The latest first. */
  list(filter: ResultFilter, limit: number): Promise<readonly ResultOverview[]>
  count(filter: ResultFilter): Promise<number>
  /** Whether one of them, in a way that `way` allows, waits for a person to replay it. */
  hasGivenUp(filter: ResultFilter): Promise<boolean>
  /**
   * Makes at most `limit` results due once more, oldest first, under their own ids; deliveries begin their schedule anew.
   * What was never tried yet or is being sent now is left alone: it goes out by itself. Returns how many results matched.
   */
  replay(
    tx: Tx,
    filter: ResultFilter,
    limit: number,
  ): Promise<{ matchedCount: number; amqpCount: number; callbackCount: number }>
  endpoints(): Promise<readonly EndpointOverview[]>
  /** Forgets what was bad of an endpoint and makes what waits for it due, its schedule from the beginning. False: there is no such endpoint. */
  enable(tx: Tx, businessType: string): Promise<boolean>
}
