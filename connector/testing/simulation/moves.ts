/** The moves that `issuing/states.ts` allows, by the names under which the log of moves writes them. */
import { BATCH_MOVES, INVOICE_MOVES, MOVE_MOVES, ORDER_MOVES } from '../../issuing/states.js'

type Map = Readonly<Record<string, readonly string[]>>

const MOVES: Readonly<Record<string, Map>> = {
  order: ORDER_MOVES,
  invoice: INVOICE_MOVES,
  batch: BATCH_MOVES,
  move: MOVE_MOVES,
  event: { pending: ['published'], published: ['pending'], by_callback: [] },
  inbox: {
    stored: ['accepted', 'ignored', 'duplicate', 'conflict', 'rejected', 'dead', 'discarded'],
    dead: ['discarded', 'stored'],
    discarded: ['stored'],
    ...{ accepted: [], ignored: [], duplicate: [], conflict: [], rejected: [] },
  },
}

/** Staying where one is, parked or woken, is always allowed. */
export function isAllowedMove(entity: string, from: string, to: string): boolean {
  return from === to || (MOVES[entity]?.[from]?.includes(to) ?? false)
}

export function isKnownState(entity: string, state: string): boolean {
  return MOVES[entity]?.[state] !== undefined
}
