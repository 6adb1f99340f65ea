/**
 * Tables and transactions as PostgreSQL has them under READ COMMITTED, as far as the issuing story leans on them:
 *
 *   a row that a transaction wrote or locked is its own until it ends; others see the committed version meanwhile
 *   a statement that needs a row of another transaction waits for that one's end and then looks again
 *   two that wait for each other: one of them is told `40P01` and must start anew
 *   unique keys and checks hold at every write; of two writers of one key the second waits, then learns that it lost
 *
 * Knows nothing of orders or batches. Rows are never changed in place: what was read stays as it was read.
 */
import type { Tx } from '../../issuing/transaction.js'
import { Defect } from '../../kernel/never.js'

interface Row {
  readonly id: string
}

/** What the server says when it refuses a statement; `code` is the SQLSTATE. */
export class ServerRefusal extends Error {
  override name = 'ServerRefusal'
  readonly code: '23505' | '23514' | '40001' | '40P01' | '55P03'

  constructor(code: ServerRefusal['code'], message: string) {
    super(message)
    this.code = code
  }
}

/** A statement must wait for this transaction; thrown inside statements, never told outside. */
export class MustWait extends Error {
  readonly holder: Transaction

  constructor(holder: Transaction) {
    super('locked')
    this.holder = holder
  }
}

/** One committed change of a row. */
export interface Change<R extends Row = Row> {
  table: Table<R>
  before: R | null
  after: R | null
}

export class Transaction implements Tx {
  readonly kind = 'transaction'
  readonly slots = new Set<Slot<Row>>()
  readonly claims: (() => void)[] = []
  /** How to undo what was written, the latest last: a statement that must wait starts anew. */
  readonly undo: (() => void)[] = []
  readonly ended: Promise<void>
  /** Whom its present statement waits for. */
  waitsFor: Transaction | null = null
  /** `failed`: a statement was refused, so nothing but a rollback can follow. */
  state: 'open' | 'failed' | 'ended' = 'open'
  #end: () => void = () => {}

  constructor() {
    this.ended = new Promise((resolve) => {
      this.#end = resolve
    })
  }

  /** Errors: Defect for the transaction of another store. */
  static of(tx: Tx): Transaction {
    if (!(tx instanceof Transaction)) throw new Defect('a transaction of another store')
    return tx
  }

  commit(): Change[] {
    const changes: Change[] = []
    for (const slot of this.slots) {
      const change = slot.commit()
      if (change !== null) changes.push(change)
    }
    this.#close()
    return changes
  }

  /** Undoes what was written since `undo` had this length; locks stay. */
  undoTo(length: number): void {
    for (const undo of this.undo.splice(length).reverse()) undo()
  }

  rollBack(): void {
    if (this.state === 'ended') return
    for (const slot of this.slots) slot.rollBack()
    this.#close()
  }

  /** Whether waiting for `holder` would close a circle. */
  wouldDeadlock(holder: Transaction): boolean {
    let next: Transaction | null = holder
    for (; next !== null; next = next.waitsFor) if (next === this) return true
    return false
  }

  #close(): void {
    for (const release of this.claims) release()
    this.slots.clear()
    this.state = 'ended'
    this.#end()
  }
}

/** One row through its life: what is committed, and what its present owner made of it. */
class Slot<R extends Row> {
  committed: R | null = null
  pending: R | null = null
  isWritten = false
  owner: Transaction | null = null

  readonly table: Table<R>

  constructor(table: Table<R>) {
    this.table = table
  }

  commit(): Change | null {
    const before = this.committed
    const isWritten = this.isWritten
    if (isWritten) {
      this.committed = this.pending
      this.table.reindex(before, this.committed)
    }
    this.#release()
    // A change is told to observers that know which table they look at.
    return isWritten ? ({ table: this.table, before, after: this.committed } as unknown as Change) : null
  }

  rollBack(): void {
    const isPhantom = this.committed === null
    const { pending } = this
    this.#release()
    if (isPhantom && pending !== null) this.table.forget(pending.id)
  }

  #release(): void {
    this.pending = null
    this.isWritten = false
    this.owner = null
  }
}

/** Rows by a key of theirs; null keeps a row out. */
export class Index<R extends Row> {
  readonly ids = new Map<string, Set<string>>()
  readonly keyOf: (row: R) => string | null

  constructor(keyOf: (row: R) => string | null) {
    this.keyOf = keyOf
  }

  change(before: R | null, after: R | null): void {
    const [from, to] = [before && this.keyOf(before), after && this.keyOf(after)]
    if (from === to) return
    if (from !== null && before !== null) this.ids.get(from)?.delete(before.id)
    if (to === null || after === null) return
    const ids = this.ids.get(to)
    if (ids === undefined) this.ids.set(to, new Set([after.id]))
    else ids.add(after.id)
  }
}

export interface TableOptions<R extends Row> {
  name: string
  /** Constraint name → the key that no two rows share; null is no key. */
  unique?: Readonly<Record<string, (row: R) => string | null>>
  /** Constraint name → what every row fulfils. */
  checks?: Readonly<Record<string, (row: R) => boolean>>
}

interface Unique<R extends Row> {
  name: string
  index: Index<R>
  /** Keys that open transactions have written. */
  claims: Map<string, { owner: Transaction; id: string }>
}

export class Table<R extends Row> {
  readonly name: string
  readonly #slots = new Map<string, Slot<R>>()
  readonly #indexes: Index<R>[] = []
  readonly #uniques: Unique<R>[]
  readonly #checks: readonly (readonly [string, (row: R) => boolean])[]

  constructor({ name, unique = {}, checks = {} }: TableOptions<R>) {
    this.name = name
    this.#uniques = Object.entries(unique).map(([constraint, keyOf]) => ({
      name: constraint,
      index: this.index(keyOf),
      claims: new Map(),
    }))
    this.#checks = Object.entries(checks)
  }

  /** Adds an index; before the first row only. */
  index(keyOf: (row: R) => string | null): Index<R> {
    const index = new Index(keyOf)
    this.#indexes.push(index)
    return index
  }

  /** The row as a transaction sees it: its own version, else the committed one. */
  get(tx: Transaction | null, id: string): R | null {
    const slot = this.#slots.get(id)
    if (slot === undefined) return null
    return tx !== null && slot.owner === tx && slot.isWritten ? slot.pending : slot.committed
  }

  /** The rows under a key of an index, as a transaction sees them, in the order of their ids' arrival there. */
  under(tx: Transaction | null, index: Index<R>, key: string): R[] {
    const rows: R[] = []
    const committed = index.ids.get(key)
    for (const id of committed ?? []) {
      const row = this.get(tx, id)
      if (row !== null && index.keyOf(row) === key) rows.push(row)
    }
    if (tx === null) return rows
    for (const slot of tx.slots) {
      // The transaction's slots are of all tables; those of this one hold its rows.
      const own = slot as unknown as Slot<R>
      if (own.table !== this || !own.isWritten || own.pending === null || committed?.has(own.pending.id)) continue
      if (index.keyOf(own.pending) === key) rows.push(own.pending)
    }
    return rows
  }

  *all(): Iterable<R> {
    for (const { committed } of this.#slots.values()) if (committed !== null) yield committed
  }

  /** Whether a foreign transaction has the row: what SKIP LOCKED steps over. */
  isLocked(tx: Transaction, id: string): boolean {
    const owner = this.#slots.get(id)?.owner ?? null
    return owner !== null && owner !== tx
  }

  /** Locks the row until the transaction ends. Errors: MustWait while another has it. */
  lock(tx: Transaction, id: string): R | null {
    const slot = this.#slots.get(id)
    if (slot === undefined) return null
    this.#own(tx, slot)
    return this.get(tx, id)
  }

  /** Writes a row, locking it. Errors: MustWait, a broken constraint. */
  put(tx: Transaction, row: R): void {
    for (const [constraint, holds] of this.#checks) {
      if (!holds(row)) throw new ServerRefusal('23514', `${this.name} ${row.id} breaks ${constraint}`)
    }
    let slot = this.#slots.get(row.id)
    if (slot === undefined) {
      slot = new Slot<R>(this)
      this.#slots.set(row.id, slot)
    }
    this.#own(tx, slot)
    for (const unique of this.#uniques) {
      const other = this.#findOther(tx, unique, row)
      if (other !== null) throw new ServerRefusal('23505', `${this.name}: ${unique.name} is taken by ${other}`)
      this.#claim(tx, unique, row)
    }
    const { pending, isWritten } = slot
    tx.undo.push(() => Object.assign(slot, { pending, isWritten }))
    slot.pending = row
    slot.isWritten = true
  }

  /** Writes a row that is new. Errors: as `put`, and 23505 when there is one of this id. */
  insert(tx: Transaction, row: R): void {
    if (this.lock(tx, row.id) !== null) throw new ServerRefusal('23505', `${this.name} ${row.id} exists already`)
    this.put(tx, row)
  }

  /** Whether the row would share a unique key with another one. Errors: MustWait while that is undecided. */
  conflicts(tx: Transaction, row: R): boolean {
    return this.#uniques.some((unique) => this.#findOther(tx, unique, row) !== null)
  }

  reindex(before: R | null, after: R | null): void {
    for (const index of this.#indexes) index.change(before, after)
  }

  forget(id: string): void {
    this.#slots.delete(id)
  }

  #own(tx: Transaction, slot: Slot<R>): void {
    if (slot.owner === tx) return
    if (slot.owner !== null) throw new MustWait(slot.owner)
    slot.owner = tx
    tx.slots.add(slot as unknown as Slot<Row>)
  }

  #findOther(tx: Transaction, { index, claims }: Unique<R>, row: R): string | null {
    const key = index.keyOf(row)
    if (key === null) return null
    const claim = claims.get(key)
    if (claim !== undefined && claim.owner !== tx) throw new MustWait(claim.owner)
    if (claim !== undefined && claim.id !== row.id) {
      const claimant = this.get(tx, claim.id)
      if (claimant !== null && index.keyOf(claimant) === key) return claim.id
    }
    for (const id of index.ids.get(key) ?? []) {
      if (id === row.id) continue
      const other = this.get(tx, id)
      if (other === null || index.keyOf(other) !== key) continue
      // Its owner may be about to give the key up.
      const owner = this.#slots.get(id)?.owner ?? null
      if (owner !== null && owner !== tx) throw new MustWait(owner)
      return id
    }
    return null
  }

  #claim(tx: Transaction, { index, claims }: Unique<R>, row: R): void {
    const key = index.keyOf(row)
    if (key === null || claims.has(key) || index.ids.get(key)?.has(row.id)) return
    claims.set(key, { owner: tx, id: row.id })
    tx.claims.push(() => claims.delete(key))
  }
}
