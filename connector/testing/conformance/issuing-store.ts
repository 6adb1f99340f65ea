/**
 * What every memory of the issuing story promises, proved against a real one. Each test gets a store of its own by
 * `open`; nothing here knows SQL.
 */
import type { TestContext } from 'node:test'
import type { IssuingStore } from '../../issuing/ports.js'
import type { UsingUnit } from '../../taxpayer/taxpayer.js'
import { proveActions } from './actions.js'
import { proveBatches } from './batches.js'
import { proveInbox } from './inbox.js'
import { proveMoves } from './moves.js'
import { proveNumbers } from './numbers.js'
import { proveOrders } from './orders.js'
import { proveOutbox } from './outbox.js'
import { proveQuota } from './quota.js'
import { proveStops } from './stops.js'
import { proveWaking } from './waking.js'

/** A store of one test. */
export interface StoreBench {
  store: IssuingStore
  /** Another verified unit. */
  addUnit(): Promise<UsingUnit>
}

export type OpenStore = (t: TestContext) => Promise<StoreBench>

export function proveIssuingStore(open: OpenStore): void {
  proveInbox(open)
  proveOrders(open)
  proveWaking(open)
  proveBatches(open)
  proveNumbers(open)
  proveQuota(open)
  proveMoves(open)
  proveOutbox(open)
  proveStops(open)
  proveActions(open)
}
