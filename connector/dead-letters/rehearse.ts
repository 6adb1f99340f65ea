/**
 * Rehearsal: what would become of letters if they were released now, under the present settings. Mapped and checked in
 * memory as intake does it; nothing is written, nobody is told.
 */
import type { IssuingStore } from '../issuing/ports.js'
import { type PrepareDeps, type Prepared, prepare } from '../issuing/prepare.js'
import { judgeRepeat } from '../issuing/record-orders.js'
import { type Amount, formatAmount } from '../kernel/amount.js'
import type { Fault, ParkCause } from '../kernel/fault.js'
import { assertNever } from '../kernel/never.js'
import type { DeadLetter, DeadLetterStore, LetterContent, LetterFilter } from './ports.js'

/** Letters whose bytes are in memory at once; a body has 4 MB at most. */
const PAGE_COUNT = 20

export interface RehearseDeps extends Omit<PrepareDeps, 'shelf'> {
  letters: DeadLetterStore
  store: Pick<IssuingStore, 'database' | 'orders'>
}

type Becomes =
  /** Invoices would be made of it. */
  | 'mapped'
  | 'rejected'
  | 'ignored'
  | 'duplicate'
  | 'conflict'
  /** It would be a letter again. */
  | 'parked'
  | 'dead'

export interface Rehearsed {
  letter: DeadLetter
  becomes: Becomes
  cause: ParkCause | null
  orderNo: string | null
  invoiceCount: number
  /** Yuan with two decimals. */
  grossAmount: string | null
  faults: readonly Fault[]
}

/** Rehearses the oldest `limit` letters, one after the other. */
export async function* rehearseLetters(
  deps: RehearseDeps,
  filter: LetterFilter,
  limit: number,
): AsyncGenerator<Rehearsed> {
  const earlier = new Map<string, string>()
  let after: DeadLetter | null = null
  for (let count = 0; count < limit; ) {
    const page: readonly DeadLetter[] = await deps.letters.page(filter, {
      limit: Math.min(PAGE_COUNT, limit - count),
      after,
    })
    const contents = await deps.letters.loadContents(page.map(({ inboxId }) => inboxId))
    const byId = new Map(contents.map((content) => [content.inboxId, content]))
    for (const letter of page) {
      const content = byId.get(letter.inboxId)
      if (content !== undefined) yield await rehearse(deps, letter, content, earlier)
    }
    after = page.at(-1) ?? null
    count += page.length
    if (after === null || page.length < PAGE_COUNT) return
  }
}

async function rehearse(
  deps: RehearseDeps,
  letter: DeadLetter,
  content: LetterContent,
  earlier: Map<string, string>,
): Promise<Rehearsed> {
  const prepared = prepareLetter(deps, letter, content)
  const nothing = { letter, cause: null, orderNo: letter.orderNo, invoiceCount: 0, grossAmount: null, faults: [] }
  switch (prepared.kind) {
    case 'disposed':
      return { ...nothing, becomes: prepared.disposition, faults: prepared.faults }
    case 'waiting':
      return { ...nothing, becomes: 'parked', cause: prepared.parkCause, faults: prepared.faults }
    case 'order': {
      const { order } = prepared
      const known = { ...nothing, orderNo: order.orderNo }
      if (letter.kind === 'order' && order.orderKey !== letter.orderKey) {
        // Intake holds it: it would be another order than the one it is stored under.
        return { ...known, becomes: 'parked', cause: 'mapping_fault' }
      }
      const repeat = letter.kind === 'message' ? await judgeAgainst(deps, letter, content, prepared, earlier) : null
      if (repeat !== null) return { ...known, becomes: repeat }
      if (order.state === 'rejected') return { ...known, becomes: 'rejected', faults: order.faults }
      if (order.parkCause !== null) return { ...known, becomes: 'parked', cause: order.parkCause, faults: order.faults }
      const { invoiceCount } = order
      return {
        ...known,
        becomes: 'mapped',
        invoiceCount,
        grossAmount: toYuan(order.grossAmount),
        faults: order.warnings,
      }
    }
    default:
      return assertNever(prepared)
  }
}

function prepareLetter(deps: RehearseDeps, letter: DeadLetter, content: LetterContent): Prepared {
  const { businessType, source, messageId, receivedAt, inboxId } = letter
  const { body, correlationId, traceparent } = content
  const message = {
    ...{ id: inboxId, body, businessType, source, messageId, correlationId, traceparent, receivedAt },
    orderId: letter.kind === 'order' ? letter.id : null,
  }
  try {
    return prepare({ ...deps, shelf: NO_SHELF }, message)
  } catch {
    // Intake would park it under this cause and tell the error loudly; here it is only the answer to a question.
    return { kind: 'waiting', parkCause: 'defect', faults: [] }
  }
}

/** Whether the order is there already, or would be by an earlier letter of this rehearsal. */
async function judgeAgainst(
  deps: RehearseDeps,
  letter: DeadLetter,
  { body, bodySha256 }: LetterContent,
  { order }: Extract<Prepared, { kind: 'order' }>,
  earlier: Map<string, string>,
): Promise<'duplicate' | 'conflict' | null> {
  const earlierHash = earlier.get(order.orderKey)
  if (earlierHash !== undefined) return earlierHash === bodySha256 ? 'duplicate' : 'conflict'
  if (order.state !== 'rejected') earlier.set(order.orderKey, bodySha256)
  return deps.store.database.transaction('other', async (tx) => {
    const [existing] = await deps.store.orders.loadLatest(tx, [order.orderKey])
    if (existing === undefined) return null
    const decision = await judgeRepeat(deps, tx, existing, { businessType: letter.businessType, body, bodySha256 })
    return decision === 'new_revision' ? null : decision
  })
}

const NO_SHELF: PrepareDeps['shelf'] = { put: () => undefined, take: () => null }

function toYuan(amount: Amount | null): string | null {
  return amount === null ? null : formatAmount(amount)
}
