/**
 * The server of the memory and the connections to it: statements that wait for locks, transactions that are repeated,
 * commits whose answer is lost. What `adapters/postgres/database.ts` does for the real one.
 *
 * A `Link` stands between one process and the server: each packet of statements and each commit passes it, so that a
 * simulation can delay, cut or kill there. The server itself is never late and never wrong.
 */
import { CommitUnknown, type Database, type TransactionName, type Tx } from '../../issuing/transaction.js'
import { Defect } from '../../kernel/never.js'
import type { Clock } from '../../kernel/time.js'
import { type Change, MustWait, ServerRefusal, Transaction } from './table.js'

/** As in `adapters/postgres/database.ts`. */
const RETRY_COUNT_MAX = 8
const RETRY_DELAY_MS = 20
const RETRY_DELAY_MS_MAX = 2_000
const TRANSIENT_CODES: readonly string[] = ['40001', '40P01', '55P03']
/** How long a statement waits for a row. Source: reliability, lock timeout. */
const LOCK_TIMEOUT_MS = 3_000

/** The connection broke: before the COMMIT nothing is stored, after it everything is. */
export class ConnectionLost extends Error {
  override name = 'ConnectionLost'
}

/** What becomes of a commit. `lost-…`: the connection breaks before or after the server did it. */
export type CommitFate = 'stored' | 'serialization-failure' | 'lost-before' | 'lost-after'

export interface Link {
  /** A packet travels to the server; rejects when the connection breaks. */
  reach(what: string): Promise<void>
  /** A commit travels to the server. */
  commit(what: string): Promise<CommitFate>
  /** Resolves when the answer to a commit is there. */
  answer(what: string): Promise<void>
  sleep(ms: number): Promise<void>
  random(): number
}

/** What the world sees of a commit, in the instant it is done. */
export type CommitObserver = (commit: { name: string; changes: readonly Change[]; notes: readonly Note[] }) => void

/** One row of the log of moves, or of the quota's ledger: append-only, so it needs no version. */
export type Note =
  | {
      kind: 'transition'
      entity: string
      id: string
      from: string | null
      to: string
      fence: bigint
      cause: string | null
    }
  | { kind: 'signal'; signals: readonly string[] }

export class Server {
  readonly #open = new Map<Transaction, { link: Link; notes: Note[] }>()
  readonly #observers: CommitObserver[] = []

  readonly clock: Clock

  constructor(clock: Clock) {
    this.clock = clock
  }

  observe(observer: CommitObserver): void {
    this.#observers.push(observer)
  }

  begin(link: Link): Transaction {
    const tx = new Transaction()
    this.#open.set(tx, { link, notes: [] })
    return tx
  }

  note(tx: Transaction, note: Note): void {
    const notes = this.#open.get(tx)?.notes
    notes?.push(note)
    tx.undo.push(() => notes?.pop())
  }

  /** Errors: Defect when a statement had failed and the work went on as if it had not. */
  commit(tx: Transaction, name: string): void {
    const notes = this.#open.get(tx)?.notes
    if (notes === undefined || tx.state === 'ended') throw new ConnectionLost('the server gave the transaction up')
    if (tx.state === 'failed') throw new Defect('a transaction went on after one of its statements had failed')
    this.#open.delete(tx)
    const changes = tx.commit()
    for (const observer of this.#observers) observer({ name, changes, notes })
  }

  /** Nothing was locked or written, so that it is all the same what becomes of its commit. */
  isUntouched(tx: Transaction): boolean {
    return tx.state === 'open' && tx.slots.size === 0 && this.#open.get(tx)?.notes.length === 0
  }

  rollBack(tx: Transaction): void {
    this.#open.delete(tx)
    tx.rollBack()
  }

  /** The connections of a link are gone: the server rolls back what was open on them. */
  breakLink(link: Link): void {
    for (const [tx, { link: own }] of this.#open) if (own === link) this.rollBack(tx)
  }
}

/** One process's way to the server. */
export class Session {
  /** Statements on their way, by transaction: those of one turn travel as one packet and run in their order. */
  readonly #packets = new WeakMap<Transaction, Promise<void>>()
  readonly #tails = new WeakMap<Transaction, Promise<unknown>>()

  readonly server: Server
  readonly link: Link

  constructor(server: Server, link: Link) {
    this.server = server
    this.link = link
  }

  readonly database: Database = {
    isOutage: (error) => error instanceof ConnectionLost || error instanceof CommitUnknown,
    transaction: (name, work) => this.#transaction(name, work),
  }

  /** Runs one statement inside a transaction. */
  run<T>(tx: Tx, what: string, statement: (tx: Transaction) => T): Promise<T> {
    const open = Transaction.of(tx)
    const travelled = this.#travel(open, what)
    const before = this.#tails.get(open) ?? Promise.resolve()
    const done = before.then(
      () => travelled.then(() => this.#execute(open, what, statement)),
      // The server would say 25P02; what the caller needs to know is why.
      (error: unknown) => {
        throw error
      },
    )
    this.#tails.set(open, done)
    // Who asked hears of it; the next statement in line only needs to know that it cannot go on.
    done.catch(() => undefined)
    return done
  }

  /** Runs one statement that is a transaction of its own. */
  async alone<T>(what: string, statement: (tx: Transaction) => T): Promise<T> {
    await this.link.reach(what)
    const tx = this.server.begin(this.link)
    try {
      const value = await this.#execute(tx, what, statement)
      if (this.server.isUntouched(tx)) {
        this.server.rollBack(tx)
        return value
      }
      const fate = await this.link.commit(what)
      if (fate === 'lost-before' || fate === 'serialization-failure') throw new ConnectionLost(what)
      this.server.commit(tx, what)
      if (fate === 'lost-after') throw new ConnectionLost(what)
      await this.link.answer(what)
      return value
    } catch (error) {
      this.server.rollBack(tx)
      throw error
    }
  }

  /** Reads committed rows; no transaction, no lock. */
  async read<T>(what: string, look: () => T): Promise<T> {
    await this.link.reach(what)
    return look()
  }

  #travel(tx: Transaction, what: string): Promise<void> {
    const travelling = this.#packets.get(tx)
    if (travelling !== undefined) return travelling
    const packet = this.link.reach(what).finally(() => this.#packets.delete(tx))
    this.#packets.set(tx, packet)
    return packet
  }

  async #execute<T>(tx: Transaction, what: string, statement: (tx: Transaction) => T): Promise<T> {
    for (;;) {
      if (tx.state === 'ended') throw new ConnectionLost(what)
      const before = tx.undo.length
      try {
        return statement(tx)
      } catch (error) {
        if (!(error instanceof MustWait)) throw this.#fail(tx, error)
        tx.undoTo(before)
        await this.#waitFor(tx, error.holder, what)
      }
    }
  }

  async #waitFor(tx: Transaction, holder: Transaction, what: string): Promise<void> {
    if (tx.wouldDeadlock(holder)) throw this.#fail(tx, new ServerRefusal('40P01', `deadlock in ${what}`))
    tx.waitsFor = holder
    const outcome = await Promise.race([
      holder.ended.then(() => 'free' as const),
      this.link.sleep(LOCK_TIMEOUT_MS).then(() => 'late' as const),
    ])
    tx.waitsFor = null
    if (outcome === 'late') throw this.#fail(tx, new ServerRefusal('55P03', `lock not available in ${what}`))
  }

  #fail<E>(tx: Transaction, error: E): E {
    if (tx.state === 'open') tx.state = 'failed'
    return error
  }

  async #transaction<T>(name: TransactionName, work: (tx: Tx) => Promise<T>): Promise<T> {
    for (let retry = 1; ; retry += 1) {
      try {
        return await this.#once(name, work)
      } catch (error) {
        const isTransient = error instanceof ServerRefusal && TRANSIENT_CODES.includes(error.code)
        if (!isTransient || retry > RETRY_COUNT_MAX) throw error
        const ceilingMs = Math.min(RETRY_DELAY_MS * 2 ** (retry - 1), RETRY_DELAY_MS_MAX)
        await this.link.sleep(Math.round(ceilingMs * this.link.random()))
      }
    }
  }

  async #once<T>(name: TransactionName, work: (tx: Tx) => Promise<T>): Promise<T> {
    const tx = this.server.begin(this.link)
    try {
      const value = await work(tx)
      await this.#commit(tx, name)
      return value
    } catch (error) {
      this.server.rollBack(tx)
      throw error
    }
  }

  async #commit(tx: Transaction, name: string): Promise<void> {
    if (this.server.isUntouched(tx)) return this.server.commit(tx, name)
    const fate = await this.link.commit(name)
    if (fate === 'serialization-failure') throw new ServerRefusal('40001', 'could not serialize access')
    // The client cannot tell one from the other.
    if (fate === 'lost-before') throw new CommitUnknown(new ConnectionLost(name))
    this.server.commit(tx, name)
    if (fate === 'lost-after') throw new CommitUnknown(new ConnectionLost(name))
    await this.link.answer(name)
  }
}
