/**
 * QDFPSC: takes an upload or refuses it as a whole, judges each invoice, and files the verdicts under one receipt.
 *
 * The verdict is reached when the call is accepted and told later: 01 until the seeded delay of the row is over.
 * So the order of calls alone decides what is stored; a second upload of a number meets the first one's outcome.
 * Invariants: a stored invoice never changes; a refused call and a failed invoice (02) leave nothing behind.
 */
import type { UploadAnswerBody } from '../../wire.js'
import { findSegment, type Receipt, type ReceiptRow, type StoredInvoice } from '../books.js'
import type { Counters } from '../counters.js'
import type { Dice } from '../dice.js'
import { makeUploadCase, type UploadCase } from '../rules/case.js'
import { judgeInvoice, type Verdict } from '../rules/judge.js'
import { quotaNetOf } from '../rules/quota-rules.js'
import type { ForcedVerdict, RepeatedUploadMode, Settings } from '../settings.js'
import type { UploadedInvoice } from '../upload-form.js'
import { readUploadCall } from './upload-call.js'
import { type DeskAnswer, refuse, type Visit } from './visit.js'

const STORED = '上传成功'

export interface UploadDesk {
  /** @param options.isEndless the receipt's rows answer 01 for ever; what is right is stored nevertheless. */
  take(visit: Visit, options: { isEndless: boolean }): DeskAnswer
}

export interface UploadDeskDependencies {
  settings: Settings
  counters: Counters
  dice: Dice
  newReceiptNo(): string
}

/** One upload on its way through the desk. */
interface Intake {
  visit: Visit
  settings: Settings
  counters: Counters
  receiptNo: string
  isEndless: boolean
}

/**
 * Shape   accepted: one receipt number for the whole call
 * Errors  the call is refused as a whole for list size, form, a number twice, foreign ids; the rest is told per invoice
 * Source  design D7; Leqi base capability document, QDFPSC
 */
export function makeUploadDesk({ settings, counters, dice, newReceiptNo }: UploadDeskDependencies): UploadDesk {
  let delayOrdinal = 0

  function nextDueAtMs(nowMs: number): number {
    const { minMs, maxMs, hiddenMs } = settings.verdictDelay
    const delayMs = minMs + Math.floor(dice.throwAt('verdict-delay', delayOrdinal) * (maxMs - minMs + 1))
    delayOrdinal += 1
    return nowMs + hiddenMs + delayMs
  }

  return {
    take(visit, { isEndless }) {
      const call = readUploadCall(visit)
      if (call.kind !== 'read') return call
      const repeated = answerRepeatedCall(visit, call.invoices, settings.repeatedUpload, settings.verdictDelay.hiddenMs)
      if (repeated !== null) return repeated
      const refusal = takeForcedRefusal(settings.forcedVerdicts, call.invoices)
      if (refusal !== null) return refuse(refusal)
      const intake: Intake = { visit, settings, counters, receiptNo: newReceiptNo(), isEndless }
      const receipt: Receipt = {
        receiptNo: intake.receiptNo,
        directId: visit.direct.leqiId,
        usingId: visit.using.leqiId,
        acceptedAtMs: visit.nowMs,
        visibleAtMs: visit.nowMs + settings.verdictDelay.hiddenMs,
        rows: call.invoices.map((invoice, place) =>
          judge(intake, invoice, { place, dueAtMs: nextDueAtMs(visit.nowMs) }),
        ),
      }
      visit.books.receipts.set(receipt.receiptNo, receipt)
      return accepted(receipt.receiptNo)
    },
  }
}

/** The two switches that answer a whole call of stored numbers otherwise than by rows of 03. */
function answerRepeatedCall(
  { books, nowMs }: Visit,
  invoices: readonly UploadedInvoice[],
  mode: RepeatedUploadMode,
  hiddenMs: number,
): DeskAnswer | null {
  if (mode !== 'same-receipt' && mode !== 'refuse-call') return null
  const held = invoices.map((each) => books.invoices.get(each.head.fphm)).filter((each) => each !== undefined)
  const [first] = held
  if (first === undefined) return null
  if (mode === 'refuse-call') return refuse(alreadyHeld(first.number))
  const isWhole = held.length === invoices.length && held.every((each) => each.receiptNo === first.receiptNo)
  const receipt = books.receipts.get(first.receiptNo)
  if (!isWhole || receipt === undefined) return null
  // Readable for another twelve hours, as after any upload.
  books.receipts.set(receipt.receiptNo, { ...receipt, acceptedAtMs: nowMs, visibleAtMs: nowMs + hiddenMs })
  return accepted(first.receiptNo)
}

function judge(intake: Intake, invoice: UploadedInvoice, row: { place: number; dueAtMs: number }): ReceiptRow {
  const { visit, settings, counters, isEndless } = intake
  const number = invoice.head.fphm
  const forced = takeForced(settings.forcedVerdicts, invoice, { isForCall: false })
  const isPending = isEndless || forced?.status === '01'
  const dueAtMs = isPending ? Number.POSITIVE_INFINITY : row.dueAtMs
  const held = visit.books.invoices.get(number)
  if (held !== undefined && held.sellerTaxNo === visit.taxpayer.taxNo) {
    noteRepetition(held, visit.plain, row.place)
    counters.verdicts.repeated += 1
    if (settings.repeatedUpload === '00') return { number, status: '00', message: STORED, dueAtMs }
    const status = settings.repeatedUpload === '02' ? '02' : '03'
    return { number, status, message: alreadyHeld(number), dueAtMs }
  }
  const { taxpayer: seller, books, tables } = visit
  const account = books.accountOf(seller)
  const uploadCase = makeUploadCase(invoice, { seller, account, tables, receivedAtMs: visit.nowMs })
  const verdict = applyForce(forced, uploadCase)
  if (verdict.kind === 'failed') {
    counters.verdicts.failed += 1
    return { number, status: '02', message: verdict.message, dueAtMs }
  }
  store(intake, uploadCase, { quotaNet: verdict.quotaNet, place: row.place })
  counters.verdicts.stored += 1
  return { number, status: '00', message: STORED, dueAtMs }
}

function store(intake: Intake, uploadCase: UploadCase, details: { quotaNet: bigint; place: number }): void {
  const { visit, settings, receiptNo } = intake
  const { head, seller, account, period } = uploadCase
  const stored: StoredInvoice = {
    number: head.fphm,
    sellerTaxNo: seller.taxNo,
    kind: head.fppz,
    issuedAtMs: uploadCase.issuedAtMs ?? visit.nowMs,
    uploadedAtMs: visit.nowMs,
    period,
    net: head.hjje,
    tax: head.hjse,
    gross: head.jshj,
    quotaNet: details.quotaNet,
    receiptNo,
    repeatCount: 0,
    differentRepeatCount: 0,
    content: settings.keepContent ? { plain: visit.plain, place: details.place } : null,
  }
  visit.books.invoices.set(stored.number, stored)
  const ledger = visit.books.ledgerOf(seller, period)
  ledger.used += details.quotaNet
  const segment = findSegment(account, stored.number)
  if (segment !== undefined) segment.usedCount += 1
}

function accepted(receiptNo: string): DeskAnswer {
  const data: Omit<UploadAnswerBody, 'returncode'> = { sllsh: receiptNo }
  return { kind: 'done', data }
}

/** One of the bureau's known texts. Source: Leqi protocol 2.7. */
function alreadyHeld(number: string): string {
  return `发票号码为[${number}]在数据库中已存在`
}

function applyForce(forced: ForcedVerdict | null, uploadCase: UploadCase): Verdict {
  if (forced?.status === '02') return { kind: 'failed', message: forced.message }
  if (forced?.status === '00') return { kind: 'stored', quotaNet: quotaNetOf(uploadCase) }
  return judgeInvoice(uploadCase)
}

/** The text of the refusal that a test wants for a call with such an invoice in it. */
function takeForcedRefusal(forcedVerdicts: ForcedVerdict[], invoices: readonly UploadedInvoice[]): string | null {
  for (const invoice of invoices) {
    const forced = takeForced(forcedVerdicts, invoice, { isForCall: true })
    if (forced !== null) return forced.message
  }
  return null
}

function takeForced(
  forcedVerdicts: ForcedVerdict[],
  { head }: UploadedInvoice,
  { isForCall }: { isForCall: boolean },
): ForcedVerdict | null {
  const place = forcedVerdicts.findIndex(
    ({ match, status }) =>
      (status === 'refuse-call') === isForCall &&
      (match.number === undefined || match.number === head.fphm) &&
      (match.buyerName === undefined || head.gmfmc.includes(match.buyerName)) &&
      (match.remark === undefined || head.bz.includes(match.remark)),
  )
  const forced = forcedVerdicts[place]
  if (forced === undefined) return null
  forced.remainingCount -= 1
  if (forced.remainingCount <= 0) forcedVerdicts.splice(place, 1)
  return forced
}

/** Counts a repetition, and whether it carried the very same content: a connector that re-sends must not change a figure. */
function noteRepetition(held: StoredInvoice, plain: Buffer, place: number): void {
  held.repeatCount += 1
  const stored = held.content
  if (stored === null) return
  const isSame = JSON.stringify(readElement(stored.plain, stored.place)) === JSON.stringify(readElement(plain, place))
  if (!isSame) held.differentRepeatCount += 1
}

/** One element of an uploaded list, as it was sent. */
export function readElement(plain: Buffer, place: number): unknown {
  const list: unknown = JSON.parse(plain.toString('utf8'))
  return Array.isArray(list) ? list[place] : undefined
}
