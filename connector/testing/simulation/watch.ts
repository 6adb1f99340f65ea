/**
 * The invariants of reliability §1, asserted in the very instant in which something happens: at every commit, when bytes
 * leave, when the bureau takes an invoice into its book, when a message is acknowledged, when a result is told.
 *
 * Each look costs as much as what has changed, however long the run. The first one that finds something stops the run.
 */
import type { ResultRow } from '../../issuing/bureau.js'
import type { PendingEvent } from '../../issuing/ports.js'
import { sha256 } from '../../kernel/digest.js'
import { taxPeriodOf } from '../../kernel/time.js'
import type { ResultMessage } from '../../result/result.js'
import type {
  BatchRow,
  EventRow,
  InboxRow,
  IncidentRow,
  InvoiceRow,
  OrderRow,
  QuotaRow,
  Schema,
} from '../memory/schema.js'
import { quotaId } from '../memory/schema.js'
import type { Note } from '../memory/server.js'
import type { Change } from '../memory/table.js'
import { isAllowedMove } from './moves.js'
import { type Held, type Office, readSheet } from './office.js'
import { type Publication, readRemark } from './orders.js'

export class Violation extends Error {
  override name = 'Violation'
  readonly invariant: string
  /** Ids of what is concerned, to find its story in the log. */
  readonly entities: readonly string[]

  constructor(invariant: string, message: string, entities: readonly string[]) {
    super(`${invariant}: ${message}`)
    this.invariant = invariant
    this.entities = entities
  }
}

/** What has left under a number since the bureau last refused it. */
interface Carried {
  text: string
  /** Copies of it that no trustworthy answer came to, or not yet. */
  unansweredCount: number
}

export class Watch {
  readonly #schema: Schema
  readonly #office: () => Office
  violation: Violation | null = null
  readonly #last = new Map<string, { state: string; fence: bigint }>()
  readonly #carried = new Map<string, Carried>()
  /** Valid invoices in the bureau's book, by part of an order. */
  readonly #parts = new Map<string, string>()
  readonly #reserved = new Map<string, bigint>()
  readonly #settled = new Map<string, bigint>()
  readonly #told = new Map<string, { id: string; hash: string }>()
  readonly #stored = new Set<string>()
  /** Orders that were told failed, by number and version: nothing of them may ever be valid. */
  readonly #failed = new Set<string>()
  /** Results told, copies included. */
  toldCount = 0

  constructor(schema: Schema, office: () => Office) {
    this.#schema = schema
    this.#office = office
  }

  onCommit({ changes, notes }: { changes: readonly Change[]; notes: readonly Note[] }): void {
    this.#attempt(() => {
      for (const note of notes) if (note.kind === 'transition') this.#fold(note)
      const quotas = new Set<string>()
      for (const change of changes) this.#look(change, quotas)
      for (const id of quotas) this.#balance(id)
    })
  }

  /** I3: between two definite refusals a number carries one content. `outcome` follows with a trustworthy answer only. */
  onLeave(texts: readonly string[]): (outcome: 'accepted' | 'refused') => void {
    this.#attempt(() => {
      for (const text of texts) {
        const { number } = readSheet(text)
        const carried = this.#carried.get(number) ?? { text, unansweredCount: 0 }
        if (carried.text !== text) {
          const ids = [...this.#schema.invoices.all()].filter((row) => row.invoiceNumber === number).map(({ id }) => id)
          fail('I3', `number ${number} leaves with another content than it carries`, ids)
        }
        this.#carried.set(number, { text, unansweredCount: carried.unansweredCount + 1 })
      }
    })
    return (outcome) => {
      for (const text of texts) {
        const { number } = readSheet(text)
        const carried = this.#carried.get(number)
        if (carried?.text !== text) continue
        carried.unansweredCount -= 1
        const isFree = carried.unansweredCount === 0 && !this.#office().held.has(number)
        if (outcome === 'refused' && isFree) this.#carried.delete(number)
      }
    }
  }

  onVerdicts(rows: readonly ResultRow[]): void {
    for (const { invoiceNumber, status } of rows) {
      if (status === 'refused' && !this.#office().held.has(invoiceNumber)) this.#carried.delete(invoiceNumber)
    }
  }

  /** I2, I5, I9: the bureau takes an invoice into its book. */
  onHold(sheet: Held): void {
    this.#attempt(() => {
      const part = `${sheet.remark} ${sheet.firstLine}`
      const { orderNo, version } = readRemark(sheet.remark)
      const other = this.#parts.get(part)
      if (other !== undefined) fail('I2', `${part} is valid under ${other} and ${sheet.number}`, [other, sheet.number])
      if (this.#failed.has(`${orderNo} v${version} ${sheet.firstLine}`)) {
        fail('I9', `${part} was told failed and is valid now`, [sheet.number])
      }
      this.#parts.set(part, sheet.number)
      const over = this.#office().overspentBy(sheet.seller, taxPeriodOf(sheet.issuedAt))
      if (over > 0n) fail('I5', `${sheet.seller} used ${over} fen more than it downloaded`, [sheet.number])
    })
  }

  /** I1: what is acknowledged is stored. */
  onAck({ id }: Publication): void {
    this.#attempt(() => {
      if (!this.#stored.has(id)) fail('I1', `message ${id} was acknowledged and is not stored`, [id])
    })
  }

  /** I7, I9: what the order system is told. */
  onResult({ body, orderId }: PendingEvent): void {
    this.#attempt(() => {
      this.toldCount += 1
      // The bytes are those that the core built.
      const result = JSON.parse(body) as ResultMessage
      const known = this.#told.get(orderId)
      const hash = sha256(body)
      if (known !== undefined && (known.id !== result.eventId || known.hash !== hash)) {
        fail('I7', `order ${result.orderNo} is told two different results`, [orderId])
      }
      this.#told.set(orderId, { id: result.eventId, hash })
      this.#compare(result, orderId)
    })
  }

  hasTold(orderId: string): boolean {
    return this.#told.has(orderId)
  }

  fail(invariant: string, message: string, entities: readonly string[]): void {
    this.violation ??= new Violation(invariant, message, entities)
  }

  #attempt(look: () => void): void {
    if (this.violation !== null) return
    try {
      look()
    } catch (error) {
      if (!(error instanceof Violation)) throw error
      this.violation = error
    }
  }

  /** I13: every move is allowed, starts where the last one led, and never under an older fence. */
  #fold(note: Extract<Note, { kind: 'transition' }>): void {
    const { entity, id, from, to, fence } = note
    const last = this.#last.get(id)
    if ((last?.state ?? null) !== from) fail('I13', `${entity} ${id} moves from ${from} and is ${last?.state}`, [id])
    if (last !== undefined && fence > 0n && fence < last.fence)
      fail('I13', `${entity} ${id} moves under an older fence`, [id])
    if (from !== null && !isAllowedMove(entity, from, to))
      fail('I13', `${entity} ${id} must not move from ${from} to ${to}`, [id])
    if (entity === 'invoice' && from === 'in_doubt' && (to === 'reserved' || to === 'draft')) {
      fail('I3', `invoice ${id} was in doubt and is ${to}`, [id])
    }
    this.#last.set(id, { state: to, fence: fence > (last?.fence ?? 0n) ? fence : (last?.fence ?? 0n) })
  }

  #look(change: Change, quotas: Set<string>): void {
    const { table, after } = change
    // Each table holds the rows of its name.
    if (table.name === 'inbox') this.#stored.add((after as unknown as InboxRow).messageId ?? '')
    if (table.name === 'order') this.#lookAtOrder(after as unknown as OrderRow)
    if (table.name === 'invoice') this.#lookAtInvoice(change as unknown as Change<InvoiceRow>, quotas)
    if (table.name === 'batch') this.#lookAtBatch(change as unknown as Change<BatchRow>)
    if (table.name === 'event') this.#lookAtEvent(change as unknown as Change<EventRow>)
    if (table.name === 'incident') this.#lookAtIncident(after as unknown as IncidentRow)
    if (table.name === 'quota') quotas.add((after as unknown as QuotaRow).id)
  }

  /** I3: nobody else has numbers of ours, so none can be held by something that is not ours. */
  #lookAtIncident({ incident: { kind, batchId } }: IncidentRow): void {
    if (kind === 'number_held_at_first') fail('I3', `batch ${batchId} meets a number that is held`, [batchId])
  }

  #lookAtOrder(row: OrderRow): void {
    this.#expectState(row.id, row.state)
    if (!['issued', 'partly_issued', 'failed'].includes(row.state)) return
    const parts = this.#schema.invoices.under(null, this.#schema.indexes.invoicesByOrder, row.id)
    const isEnded = parts.every(({ state }) => state === 'issued' || state === 'rejected')
    if (!isEnded || parts.length !== row.invoiceCount)
      fail('I9', `order ${row.orderNo} ended before its parts`, [row.id])
  }

  #lookAtInvoice({ before, after }: Change<InvoiceRow>, quotas: Set<string>): void {
    if (after === null) return
    this.#expectState(after.id, after.state)
    const held = after.invoiceNumber === null ? undefined : this.#office().held.get(after.invoiceNumber)
    if (after.state === 'issued' && before?.state !== 'issued') {
      if (held === undefined)
        fail('I9', `invoice ${after.id} counts as issued, and the bureau does not hold it`, [after.id])
      if (held?.content !== after.contentSha256)
        fail('I10', `the bureau holds another content of ${after.id}`, [after.id])
    }
    const isOwn = held?.content === after.contentSha256
    if (after.state === 'rejected' && before?.state !== 'rejected' && isOwn) {
      fail('I9', `invoice ${after.id} counts as refused, and the bureau holds it`, [after.id])
    }
    this.#count(before, -1n, quotas)
    this.#count(after, 1n, quotas)
  }

  /** I3, I10: what is frozen is what was approved; whatever was once in doubt stays so. */
  #lookAtBatch({ before, after }: Change<BatchRow>): void {
    if (after === null) return
    this.#expectState(after.id, after.state)
    if (before?.wasInDoubt === true && !after.wasInDoubt) fail('I3', `batch ${after.id} forgot its doubt`, [after.id])
    if (before !== null) {
      if (after.fence < before.fence) fail('I13', `batch ${after.id} has an older fence`, [after.id])
      if (after.items !== before.items) fail('I3', `batch ${after.id} has other bytes than were frozen`, [after.id])
      return
    }
    for (const { invoiceId, frozen, invoiceNumber } of after.items) {
      const { content, number } = readSheet(frozen)
      const approved = this.#schema.invoices.get(null, invoiceId)?.contentSha256
      if (content !== approved || number !== invoiceNumber)
        fail('I10', `${invoiceId} was frozen unlike it was approved`, [invoiceId])
    }
  }

  #lookAtEvent({ before, after }: Change<EventRow>): void {
    if (after === null) return
    this.#expectState(after.id, after.state)
    const isChanged = before !== null && (before.body !== after.body || before.orderId !== after.orderId)
    if (isChanged) fail('I7', `result ${after.id} was changed`, [after.id])
    if (sha256(after.body) !== after.bodySha256)
      fail('I7', `result ${after.id} has other bytes than its hash`, [after.id])
  }

  #expectState(id: string, state: string): void {
    const last = this.#last.get(id)?.state
    if (last !== state) fail('I13', `${id} is ${state} and its log says ${last}`, [id])
  }

  #count(row: InvoiceRow | null, sign: bigint, quotas: Set<string>): void {
    if (row === null || row.period === null || row.state === 'rejected') return
    const id = quotaId(row.usingUnitId, row.period)
    const sums = row.state === 'issued' ? this.#settled : this.#reserved
    sums.set(id, (sums.get(id) ?? 0n) + sign * row.quotaAmount)
    quotas.add(id)
  }

  /** I5, I6: a quota is what its invoices hold, to the fen, and never more than was downloaded. */
  #balance(id: string): void {
    const row = this.#schema.quotas.get(null, id)
    const [reserved, settled] = [this.#reserved.get(id) ?? 0n, this.#settled.get(id) ?? 0n]
    if ((row?.reservedAmount ?? 0n) !== reserved || (row?.settledAmount ?? 0n) !== settled) {
      fail(
        'I6',
        `quota ${id}: ${row?.reservedAmount} reserved for ${reserved}, ${row?.settledAmount} settled for ${settled}`,
        [id],
      )
    }
  }

  /** I9: whatever is told, the bureau's own book says the same. */
  #compare(result: ResultMessage, orderId: string): void {
    const rows = this.#schema.invoices.under(null, this.#schema.indexes.invoicesByOrder, orderId)
    for (const part of result.invoices) {
      const row = rows.find(({ splitNo }) => splitNo === part.splitNo)
      if (part.status === 'issued') {
        const held = this.#office().held.get(part.invoiceNumber ?? '')
        const isTrue = held !== undefined && readRemark(held.remark).orderNo === result.orderNo
        if (!isTrue || held.content !== row?.contentSha256) {
          fail(
            'I9',
            `order ${result.orderNo} is told issued under ${part.invoiceNumber}, and the book says otherwise`,
            [orderId],
          )
        }
        continue
      }
      const content = row?.contentSha256
      for (const held of content === undefined ? [] : this.#office().held.values()) {
        if (held.content === content)
          fail('I9', `order ${result.orderNo} is told failed, and the book holds ${held.number}`, [orderId])
      }
      this.#noteFailed(row)
    }
  }

  #noteFailed(row: InvoiceRow | undefined): void {
    const batch = this.#schema.batches.get(null, row?.batchId ?? '')
    const item = batch?.items.find(({ invoiceId }) => invoiceId === row?.id)
    if (item === undefined) return
    const { remark, firstLine } = readSheet(item.frozen)
    const { orderNo, version } = readRemark(remark)
    this.#failed.add(`${orderNo} v${version} ${firstLine}`)
  }
}

function fail(invariant: string, message: string, entities: readonly string[]): never {
  throw new Violation(invariant, message, entities)
}
