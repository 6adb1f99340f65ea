/**
 * The one door for orders: messages, and later HTTP and file intake, enter here.
 *
 * Fresh messages are prepared in memory and land in one transaction: inbox, orders, drafts, invoices, rejections (P0, P1).
 * Redelivered ones may have crashed a process: they are stored raw first and taken alone by `resumeInbox`, which counts
 * an attempt before each try. The caller acknowledges only after `storeIntake` resolved.
 */
import { sha256 } from '../kernel/digest.js'
import type { Fault } from '../kernel/fault.js'
import type { Directory } from './directory.js'
import type {
  Delivery,
  InboxStore,
  IssuingStore,
  NewInboxMessage,
  OrderAdvance,
  ParkedOrder,
  StoredMessage,
} from './ports.js'
import { type Message, type PrepareDeps, type Prepared, prepare } from './prepare.js'
import { insertParts, type Receipt, recordOrders } from './record-orders.js'
import { type Database, type Held, LostHold } from './transaction.js'

/**
 * Tries that may break off: after so many a stored message goes to the dead store, and a waiting order is set aside as a
 * defect.
 */
const ATTEMPTS_MAX = 3
/** How long a message is held while it is worked on: a dead worker's messages are taken over after it. */
const INBOX_LEASE_MS = 15_000
/** Messages prepared without a pause, a millisecond of work: each step of an upload or a verdict waits for one slice. */
const SLICE_COUNT = 5
/** Stored messages or woken orders taken up together: one transaction. */
const RESUME_BATCH_COUNT = 50

export interface ReceiveDeps extends PrepareDeps {
  store: IssuingStore
  /** Brings the directory up to date. */
  renewDirectory: () => Promise<void>
  /** Lets other work of the process go on. */
  breathe: () => Promise<void>
  report: (event: ReceiveReport) => void
}

interface ReceiveReport {
  event: 'batch.received' | 'message.defect' | 'batch.stored-raw'
  count: number
  dispositions?: Record<string, number>
  error?: unknown
}

/** A batch that is ready to be stored, with the directory that it was prepared under. */
export interface Intake {
  fresh: readonly Receipt[]
  redelivered: readonly Delivery[]
  directory: Directory
}

/** Makes a batch ready in memory; nothing outside is touched, so that another batch may be being stored meanwhile. */
export async function prepareIntake(deps: ReceiveDeps, batch: readonly Delivery[]): Promise<Intake> {
  const directory = deps.directory()
  const fresh = await prepareAll(
    deps,
    batch.filter((delivery) => !delivery.isRedelivered).map((delivery) => toInboxMessage(deps, delivery)),
  )
  return { fresh, redelivered: batch.filter((delivery) => delivery.isRedelivered), directory }
}

/** Stores a batch; resolves after the commit. */
export async function storeIntake(deps: ReceiveDeps, { fresh, redelivered, directory }: Intake): Promise<void> {
  if (redelivered.length > 0)
    await storeRaw(
      deps,
      redelivered.map((delivery) => toInboxMessage(deps, delivery)),
    )
  if (fresh.length > 0) await storeFresh(deps, await renewReceipts(deps, fresh, directory))
}

async function storeFresh(deps: ReceiveDeps, receipts: readonly Receipt[]): Promise<void> {
  // The same order twice in one batch: the second is judged against the first, so it needs the first committed.
  const rounds = splitByOrderKey(receipts)
  let storedCount = 0
  try {
    for (const round of rounds) {
      await record(deps, round)
      storedCount += 1
    }
  } catch (error) {
    if (receipts.length === 1) throw error
    // One message may have poisoned the transaction of its neighbours: keep all bytes, decide each alone.
    const messages = rounds.slice(storedCount).flatMap((round) => round.map(({ message }) => message))
    deps.report({ event: 'batch.stored-raw', count: messages.length, error })
    await storeRaw(deps, messages)
  }
}

/** What a message lacks may be there by now, in settings that this process has not seen: then all are prepared again. */
async function renewReceipts(
  deps: ReceiveDeps,
  receipts: readonly Receipt[],
  directory: Directory,
): Promise<readonly Receipt[]> {
  if (!receipts.some(isParked)) return receipts
  await deps.renewDirectory()
  if (deps.directory() === directory) return receipts
  return prepareAll(
    deps,
    receipts.map(({ message }) => message),
  )
}

/** Prepares slice by slice: a batch takes a tenth of a second, and uploads and verdicts must not wait for it. */
async function prepareAll(deps: ReceiveDeps, messages: readonly NewInboxMessage[]): Promise<Receipt[]> {
  const receipts: Receipt[] = []
  for (const [index, message] of messages.entries()) {
    if (index % SLICE_COUNT === 0 && index > 0) await deps.breathe()
    receipts.push({ message, prepared: prepareSafely(deps, message) })
  }
  return receipts
}

/** Keeps what the broker itself gave up on; nothing is tried again by itself. Resolves after the commit. */
export async function receiveDead(
  deps: ReceiveDeps,
  letters: readonly (Delivery & { reason: string | null; diedIn: string | null })[],
): Promise<void> {
  const messages = letters.map(
    (letter): NewInboxMessage => ({
      ...toInboxMessage(deps, letter),
      disposition: 'dead',
      faults: [deadLetterFault(letter.reason, letter.diedIn)],
    }),
  )
  await deps.store.database.transaction('intake.dead', (tx) => deps.store.inbox.insert(tx, messages))
  deps.report({ event: 'batch.received', count: messages.length, dispositions: { dead: messages.length } })
}

/**
 * Decides messages that were stored raw or woken; returns how many it saw. A message that kills the process must not use
 * up the attempts of others, so suspects are tried each alone; a try that broke off makes a suspect.
 */
export async function resumeInbox(deps: ReceiveDeps): Promise<number> {
  const options = { leaseMs: INBOX_LEASE_MS, limit: RESUME_BATCH_COUNT }
  const others = await deps.store.inbox.claim({ ...options, suspects: false })
  const suspects = await deps.store.inbox.claim({ ...options, suspects: true })
  if (others.length + suspects.length > 0) await deps.renewDirectory()
  const { database, inbox } = deps.store
  for (const messages of [others, ...eachAlone(suspects)]) {
    await survive(database, inbox, messages, () => resumeMessages(deps, messages))
  }
  return others.length + suspects.length
}

function eachAlone<T>(items: readonly T[]): readonly (readonly T[])[] {
  return items.map((item) => [item])
}

async function resumeMessages(deps: ReceiveDeps, messages: readonly StoredMessage[]): Promise<void> {
  const receipts: Receipt[] = []
  const fences = new Map(messages.map(({ id, fence }) => [id, fence]))
  for (const [index, stored] of messages.entries()) {
    if (index % SLICE_COUNT === 0 && index > 0) await deps.breathe()
    const message: NewInboxMessage = { ...stored, disposition: null, orderId: null, faults: [], parkCause: null }
    receipts.push({ message, prepared: isPoison(stored) ? deadOf(stored) : prepareSafely(deps, message) })
  }
  for (const round of splitByOrderKey(receipts)) {
    await deps.store.database.transaction('inbox.resume', async (tx) => {
      const decisions = await recordOrders(deps, tx, round)
      const decided = await deps.store.inbox.decide(
        tx,
        round.flatMap(({ message: { id } }, index) => {
          const [decision, fence] = [decisions[index], fences.get(id)]
          return decision === undefined || fence === undefined ? [] : [{ id, fence, ...decision }]
        }),
      )
      // Rolls back what they were turned into: whoever holds them now does that.
      if (decided.length < round.length) throw new LostHold(`one of ${round.length} messages`)
    })
  }
}

/**
 * What fails because the database is full, busy or away is no mark against what was tried: the attempt is taken back, else
 * an outage would make poison of every message that it met.
 */
async function survive(
  database: Pick<Database, 'isOutage'>,
  queue: Pick<InboxStore, 'begin' | 'putBack'>,
  held: readonly Held[],
  work: () => Promise<void>,
): Promise<void> {
  if (held.length === 0) return
  try {
    // Counted here and not when it was taken up: a taking whose answer was lost was no try.
    await queue.begin(held)
    await work()
  } catch (error) {
    // When even that cannot be written the attempt counts: three such in a row are rarer than poison.
    if (database.isOutage(error) || error instanceof LostHold) await queue.putBack(held).catch(() => undefined)
    throw error
  }
}

function isPoison(tried: { attempts: number }): boolean {
  return tried.attempts >= ATTEMPTS_MAX
}

function deadOf({ attempts }: StoredMessage): Prepared {
  return { kind: 'disposed', disposition: 'dead', faults: [poisonFault(attempts)] }
}

/** Maps orders again whose cause to wait is gone; returns how many it saw. Suspects are tried alone, as in the inbox. */
export async function resumeOrders(deps: ReceiveDeps): Promise<number> {
  const options = { leaseMs: INBOX_LEASE_MS, limit: RESUME_BATCH_COUNT }
  const others = await deps.store.orders.claimWoken({ ...options, suspects: false })
  const suspects = await deps.store.orders.claimWoken({ ...options, suspects: true })
  if (others.length + suspects.length > 0) await deps.renewDirectory()
  const { database, orders } = deps.store
  for (const woken of [others, ...eachAlone(suspects)]) {
    await survive(database, orders, woken, () => resumeWoken(deps, woken))
  }
  return others.length + suspects.length
}

async function resumeWoken(deps: ReceiveDeps, woken: readonly ParkedOrder[]): Promise<void> {
  const resumed: { id: string; prepared: Extract<Prepared, { kind: 'order' }> | null; advance: OrderAdvance }[] = []
  for (const [index, parked] of woken.entries()) {
    if (index % SLICE_COUNT === 0 && index > 0) await deps.breathe()
    const prepared = isPoison(parked) ? heldAsDefect() : prepareSafely(deps, { ...parked, id: '', orderId: parked.id })
    const isSameOrder = prepared.kind === 'order' && prepared.order.orderKey === parked.orderKey
    resumed.push(
      isSameOrder
        ? { id: parked.id, prepared, advance: { ...prepared.order, fence: parked.fence } }
        : { id: parked.id, prepared: null, advance: holdOrder(parked, prepared) },
    )
  }
  await deps.store.database.transaction('orders.resume', async (tx) => {
    const changed = await deps.store.orders.advanceReceived(
      tx,
      resumed.map(({ advance }) => advance),
    )
    await insertParts(
      deps,
      tx,
      resumed.flatMap(({ id, prepared }) => (prepared !== null && changed.has(id) ? [prepared] : [])),
    )
  })
}

/** An order whose mapping broke the process off again and again waits for a fixed release. */
function heldAsDefect(): Prepared {
  return { kind: 'waiting', parkCause: 'defect', faults: [defectFault()] }
}

async function storeRaw(deps: ReceiveDeps, messages: readonly NewInboxMessage[]): Promise<void> {
  await deps.store.database.transaction('intake.raw', async (tx) => {
    await deps.store.inbox.insert(tx, messages)
    await deps.store.signals.announce(tx, ['inbox'])
  })
}

async function record(deps: ReceiveDeps, receipts: readonly Receipt[]): Promise<void> {
  const dispositions: Record<string, number> = {}
  await deps.store.database.transaction('intake.record', async (tx) => {
    const decisions = await recordOrders(deps, tx, receipts)
    const messages = receipts.map(({ message }, index) => ({ ...message, ...decisions[index] }))
    await deps.store.inbox.insert(tx, messages)
    for (const { disposition } of messages) {
      dispositions[disposition ?? 'waiting'] = (dispositions[disposition ?? 'waiting'] ?? 0) + 1
    }
  })
  deps.report({ event: 'batch.received', count: receipts.length, dispositions })
}

/** An order that became something else under the new mapping keeps its identity and waits for a person. */
function holdOrder(parked: ParkedOrder, prepared: Prepared): OrderAdvance {
  return {
    id: parked.id,
    fence: parked.fence,
    state: 'received',
    parkCause: prepared.kind === 'waiting' ? prepared.parkCause : 'mapping_fault',
    faults: prepared.kind === 'order' ? [otherOrderFault()] : prepared.faults,
    warnings: [],
    letter: 'blue',
    usingUnitId: null,
    mappingVersionId: null,
    grossAmount: null,
    invoiceCount: 0,
    eventSeq: 0,
    fills: null,
  }
}

function isParked({ prepared }: Receipt): boolean {
  return prepared.kind === 'waiting' || (prepared.kind === 'order' && prepared.order.parkCause !== null)
}

/** A defect parks its own message and is told loudly; it never takes neighbours along. */
function prepareSafely(deps: ReceiveDeps, message: Message): Prepared {
  try {
    return prepare(deps, message)
  } catch (error) {
    deps.report({ event: 'message.defect', count: 1, error })
    return heldAsDefect()
  }
}

function toInboxMessage(deps: ReceiveDeps, delivery: Delivery): NewInboxMessage {
  return {
    ...delivery,
    id: deps.ids.uuid(),
    bodySha256: sha256(delivery.body),
    receivedAt: deps.clock.now(),
    disposition: null,
    orderId: null,
    faults: [],
    parkCause: null,
  }
}

/** Rounds in which no order key stands twice; almost always one. */
function splitByOrderKey(receipts: readonly Receipt[]): Receipt[][] {
  const rounds: Receipt[][] = []
  const seen = new Map<string, number>()
  for (const receipt of receipts) {
    let round = 0
    if (receipt.prepared.kind === 'order') {
      round = seen.get(receipt.prepared.order.orderKey) ?? 0
      seen.set(receipt.prepared.order.orderKey, round + 1)
    }
    while (rounds.length <= round) rounds.push([])
    rounds[round]?.push(receipt)
  }
  return rounds
}

function poisonFault(attempts: number): Fault {
  return {
    code: 'MSG-poison',
    path: '',
    message: `处理该消息已中断 ${attempts} 次，移入死信`,
    messageEn: `processing this message broke off ${attempts} times; moved to the dead store`,
    cure: 'administrator',
  }
}

function defectFault(): Fault {
  return {
    code: 'DEF-000',
    path: '',
    message: '程序内部错误，消息已保留，待升级后重新处理',
    messageEn: 'internal defect; the message is kept and waits for a fixed release',
    cure: 'administrator',
    parkCause: 'defect',
  }
}

function otherOrderFault(): Fault {
  return {
    code: 'MAP-other-order',
    path: '/orderNo',
    message: '新映射得出的订单号与原订单不同，请修正映射',
    messageEn: 'the new mapping reads another order number than the order was stored under; correct the mapping',
    cure: 'administrator',
    parkCause: 'mapping_fault',
  }
}

function deadLetterFault(reason: string | null, diedIn: string | null): Fault {
  const what = `${reason ?? 'unknown'}, ${diedIn ?? 'unknown queue'}`
  return {
    code: 'MSG-dead-letter',
    path: '',
    message: `消息被消息服务器放弃（${what}）`,
    messageEn: `the broker gave the message up (${what})`,
    cure: 'administrator',
  }
}
