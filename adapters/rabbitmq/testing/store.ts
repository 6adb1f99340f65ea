/** A store for deliveries that a test can hold up and let fail. */
import { EventEmitter, once } from 'node:events'

export interface Store<T extends { body: Buffer }> {
  handle: (batch: readonly T[]) => Promise<void>
  /** Remembers the batch; what it resolves to is `handle`. */
  prepare: (batch: readonly T[]) => Promise<() => Promise<void>>
  /** All batches prepared, stored or not. */
  prepared: (readonly T[])[]
  /** All batches handed over, stored or not. */
  tries: (readonly T[])[]
  /** Batches stored. */
  batches: (readonly T[])[]
  deliveries(): T[]
  bodies(): string[]
  failNext(count: number): void
  /** A batch fails when one of it does. */
  failWhen(fails: (delivery: T) => boolean): void
  /** From now on a batch handed over stays unstored until `release`. */
  hold(): void
  release(): void
  untilStored(count: number): Promise<void>
  /** Resolves when so many messages are held. */
  untilHeld(count: number): Promise<void>
  /** Resolves when so many messages are prepared. */
  untilPrepared(count: number): Promise<void>
}

export function makeStore<T extends { body: Buffer }>(): Store<T> {
  const changed = new EventEmitter()
  const prepared: (readonly T[])[] = []
  const tries: (readonly T[])[] = []
  const batches: (readonly T[])[] = []
  let failingCount = 0
  let fails: (delivery: T) => boolean = () => false
  let gate = Promise.resolve()
  let open = () => {}
  const until = async (isSo: () => boolean) => {
    while (!isSo()) await once(changed, 'change')
  }
  const handle = async (batch: readonly T[]) => {
    tries.push(batch)
    changed.emit('change')
    await gate
    if (failingCount > 0) {
      failingCount -= 1
      throw new Error('the store is away')
    }
    if (batch.filter(fails).length > 0) throw new Error('the store chokes on this one')
    batches.push(batch)
    changed.emit('change')
  }
  return {
    tries,
    batches,
    prepared,
    handle,
    prepare: (batch) => {
      prepared.push(batch)
      changed.emit('change')
      return Promise.resolve(() => handle(batch))
    },
    deliveries: () => batches.flat(),
    bodies: () => batches.flat().map((delivery) => delivery.body.toString()),
    failNext: (count) => {
      failingCount = count
    },
    failWhen: (newFails) => {
      fails = newFails
    },
    hold: () => {
      gate = new Promise((resolve) => {
        open = resolve
      })
    },
    release: () => open(),
    untilStored: (count) => until(() => batches.flat().length >= count),
    untilHeld: (count) => until(() => tries.flat().length >= count),
    untilPrepared: (count) => until(() => prepared.flat().length >= count),
  }
}
