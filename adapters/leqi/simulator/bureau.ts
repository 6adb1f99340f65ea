/**
 * One call through the bureau: gate, fault, desk, envelope. No sockets here: the outcome says what to send and how.
 *
 * Production and sandbox have books of their own; units, taxpayers, tables, clock and settings are shared.
 */
import { SERVICES, type UploadResultRow } from '../wire.js'
import { type Books, makeBooks } from './books.js'
import type { MovableClock } from './clock.js'
import { type Counters, countUp } from './counters.js'
import { queryInvoice } from './desks/invoice-desk.js'
import { claimNumbers } from './desks/number-desk.js'
import { moveQuota, queryQuota } from './desks/quota-desk.js'
import { queryResult } from './desks/result-desk.js'
import { queryClassifications, queryDifferentialCodes, queryRates } from './desks/table-desk.js'
import { queryProfile, queryRisk } from './desks/taxpayer-desk.js'
import { makeUploadDesk } from './desks/upload-desk.js'
import type { DeskAnswer, TaxTables, Visit } from './desks/visit.js'
import type { Dice } from './dice.js'
import { wrapData, wrapError, wrapPlatformCode } from './envelope.js'
import { distortResults, type FaultKind, type FaultPlan } from './faults.js'
import { type Admission, type Call, makeGate } from './gate.js'
import type { RateLimit } from './rate-limit.js'
import type { Registry } from './registry.js'
import type { Settings } from './settings.js'
import { encryptSm4 } from './sm4.js'

/** The service whose answer comes compressed. Source: Leqi protocol 2.4. */
const COMPRESSED_SERVICE = SERVICES.classifications
/** 16 letters or digits, and 32 lower-case hex characters, as in recordings. Source: Leqi protocol 2.5; QDFPSC, sllsh. */
const REQUEST_ID_LENGTH = 16
const RECEIPT_NO_LENGTH = 32
/** The only code that documents show for a business error. Source: Leqi protocol 2.7. */
const BUSINESS_ERROR_CODE = '01'
/** A code that no document lists, for the fault of that name. */
const UNLISTED_CODE = '4999'
/** A number of nobody's segment: channel digit 9 and no province. */
const STRANGER_NUMBER = '00009999999999999999'
const GARBAGE_BYTE_COUNT = 300
const ERROR_PAGE = '<html><body><h1>502 Bad Gateway</h1></body></html>'

export type Environment = 'production' | 'sandbox'

/** What goes over the wire, and how. */
export type Outcome =
  | { kind: 'answer'; status: number; contentType: string; body: string | Buffer; isCompressed: boolean; pace: Pace }
  | { kind: 'silence' }
  | { kind: 'reset' }
const SILENCE: Outcome = { kind: 'silence' }
type Pace = 'at-once' | 'late' | 'drip'

export interface Bureau {
  books: Record<Environment, Books>
  handle(call: Call): Outcome
}

export interface BureauDependencies {
  registry: Registry
  tables: TaxTables
  settings: Settings
  counters: Counters
  clock: MovableClock
  dice: Dice
  faultPlan: FaultPlan
  rateLimit: RateLimit
  /** Random lower-case hex characters: receipt numbers and request ids must differ between runs. */
  newHex(length: number): string
  firstRunningNumber: bigint
}

export function makeBureau(dependencies: BureauDependencies): Bureau {
  const { registry, tables, settings, counters, clock, faultPlan, newHex } = dependencies
  const books = {
    production: makeBooks(dependencies.firstRunningNumber),
    sandbox: makeBooks(dependencies.firstRunningNumber),
  }
  const desks = makeDesks(dependencies)
  const services = new Set(Object.keys(desks))
  const gate = makeGate({ registry, settings, rateLimit: dependencies.rateLimit, counters, services })
  /** Plain text of the last good answer of each service, for answers that go to the wrong caller. */
  const lastAnswers = new Map<string, string>()
  const answerCode: AnswerCode = (code) => {
    countUp(counters.platformCodes, code)
    return answerText(wrapPlatformCode(newHex(REQUEST_ID_LENGTH), code))
  }
  const answerError = (message: string) =>
    answerText(wrapError(newHex(REQUEST_ID_LENGTH), { Code: BUSINESS_ERROR_CODE, Message: message }))

  function handle(call: Call): Outcome {
    const admitted = gate.admit(call)
    if (admitted.kind === 'platform') return answerCode(admitted.code)
    if (admitted.kind === 'busy') return answerError(admitted.message)
    const fault = faultPlan.decide(call.service)
    if (fault === null) return serve(call, admitted.admission, null)
    countUp(counters.faults, fault.kind)
    const served = fault.isProcessed ? serve(call, admitted.admission, fault.kind) : SILENCE
    return spoil(fault.kind, served, { answerCode, newHex })
  }

  function serve(call: Call, admission: Admission, fault: FaultKind | null): Outcome {
    const { key, ...rest } = admission
    const { environment, service } = call
    const visit: Visit = { ...rest, environment, books: books[environment], tables, nowMs: clock.nowMs() }
    const answer = desks[service]?.(visit, fault) ?? { kind: 'platform', code: '4061' }
    if (answer.kind === 'platform') return answerCode(answer.code)
    if (answer.kind === 'refused') countUp(counters.refusals, service)
    if (answer.kind === 'refused' && settings.refusalForm === 'error') return answerError(answer.message)
    const plain = print(answer, fault)
    const slot = `${environment}/${service}`
    const told = fault === 'swapped-answer' ? (lastAnswers.get(slot) ?? plain) : plain
    if (answer.kind === 'done') lastAnswers.set(slot, plain)
    const usedKey = fault === 'wrong-key' ? otherKey(key) : key
    const outcome = answerText(wrapData(newHex(REQUEST_ID_LENGTH), encryptSm4(told, usedKey)))
    return { ...outcome, isCompressed: service === COMPRESSED_SERVICE }
  }

  return { books, handle }
}

type Desk = (visit: Visit, fault: FaultKind | null) => DeskAnswer

function makeDesks({ settings, counters, dice, newHex }: BureauDependencies): Readonly<Record<string, Desk>> {
  const uploadDesk = makeUploadDesk({ settings, counters, dice, newReceiptNo: () => newHex(RECEIPT_NO_LENGTH) })
  return {
    [SERVICES.taxpayerProfile]: queryProfile,
    [SERVICES.taxpayerRisk]: queryRisk,
    [SERVICES.taxRates]: queryRates,
    [SERVICES.classifications]: queryClassifications,
    [SERVICES.differentialCodes]: queryDifferentialCodes,
    [SERVICES.claimNumbers]: claimNumbers,
    [SERVICES.queryQuota]: queryQuota,
    [SERVICES.moveQuota]: moveQuota,
    [SERVICES.upload]: (visit, fault) => uploadDesk.take(visit, { isEndless: fault === 'endless-pending' }),
    [SERVICES.uploadResult]: queryResult,
    [SERVICES.invoiceState]: queryInvoice,
  }
}

type Answer = Outcome & { kind: 'answer' }
type AnswerCode = (code: string) => Answer

/** A fault that shows outside the answer's content. `served` is silence when the call was not processed. */
function spoil(
  kind: FaultKind,
  served: Outcome,
  { answerCode, newHex }: { answerCode: AnswerCode; newHex(length: number): string },
): Outcome {
  switch (kind) {
    case 'lost-before':
    case 'lost-after':
      return SILENCE
    case 'connection-reset':
      return { kind: 'reset' }
    case 'garbage':
      return answerText(Buffer.from(newHex(GARBAGE_BYTE_COUNT * 2), 'hex'))
    case 'not-json':
      return answerText('{"httpStatusCode":"200","body":"{')
    case 'no-data':
      return answerText(JSON.stringify({ httpStatusCode: '200', body: '{"Response":{"RequestId":"0"}}' }))
    case 'bad-base64':
      return answerText(wrapData(newHex(REQUEST_ID_LENGTH), '*not base64*'))
    case 'bad-padding':
      // One block that no key of ours made.
      return answerText(wrapData(newHex(REQUEST_ID_LENGTH), Buffer.alloc(16).toString('base64')))
    case 'html':
      return { ...answerText(ERROR_PAGE), status: 502, contentType: 'text/html' }
    case 'code-500':
      return answerCode('500')
    case 'code-5001':
      return answerCode('5001')
    case 'code-minus-1':
      return answerCode('-1')
    case 'unknown-code':
      return answerCode(UNLISTED_CODE)
    case 'late':
      return served.kind === 'answer' ? { ...served, pace: 'late' } : served
    case 'slow-drip':
      return served.kind === 'answer' ? { ...served, pace: 'drip' } : served
    // These show inside the answer, or only in what it leads to.
    case 'wrong-key':
    case 'half-list':
    case 'unknown-number':
    case 'swapped-answer':
    case 'endless-pending':
    case 'verdict-flip':
      return served
  }
}

function answerText(body: string | Buffer): Answer {
  const contentType = 'application/json;charset=UTF-8'
  return { kind: 'answer', status: 200, contentType, body, isCompressed: false, pace: 'at-once' }
}

function print(answer: DeskAnswer & { kind: 'done' | 'refused' | 'none' }, fault: FaultKind | null): string {
  if (answer.kind === 'refused') return JSON.stringify({ returncode: '01', returnmsg: answer.message })
  if (answer.kind === 'none') return JSON.stringify({ returncode: '04', returnmsg: answer.message })
  const data = fault === null ? answer.data : distort(fault, answer.data)
  return JSON.stringify({ returncode: '00', returnmsg: '成功', ...data })
}

function distort(fault: FaultKind, data: object): object {
  if (!('resultList' in data) || !Array.isArray(data.resultList)) return data
  // The result desk is the only one that writes this list.
  const rows = data.resultList as UploadResultRow[]
  return { ...data, resultList: distortResults(fault, rows, STRANGER_NUMBER) }
}

function otherKey(key: Buffer): Buffer {
  return Buffer.from(key.map((byte) => byte ^ 0xff))
}
