/**
 * The tax bureau over Leqi: fulfils the port `TaxBureau` with the eleven services of base capability 202007.
 *
 * Knows: wire names, the envelope, what proves what. Must not know: numbers in stock, ledgers, orders, the database.
 * Invariants: nothing is thrown for a failure of the bureau; a figure that does not add up is never taken;
 * the key is asked for at each call and never kept, printed or logged.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type {
  BureauFailure,
  CallOptions,
  CallReport,
  ClaimAnswer,
  DownloadAnswer,
  QuotaAnswer,
  Read,
  ResultAnswer,
  TaxBureau,
  UnitAddress,
  UploadAnswer,
} from '../../connector/issuing/bureau.js'
import type { ChannelWatch } from '../../connector/issuing/channel-ports.js'
import type { RateBudget } from '../../connector/issuing/rate-budget.js'
import type { IdSource } from '../../connector/kernel/ids.js'
import type { Secret } from '../../connector/kernel/secret.js'
import type { Clock } from '../../connector/kernel/time.js'
import type { DirectUnit, UsingUnit } from '../../connector/taxpayer/taxpayer.js'
import { makeHttpClient } from './client.js'
import { type Answered, type BureauLog, type Exchange, makeExchange, type ServiceCall } from './exchange.js'
import { makeGate } from './gate.js'
import { makeUploadRenderer, type RenderOptions } from './render-upload.js'
import { invoiceStateQuery, parseInvoiceState } from './services/invoice-state.js'
import { claimRequest, parseClaim } from './services/numbers.js'
import { moveRequest, parseMove, parseQuota } from './services/quota.js'
import {
  classificationsQuery,
  parseClassifications,
  parseDifferentialCodes,
  parseRates,
  type Table,
} from './services/tables.js'
import { parseProfile, parseRisk, type TaxpayerQuestion, taxpayerQuery } from './services/taxpayer.js'
import { parseReceipt, parseResults, resultQuery, uploadRequest } from './services/upload.js'
import { type Parsed, toOddFailure } from './services/wire-values.js'
import { chooseSm4Engine } from './sm4.js'
import { findTextHint } from './text-patterns.js'
import { SERVICES } from './wire.js'

/** returncode 04 无数据, as code of the answer or of its error. Source: protocol 2.7. */
const NO_DATA_CODES: readonly string[] = ['BUR-RETURN-04', 'BUR-ERROR-04']

/** Calls of one direct unit at a time: 40 batches a second at half a second each. */
const CONCURRENCY_PER_UNIT = 20

export interface LeqiDeps {
  /** Asked at each call, so that a changed key counts at once; null: none is stored. */
  keyOf(direct: DirectUnit): Secret | null
  rateBudget: RateBudget
  /** Asked before each call and told after it. */
  channel: ChannelWatch
  clock: Clock
  ids: IdSource
  log: BureauLog
  /** Told of each call that was made, when it is over. */
  onCall?: (call: CallReport) => void
}

export interface LeqiOptions {
  /** PEM text that replaces the system's root certificates, or null. */
  caText: string | null
  /** `host:port` to which plain http is allowed. */
  insecureHosts: readonly string[]
  upload: RenderOptions
  concurrencyPerUnit?: number
  /** First pause before a call is tried again within seconds. */
  retryDelayMs?: number
}

/**
 * Makes the bureau.
 * Errors  RangeError when the device's address or name is no value for an upload
 * Source  protocol 2, 3, 7; design D4, D14
 */
export function makeLeqiBureau(deps: LeqiDeps, options: LeqiOptions): TaxBureau & { close(): Promise<void> } {
  const concurrencyPerUnit = options.concurrencyPerUnit ?? CONCURRENCY_PER_UNIT
  const { caText, insecureHosts, retryDelayMs } = options
  const http = makeHttpClient({ caText, insecureHosts, connectionsPerUnit: concurrencyPerUnit })
  const wait = async (ms: number, signal?: AbortSignal) => {
    // An abort only ends the pause early; the gate looks at the signal itself.
    await sleep(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined)
  }
  const gateOptions = { concurrencyPerUnit, ...(retryDelayMs !== undefined && { retryDelayMs }) }
  const gate = makeGate({ ...deps, wait }, gateOptions)
  const exchange = makeExchange({ ...deps, http, gate, engine: chooseSm4Engine() })
  return { ...makeServices(exchange, deps, options.upload), close: () => http.close() }
}

/** The services by themselves: what is asked of an exchange, and what its answers mean. */
export function makeServices(
  exchange: Exchange,
  deps: Pick<LeqiDeps, 'clock' | 'log'>,
  render: RenderOptions,
): TaxBureau {
  const asNumber = render.wireNumbers === 'number'
  return {
    draw: makeUploadRenderer(render),
    upload: (unit, frozen, call) => upload(exchange, unit, frozen, call),
    queryResult: (unit, receiptNo, call) => queryResult(exchange, deps.log, unit, receiptNo, call),
    claimNumbers: (unit, request, call) => claimNumbers(exchange, deps.clock, unit, { ...request, asNumber }, call),
    queryQuota: (unit, call) => queryQuota(exchange, unit, call),
    moveQuota: (unit, request, call) => moveQuota(exchange, unit, moveRequest(unit, request, asNumber), call),
    ...makeReaders(exchange, deps),
  }
}

async function upload(
  exchange: Exchange,
  unit: UsingUnit,
  frozen: readonly string[],
  options: CallOptions,
): Promise<UploadAnswer> {
  const text = uploadRequest(frozen)
  const answer = await exchange({ address: unit, service: SERVICES.upload, text, isRead: false }, options)
  if (answer.failure !== null) return answer.failure
  const { value, requestId } = answer.value
  const receipt = parseReceipt(value)
  if (receipt.kind === 'odd') return toOddFailure(receipt.what, requestId)
  return { kind: 'accepted', receiptNo: receipt.value, requestId }
}

async function queryResult(
  exchange: Exchange,
  log: BureauLog,
  unit: UsingUnit,
  receiptNo: string,
  options: CallOptions,
): Promise<ResultAnswer> {
  const call: ServiceCall = {
    address: unit,
    service: SERVICES.uploadResult,
    text: resultQuery(receiptNo),
    isRead: true,
  }
  const answer = await exchange(call, options)
  if (answer.failure !== null) return isNotReady(answer.failure) ?? answer.failure
  const { value, requestId } = answer.value
  const results = parseResults(value)
  if (results.kind === 'odd') return toOddFailure(results.what, requestId)
  const { rows, skippedCount } = results.value
  warnOfSkipped(log, SERVICES.uploadResult, skippedCount)
  return rows.length === 0 ? { kind: 'not_ready', message: '' } : { kind: 'results', rows, requestId }
}

/** "No result yet" comes as a failure with a text, or with the codes for "no data" and "in progress". */
function isNotReady(failure: BureauFailure): ResultAnswer | null {
  const isSaid = findTextHint(failure.message)?.kind === 'no_result_yet'
  const isCoded = ['BUR-RETURN-04', 'BUR-RETURN-10', 'BUR-ERROR-04'].includes(failure.code)
  return isSaid || isCoded ? { kind: 'not_ready', message: failure.message } : null
}

async function claimNumbers(
  exchange: Exchange,
  clock: Clock,
  unit: UsingUnit,
  request: { serial: string; count: number; asNumber: boolean },
  options: CallOptions,
): Promise<ClaimAnswer> {
  const text = claimRequest(unit, request, request.asNumber)
  const answer = await exchange({ address: unit, service: SERVICES.claimNumbers, text, isRead: false }, options)
  if (answer.failure !== null) return answer.failure
  const grant = parseClaim(answer.value.value, { count: request.count, at: clock.now() })
  if (grant.kind === 'odd') return toOddFailure(grant.what, answer.value.requestId)
  return { kind: 'granted', ...grant.value }
}

async function queryQuota(exchange: Exchange, unit: UsingUnit, options: CallOptions): Promise<QuotaAnswer> {
  const text = taxpayerQuery(unit.taxNo)
  const answer = await exchange({ address: unit, service: SERVICES.queryQuota, text, isRead: true }, options)
  if (answer.failure !== null) return answer.failure
  const quota = parseQuota(answer.value.value)
  if (quota.kind === 'odd') return toOddFailure(quota.what, answer.value.requestId)
  return { kind: 'quota', quota: quota.value }
}

async function moveQuota(
  exchange: Exchange,
  unit: UsingUnit,
  text: string,
  options: CallOptions,
): Promise<DownloadAnswer> {
  const answer = await exchange({ address: unit, service: SERVICES.moveQuota, text, isRead: false }, options)
  if (answer.failure !== null) return answer.failure
  const move = parseMove(answer.value.value)
  if (move.kind === 'odd') return toOddFailure(move.what, answer.value.requestId)
  return { kind: 'granted', ...move.value }
}

type Readers = Pick<
  TaxBureau,
  'readProfile' | 'readRisk' | 'readRates' | 'readClassifications' | 'readDifferentialCodes' | 'readInvoice'
>

/** The reads that change nothing and feed what is known of taxpayers and tables. */
function makeReaders(exchange: Exchange, { clock, log }: Pick<LeqiDeps, 'clock' | 'log'>): Readers {
  async function read<T>(
    call: Pick<ServiceCall, 'address' | 'service' | 'text'>,
    options: CallOptions,
    parse: (answer: Answered['value']) => Parsed<T>,
  ): Promise<Read<T>> {
    const answer = await exchange({ ...call, isRead: true, acceptsClear: true }, options)
    if (answer.failure !== null) return answer.failure
    const value = parse(answer.value.value)
    return value.kind === 'odd'
      ? toOddFailure(value.what, answer.value.requestId)
      : { kind: 'read', value: value.value }
  }

  function questionOf(address: UnitAddress): TaxpayerQuestion {
    return { taxNo: address.taxNo, isSandbox: address.direct.environment === 'sandbox', at: clock.now() }
  }

  function rowsOf<T>(answer: Read<Table<T>>, service: ServiceCall['service']): Read<readonly T[]> {
    if (answer.kind !== 'read') return answer
    warnOfSkipped(log, service, answer.value.skippedCount)
    return { kind: 'read', value: answer.value.rows }
  }

  return {
    readProfile: (address, options) =>
      read({ address, service: SERVICES.taxpayerProfile, text: taxpayerQuery(address.taxNo) }, options, (answer) =>
        parseProfile(answer, questionOf(address)),
      ),
    readRisk: (address, options) =>
      read({ address, service: SERVICES.taxpayerRisk, text: taxpayerQuery(address.taxNo) }, options, (answer) =>
        parseRisk(answer, questionOf(address)),
      ),
    async readRates(address, options) {
      const service = SERVICES.taxRates
      return rowsOf(await read({ address, service, text: '{}' }, options, parseRates), service)
    },
    async readDifferentialCodes(address, options) {
      const service = SERVICES.differentialCodes
      return rowsOf(await read({ address, service, text: '{}' }, options, parseDifferentialCodes), service)
    },
    async readInvoice(address, question, options) {
      const text = invoiceStateQuery(question)
      const answer = await read({ address, service: SERVICES.invoiceState, text }, options, (body) =>
        parseInvoiceState(body, question),
      )
      const isNone = answer.kind === 'refused' && NO_DATA_CODES.includes(answer.code)
      return isNone ? { kind: 'read', value: null } : answer
    },
    async readClassifications(address, since, options) {
      const service = SERVICES.classifications
      const text = classificationsQuery(address.taxNo, since)
      const answer = await read({ address, service, text }, options, parseClassifications)
      if (answer.kind !== 'read') {
        // An incremental call with nothing new is answered as a failure.
        const isEmpty = since !== null && findTextHint(answer.message)?.kind === 'no_codes'
        return isEmpty ? { kind: 'read', value: { stamp: since, changed: [] } } : answer
      }
      warnOfSkipped(log, service, answer.value.skippedCount)
      return { kind: 'read', value: { stamp: answer.value.stamp, changed: answer.value.rows } }
    },
  }
}

function warnOfSkipped(log: BureauLog, service: ServiceCall['service'], skippedCount: number): void {
  if (skippedCount > 0) log.warn({ service, skippedCount }, 'bureau.rows-skipped')
}
