/**
 * The way from one process to the bureau, as the port that the story knows. Calls travel, arrive or not, are answered or
 * not; what comes back is what `adapters/leqi` would make of it: a kind of failure, or an answer.
 */

import { toCanonicalJson } from '../../invoice/canonical.js'
import type { Invoice } from '../../invoice/invoice.js'
import type {
  BureauFailure,
  CallOptions,
  ResultAnswer,
  ResultRow,
  TaxBureau,
  UnitAddress,
  UploadAnswer,
} from '../../issuing/bureau.js'
import type { ChannelWatch, Sight, StoppableUnit } from '../../issuing/channel-ports.js'
import { fen } from '../../kernel/amount.js'
import { sha256 } from '../../kernel/digest.js'
import type { InvoiceNumber } from '../../kernel/ids.js'
import { chinaDateTime, chinaYear, type LocalDate, type TaxPeriod, taxPeriodOf } from '../../kernel/time.js'
import type { TaxpayerProfile, TaxpayerRisk, UsingUnit } from '../../taxpayer/taxpayer.js'
import type { Life } from './life.js'
import { type Office, type Sheet, toRow } from './office.js'
import type { Swarm } from './swarm.js'
import type { Timeline } from './timeline.js'

/** What the world knows of the way to the bureau. */
export interface BureauWay {
  timeline: Timeline
  office: Office
  swarm: () => Swarm
  /** What stands in the way now. */
  outage: () => 'unreachable' | 'silent' | null
  /** Bytes leave a process; `outcome` follows when a trustworthy answer to them is there. */
  onLeave: (texts: readonly string[]) => (outcome: 'accepted' | 'refused') => void
  onVerdicts: (rows: readonly ResultRow[]) => void
  onFault: (name: string) => void
  unit: (unit: UnitAddress) => { profile: TaxpayerProfile; risk: TaxpayerRisk }
}

/** Longest time that the adapter waits for an answer, whatever the caller allows. */
const ANSWER_MS_MAX = 60_000

/** The way is stopped: nobody calls before a read has found it open. */
const STOPPED: BureauFailure = {
  kind: 'never_sent',
  code: 'BUR-stop',
  message: '通往税局的通道已暂停',
  retryAfterMs: 5_000,
}

type Fate = 'fine' | 'lost-before' | 'lost-after' | 'late' | 'garbled'

export function makeBureauLine(way: BureauWay, life: Life, channel: ChannelWatch): TaxBureau {
  const { office, timeline } = way
  const { dice } = life
  const rates = () => way.swarm().rates
  const travelMs = () => dice.between(1, way.swarm().bureauMs)

  function strike(name: keyof Swarm['rates']): boolean {
    const isStruck = dice.chance(rates()[name])
    if (isStruck) way.onFault(name)
    return isStruck
  }

  function throwFate(): Fate {
    if (way.outage() === 'silent') return dice.chance(0.5) ? 'lost-before' : 'lost-after'
    if (strike('lostBefore')) return 'lost-before'
    if (strike('lostAfter')) return 'lost-after'
    if (strike('late')) return 'late'
    return strike('garbled') ? 'garbled' : 'fine'
  }

  /** A refusal before anything was processed; null when the call goes on. */
  function refuseEarly(): BureauFailure | null {
    if (strike('rateLimited')) {
      return {
        kind: 'rate_limited',
        code: 'BUR-429',
        message: '请求过于频繁',
        retryAfterMs: dice.spread(1_000, 300_000),
      }
    }
    if (strike('unitFault')) return { kind: 'unit_fault', code: '4032', message: '验签失败', park: 'unit_key_fault' }
    return null
  }

  /**
   * One call there and back. `process` runs at the bureau when the call arrives, whatever became of the caller.
   */
  function call<T>(what: string, options: CallOptions, process: () => T | BureauFailure): Promise<T | BureauFailure> {
    const waitMs = Math.min(Math.max(options.deadline - life.clock.now(), 0), ANSWER_MS_MAX)
    return new Promise((resolve) => {
      const fate = throwFate()
      let isAnswered = false
      const answer = (value: T | BureauFailure, ms: number) => {
        life.after(ms, `${what} answered`, () => {
          if (isAnswered) return
          isAnswered = true
          options.signal?.removeEventListener('abort', giveUp)
          resolve(value)
        })
      }
      const giveUp = () => answer(inDoubt('BUR-aborted'), 0)
      options.signal?.addEventListener('abort', giveUp)
      life.after(waitMs, `${what} timed out`, () => answer(inDoubt('BUR-timeout'), 0))
      if (fate === 'lost-before') return
      timeline.after(travelMs(), `${what} arrives`, () => {
        const early = refuseEarly()
        const value = early ?? process()
        if (fate === 'lost-after') return
        if (fate === 'late') return answer(value, waitMs * (0.5 + dice.random()))
        answer(fate === 'garbled' ? inDoubt('BUR-unreadable') : value, travelMs())
      })
    })
  }

  /** Refused at our own door: no byte has left. */
  function neverSent(options: CallOptions): BureauFailure | null {
    const isOut = way.outage() === 'unreachable'
    if (!isOut && !strike('neverSent') && options.signal?.aborted !== true) return null
    const retryAfterMs = dice.chance(0.5) ? dice.spread(100, 60_000) : null
    return { kind: 'never_sent', code: 'BUR-100', message: '连接被拒绝', retryAfterMs }
  }

  async function send<T extends { kind: string }>(
    what: string,
    unit: StoppableUnit,
    options: CallOptions,
    process: () => T | BureauFailure,
    onLeave: () => void = () => undefined,
  ): Promise<T | BureauFailure> {
    const isStopped = options.isProbe !== true && channel.stopOf(unit) !== null
    const failure = isStopped ? STOPPED : neverSent(options)
    if (failure !== null) await life.hop(`${what} refused at the door`, 1)
    if (failure === null) onLeave()
    const answer = failure ?? (await call(what, options, process))
    if (!isStopped) await channel.observe(unit, toSight(answer))
    return answer
  }

  return {
    draw: (unit, invoice) => drawSheet(unit, invoice),
    async upload(unit, frozen, options): Promise<UploadAnswer> {
      let left: (outcome: 'accepted' | 'refused') => void = () => undefined
      const answer = await send(
        'upload',
        unit,
        options,
        (): UploadAnswer => {
          if (strike('callRefused')) return refused('系统繁忙')
          const outcome = office.upload(unit.taxNo, frozen)
          if (outcome.kind === 'refused') return refused(outcome.message)
          if (outcome.kind === 'number_held') {
            return { kind: 'number_held', code: 'BUR-held', message: outcome.message, requestId: null }
          }
          const receiptNo = strike('wrongReceipt') ? office.otherReceipt(outcome.receiptNo) : outcome.receiptNo
          return { kind: 'accepted', receiptNo, requestId: null }
        },
        () => {
          left = way.onLeave(frozen)
        },
      )
      const isDefinite = ['refused', 'number_held', 'rate_limited', 'unit_fault'].includes(answer.kind)
      if (isDefinite) left('refused')
      if (answer.kind === 'accepted') left('accepted')
      return answer
    },
    async queryResult(unit, receiptNo, options): Promise<ResultAnswer> {
      const answer = await send('query', unit, options, (): ResultAnswer => {
        if (strike('notReady')) return { kind: 'not_ready', message: '未查询到发票上传结果，请稍后再试' }
        const isMixedUp = strike('othersResult')
        const rows = office.result(unit.taxNo, isMixedUp ? office.otherReceipt(receiptNo) : receiptNo)
        if (rows === null) return { kind: 'not_ready', message: '未查询到发票上传结果，请稍后再试' }
        return { kind: 'results', rows: spoil(rows), requestId: null }
      })
      if (answer.kind === 'results') way.onVerdicts(answer.rows)
      return answer
    },
    async claimNumbers(unit, { serial, count }, options) {
      return send('claim', unit, options, () => {
        const { first, last } = office.claim(unit.taxNo, serial, count, chinaYear(timeline.now()))
        return { kind: 'granted' as const, first, last, count }
      })
    },
    async queryQuota(unit, options) {
      return send('quota', unit, options, () => {
        const period = taxPeriodOf(timeline.now())
        const { total, available, downloaded } = office.offer(unit.taxNo, period)
        return {
          kind: 'quota' as const,
          quota: {
            isSuspended: false,
            monthTotal: fen(total),
            availableAmount: fen(available),
            downloadedAmount: fen(downloaded),
            downloadedUnusedAmount: fen(0n),
            period,
            isUnlimited: false,
          },
        }
      })
    },
    async moveQuota(unit, { serial, amount }, options) {
      return send('download', unit, options, () => grant(office.download(unit.taxNo, serial, amount)))
    },
    readProfile: (unit, options) =>
      send('profile', unit, options, () => ({ kind: 'read' as const, value: way.unit(unit).profile })),
    readRisk: (unit, options) =>
      send('risk', unit, options, () => ({ kind: 'read' as const, value: way.unit(unit).risk })),
    readInvoice: (unit, { invoiceNumber }, options) =>
      send('trace', unit, options, () => {
        const held = office.held.get(invoiceNumber)
        return { kind: 'read' as const, value: held === undefined ? null : { issuedAt: chinaDateTime(held.issuedAt) } }
      }),
    readRates: (unit, options) => send('rates', unit, options, () => ({ kind: 'read' as const, value: [] })),
    readClassifications: (unit, _since, options) =>
      send('classifications', unit, options, () => ({ kind: 'read' as const, value: { stamp: '1', changed: [] } })),
    readDifferentialCodes: (unit, options) =>
      send('differential codes', unit, options, () => ({ kind: 'read' as const, value: [] })),
  }

  /** What a call showed about the way, as the adapter would see it. */
  function toSight(answer: { kind: string } | BureauFailure): Sight {
    const bureauDate = timeline.now()
    if (!('code' in answer)) return { way: 'open', bureauDate }
    const { code, message } = answer
    switch (answer.kind) {
      case 'never_sent':
        return { way: 'broken', code, message, bureauDate: null }
      case 'in_doubt':
        return code === 'BUR-timeout'
          ? { way: 'broken', code, message, bureauDate: null }
          : { way: 'unclear', bureauDate: null }
      case 'unit_fault':
        return { way: 'closed', reach: 'using_unit', cause: 'unit_key_fault', code, message, bureauDate }
      case 'rate_limited':
        return { way: 'busy', pauseMs: answer.retryAfterMs, code, message, bureauDate }
      default:
        return { way: 'open', bureauDate }
    }
  }

  /** What a desk may do to a list on its way out. */
  function spoil(rows: readonly ResultRow[]): readonly ResultRow[] {
    if (strike('halfList')) return rows.slice(0, Math.ceil(rows.length / 2))
    // A number of the bureau's form that nobody was granted.
    if (strike('unknownNumber')) return [...rows, toRow('26990000000000000001', 'issued')]
    if (strike('unknownStatus')) return rows.map(({ invoiceNumber }) => toRow(invoiceNumber, 'unknown'))
    const [first] = rows
    if (first === undefined || first.status === 'pending' || !strike('contradiction')) return rows
    return [...rows, toRow(first.invoiceNumber, first.status === 'refused' ? 'issued' : 'refused')]
  }
}

/** The interval of use is that of the month in which the bureau took the download, whenever it says so. */
function grant(period: TaxPeriod | null) {
  if (period === null) return refused('可用剩余额度不足')
  // Days of a month in the form of a date.
  return { kind: 'granted' as const, validFrom: `${period}-01` as LocalDate, validTo: `${period}-31` as LocalDate }
}

/** The wire text of this world. */
function drawSheet(unit: UsingUnit, invoice: Invoice) {
  const content = sha256(toCanonicalJson(invoice))
  const [line] = invoice.lines
  const rest = {
    seller: unit.taxNo,
    content,
    remark: invoice.remark ?? '',
    firstLine: line?.name ?? '',
    quota: invoice.quotaAmount.toString(),
    gross: invoice.grossAmount.toString(),
  }
  return (number: InvoiceNumber, issuedAt: Sheet['issuedAt']) =>
    JSON.stringify({ number, issuedAt, ...rest } satisfies Sheet)
}

function refused(message: string): Extract<BureauFailure, { kind: 'refused' }> {
  return { kind: 'refused', code: 'BUR-refused', message, requestId: null, park: null }
}

function inDoubt(code: string): BureauFailure {
  return { kind: 'in_doubt', code, message: '没有可信的答复', requestId: null }
}
