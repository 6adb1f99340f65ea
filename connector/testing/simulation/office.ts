/**
 * The bureau of this world and its own book. It decides when a call arrives, tells when the verdict is due, and never
 * forgets: its book is what the connector's words are measured by.
 *
 * Source: design D4, D7, D14; Leqi rulebook 1.3, 8.1: a stored number is answered 03, a failed one (02) leaves nothing,
 * a repeated serial gives the same segment or quota move, a result is readable for twelve hours.
 */
import type { ResultRow } from '../../issuing/bureau.js'
import type { ParkCause } from '../../kernel/fault.js'
import type { InvoiceNumber } from '../../kernel/ids.js'
import type { Clock, Instant, TaxPeriod } from '../../kernel/time.js'
import { taxPeriodOf } from '../../kernel/time.js'
import type { Dice } from './dice.js'
import { type Mark, readRemark } from './orders.js'
import type { Swarm } from './swarm.js'

/** What the uploader of this world writes for one invoice; the office reads nothing else of it. */
export interface Sheet {
  number: InvoiceNumber
  seller: string
  issuedAt: Instant
  /** Hash of the approved content. */
  content: string
  remark: string
  /** Name of the first line: with the remark it tells which part of the order this is. */
  firstLine: string
  quota: string
  gross: string
}

export interface Held extends Sheet {
  /** Of the upload that it came with. */
  receiptNo: string
}

interface Receipt {
  seller: string
  acceptedAt: Instant
  rows: { number: string; status: ResultRow['status']; park: ParkCause | null; dueAt: number }[]
}

export type CallOutcome =
  | { kind: 'accepted'; receiptNo: string }
  | { kind: 'refused'; message: string }
  /** Refused in the words that a number exists already. */
  | { kind: 'number_held'; message: string }

const RESULT_READABLE_MS = 12 * 3_600_000
/** So often a marked invoice is refused for a cause that time cures. */
const FOR_NOW_COUNT = 2

export class Office {
  readonly #clock: Clock
  readonly #dice: Dice
  readonly #swarm: () => Swarm
  /** Valid invoices by number. */
  readonly held = new Map<string, Held>()
  readonly #receipts = new Map<string, Receipt>()
  readonly #segments = new Map<string, { seller: string; first: bigint; last: bigint }>()
  readonly #moves = new Map<string, TaxPeriod>()
  readonly #ledgers = new Map<string, { downloaded: bigint; used: bigint }>()
  readonly #patience = new Map<string, number>()
  #nextNumber = 1
  readonly #onHold: (sheet: Held) => void

  constructor(parts: { clock: Clock; dice: Dice; swarm: () => Swarm; onHold: (sheet: Held) => void }) {
    this.#clock = parts.clock
    this.#dice = parts.dice
    this.#swarm = parts.swarm
    this.#onHold = parts.onHold
  }

  upload(seller: string, texts: readonly string[]): CallOutcome {
    const sheets = texts.map(readSheet)
    if (new Set(sheets.map(({ number }) => number)).size !== sheets.length) return refuse('发票号码重复')
    if (sheets.some((sheet) => sheet.seller !== seller)) return refuse('销方与使用单位不符')
    const repeated = this.#answerRepeated(sheets)
    if (repeated !== null) return repeated
    if (sheets.some((sheet) => !this.held.has(sheet.number) && isMarked(sheet, 'refused-call'))) {
      return refuse('参数校验异常')
    }
    const receiptNo = `R${this.#receipts.size + 1}`
    const receipt: Receipt = { seller, acceptedAt: this.#clock.now(), rows: [] }
    for (const sheet of sheets) {
      const dueAt = this.#clock.now() + this.#verdictMs()
      receipt.rows.push({ number: sheet.number, dueAt, ...this.#judge(sheet, receiptNo) })
    }
    this.#receipts.set(receiptNo, receipt)
    return { kind: 'accepted', receiptNo }
  }

  /** null: no result under this receipt, or none any more. */
  result(seller: string, receiptNo: string): readonly ResultRow[] | null {
    const receipt = this.#receipts.get(receiptNo)
    const now = this.#clock.now()
    if (receipt === undefined || receipt.seller !== seller || now - receipt.acceptedAt >= RESULT_READABLE_MS)
      return null
    return receipt.rows.map((row) =>
      now < row.dueAt ? toRow(row.number, 'pending') : toRow(row.number, row.status, row.park),
    )
  }

  /** Any other receipt than this one, as a desk mixes them up. */
  otherReceipt(receiptNo: string): string {
    const others = [...this.#receipts.keys()].filter((each) => each !== receiptNo)
    return others[this.#dice.between(0, Math.max(0, others.length - 1))] ?? receiptNo
  }

  claim(seller: string, serial: string, count: number, year: number): { first: InvoiceNumber; last: InvoiceNumber } {
    let segment = this.#segments.get(serial)
    if (segment === undefined) {
      const first = BigInt(`${year % 100}310000000000`) * 1_000_000n + BigInt(this.#nextNumber)
      segment = { seller, first, last: first + BigInt(count - 1) }
      this.#nextNumber += count
      this.#segments.set(serial, segment)
    }
    // Numbers of this office have the bureau's form.
    return { first: segment.first.toString() as InvoiceNumber, last: segment.last.toString() as InvoiceNumber }
  }

  offer(seller: string, period: TaxPeriod): { total: bigint; available: bigint; downloaded: bigint } {
    const { downloaded } = this.#ledger(seller, period)
    const total = this.#swarm().quotaTotal
    return { total, downloaded, available: total > downloaded ? total - downloaded : 0n }
  }

  /** The month that a download counts in; null: there is not so much left. */
  download(seller: string, serial: string, amount: bigint): TaxPeriod | null {
    const earlier = this.#moves.get(serial)
    if (earlier !== undefined) return earlier
    const period = taxPeriodOf(this.#clock.now())
    if (this.offer(seller, period).available < amount) return null
    this.#moves.set(serial, period)
    this.#ledger(seller, period).downloaded += amount
    return period
  }

  /** Quota that was used beyond what was downloaded; 0 where all is well. */
  overspentBy(seller: string, period: TaxPeriod): bigint {
    const { downloaded, used } = this.#ledger(seller, period)
    return used > downloaded ? used - downloaded : 0n
  }

  #answerRepeated(sheets: readonly Sheet[]): CallOutcome | null {
    const mode = this.#swarm().repeatedUpload
    const held = sheets.filter(({ number }) => this.held.has(number))
    if (mode === 'rows-03' || held.length === 0) return null
    if (mode === 'refuse-call') {
      return { kind: 'number_held', message: `发票号码为[${held[0]?.number}]在数据库中已存在` }
    }
    if (held.length < sheets.length) return null
    const [receiptNo, ...others] = new Set(held.map(({ number }) => this.held.get(number)?.receiptNo))
    const receipt = this.#receipts.get(receiptNo ?? '')
    const isWhole = others.length === 0 && receipt?.rows.length === sheets.length
    const isReadable = receipt !== undefined && this.#clock.now() - receipt.acceptedAt < RESULT_READABLE_MS
    if (receiptNo !== undefined && isWhole && isReadable) return { kind: 'accepted', receiptNo }
    return null
  }

  #judge(sheet: Sheet, receiptNo: string): { status: ResultRow['status']; park: ParkCause | null } {
    if (this.held.has(sheet.number)) return { status: 'repeated', park: null }
    const isOurs = this.#isGranted(sheet)
    const isFirstPart = sheet.firstLine === 'L1'
    if (!isOurs || isMarked(sheet, 'refused') || (isMarked(sheet, 'partly') && isFirstPart)) {
      return { status: 'refused', park: null }
    }
    if (isMarked(sheet, 'refused-for-now') && this.#isImpatient(sheet))
      return { status: 'refused', park: 'rate_limited' }
    const held = { ...sheet, receiptNo }
    this.held.set(sheet.number, held)
    this.#ledger(sheet.seller, taxPeriodOf(sheet.issuedAt)).used += BigInt(sheet.quota)
    this.#onHold(held)
    return { status: 'issued', park: null }
  }

  #isImpatient({ remark, firstLine }: Sheet): boolean {
    const key = `${remark} ${firstLine}`
    const seen = this.#patience.get(key) ?? 0
    this.#patience.set(key, seen + 1)
    return seen < FOR_NOW_COUNT
  }

  #isGranted({ number, seller }: Sheet): boolean {
    const value = BigInt(number)
    for (const segment of this.#segments.values()) {
      if (segment.seller === seller && segment.first <= value && value <= segment.last) return true
    }
    return false
  }

  #verdictMs(): number {
    const { verdictMs, rates } = this.#swarm()
    return this.#dice.chance(rates.longPending)
      ? this.#dice.spread(60_000, 14 * 3_600_000)
      : this.#dice.between(0, verdictMs)
  }

  #ledger(seller: string, period: TaxPeriod) {
    const key = `${seller} ${period}`
    const ledger = this.#ledgers.get(key) ?? { downloaded: 0n, used: 0n }
    this.#ledgers.set(key, ledger)
    return ledger
  }
}

export function readSheet(text: string): Sheet {
  // Only the uploader of this world writes them.
  return JSON.parse(text) as Sheet
}

export function toRow(invoiceNumber: string, status: ResultRow['status'], park: ParkCause | null = null): ResultRow {
  const code = { issued: '00', pending: '01', refused: '02', repeated: '03', held: '02', unknown: '77' }[status]
  return { invoiceNumber, status, code, message: `模拟 ${code}`, park }
}

function isMarked({ remark }: Sheet, mark: Mark): boolean {
  return readRemark(remark).mark === mark
}

function refuse(message: string): CallOutcome {
  return { kind: 'refused', message }
}
