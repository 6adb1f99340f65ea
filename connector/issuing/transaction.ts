/** What every store is written in: one transaction, and the hold of one worker on what it writes. */
import type { Instant } from '../kernel/time.js'

/** An open transaction; opaque here, a connection in the adapter. */
export interface Tx {
  readonly kind: 'transaction'
}

export interface Database {
  /** Runs `work` in one READ COMMITTED transaction; repeats it whole on serialisation failures and deadlocks. */
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>
}

export interface Lease {
  owner: string
  until: Instant
}
