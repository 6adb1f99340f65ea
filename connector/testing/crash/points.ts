/**
 * Every persistence point of the product: the transactions of an order's story by name, and the operations of the store
 * that commit by themselves. Both lists come from the product's own types, so a new point does not compile before the
 * matrix has a scene in which it is reached.
 */
import type { IssuingStore } from '../../issuing/ports.js'
import { TRANSACTIONS, type Tx } from '../../issuing/transaction.js'
import { OPERATION_SCENES, type Scene, TRANSACTION_SCENES } from './scenes.js'

type Room = Exclude<keyof IssuingStore, 'database'>

/** Operations of the store that are given no transaction, or may be: they read, or commit by themselves. */
export type LoneOperation = {
  [R in Room]: {
    [Name in keyof IssuingStore[R] & string]: IssuingStore[R][Name] extends (...args: infer Args) => unknown
      ? Args extends [Tx, ...unknown[]]
        ? never
        : `${R}.${Name}`
      : never
  }[keyof IssuingStore[R] & string]
}[Room]

export type StoryTransaction = keyof typeof TRANSACTIONS
export type Point = StoryTransaction | LoneOperation

/** A point and a scene in which it is reached. */
export interface Reached {
  point: Point
  scene: Scene
}

export function listPoints(): readonly Reached[] {
  const transactions = namesOf(TRANSACTIONS).flatMap((point) =>
    TRANSACTION_SCENES[point].map((scene): Reached => ({ point, scene })),
  )
  const operations = namesOf(OPERATION_SCENES).flatMap((point) => {
    const scenes = OPERATION_SCENES[point]
    return scenes === 'reads' ? [] : scenes.map((scene): Reached => ({ point, scene }))
  })
  return [...transactions, ...operations]
}

export function isPoint(name: string): name is Point {
  return name in TRANSACTIONS || name in OPERATION_SCENES
}

export function isOperation(value: unknown): value is (...args: readonly unknown[]) => Promise<unknown> {
  return typeof value === 'function'
}

function namesOf<K extends string>(table: Readonly<Record<K, unknown>>): readonly K[] {
  // The tables are closed literals: they have no other keys than their type says.
  return Object.keys(table) as K[]
}
