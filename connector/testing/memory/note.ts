/** The log of moves: one row per move of an entity, written with it. */
import type { Session } from './server.js'
import type { Transaction } from './table.js'

export type Entity = 'inbox' | 'order' | 'invoice' | 'batch' | 'move' | 'event'

export function note(
  { server }: Session,
  tx: Transaction,
  entity: Entity,
  id: string,
  from: string | null,
  to: string,
  { cause = null, fence = 0n }: { cause?: string | null; fence?: bigint } = {},
): void {
  server.note(tx, { kind: 'transition', entity, id, from, to, fence, cause })
}
