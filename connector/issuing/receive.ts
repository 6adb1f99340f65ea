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
import type { Delivery, IssuingStore, NewInboxMessage, OrderAdvance, ParkedOrder, StoredMessage } from './ports.js'
import { type Message, type PrepareDeps, type Prepared, prepare } from './prepare.js'
import { insertParts, type Receipt, recordOrders } from './record-orders.js'

/** A stored message that could not be decided in this many tries goes to the dead store. */
const ATTEMPTS_MAX = 3
/** How long a message is held while it is worked on: a dead worker's messages are taken over after it. */
const INBOX_LEASE_MS = 15_000
/** Messages prepared without a pause, a millisecond of work: each step of an upload or a verdict waits for one slice. */
const SLICE_COUNT = 5
/** Orders mapped again in one round; each is its own transaction. */
const RESUME_BATCH_COUNT = 20

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
  await deps.store.database.transaction((tx) => deps.store.inbox.insert(tx, messages))
  deps.report({ event: 'batch.received', count: messages.length, dispositions: { dead: messages.length } })
}

/**
 * Takes up the oldest stored message; returns how many it saw. One at a time, because taking up counts an attempt before
 * the try: a message that kills the process must not use up the attempts of those that were taken up with it.
 */
export async function resumeInbox(deps: ReceiveDeps): Promise<number> {
  const stored = await deps.store.inbox.claim({ now: deps.clock.now(), leaseMs: INBOX_LEASE_MS, limit: 1 })
  if (stored.length > 0) await deps.renewDirectory()
  for (const message of stored) await resumeMessage(deps, message)
  return stored.length
}

async function resumeMessage(deps: ReceiveDeps, stored: StoredMessage): Promise<void> {
  const message: NewInboxMessage = { ...stored, disposition: null, orderId: null, faults: [], parkCause: null }
  const prepared: Prepared =
    stored.attempts > ATTEMPTS_MAX
      ? { kind: 'disposed', disposition: 'dead', faults: [poisonFault(stored.attempts)] }
      : prepareSafely(deps, message)
  await deps.store.database.transaction(async (tx) => {
    const [decision] = await recordOrders(deps, tx, [{ message, prepared }])
    if (decision === undefined) return
    await deps.store.inbox.decide(tx, [{ id: message.id, ...decision }])
  })
}

/** Maps orders again whose cause to wait is gone; returns how many it saw. */
export async function resumeOrders(deps: ReceiveDeps): Promise<number> {
  const woken = await deps.store.orders.claimWoken({
    now: deps.clock.now(),
    leaseMs: INBOX_LEASE_MS,
    limit: RESUME_BATCH_COUNT,
  })
  if (woken.length > 0) await deps.renewDirectory()
  for (const parked of woken) await resumeOrder(deps, parked)
  return woken.length
}

async function resumeOrder(deps: ReceiveDeps, parked: ParkedOrder): Promise<void> {
  const prepared = prepareSafely(deps, { ...parked, id: '', orderId: parked.id })
  const isSameOrder = prepared.kind === 'order' && prepared.order.orderKey === parked.orderKey
  await deps.store.database.transaction(async (tx) => {
    const advance = isSameOrder ? prepared.order : holdOrder(parked, prepared)
    const changed = await deps.store.orders.advanceReceived(tx, [advance])
    if (changed.has(parked.id) && isSameOrder) await insertParts(deps, tx, [prepared])
  })
}

async function storeRaw(deps: ReceiveDeps, messages: readonly NewInboxMessage[]): Promise<void> {
  await deps.store.database.transaction(async (tx) => {
    await deps.store.inbox.insert(tx, messages)
    await deps.store.signals.announce(tx, ['inbox'])
  })
}

async function record(deps: ReceiveDeps, receipts: readonly Receipt[]): Promise<void> {
  const dispositions: Record<string, number> = {}
  await deps.store.database.transaction(async (tx) => {
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
    return { kind: 'waiting', parkCause: 'defect', faults: [defectFault()] }
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
    message: `处理该消息已中断 ${attempts - 1} 次，移入死信`,
    messageEn: `processing this message broke off ${attempts - 1} times; moved to the dead store`,
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
