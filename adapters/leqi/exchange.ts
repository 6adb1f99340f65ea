/**
 * One call of one service: seal, pass the gate, send, open, and say what it proves.
 *
 * Knows: the order of the steps, and which answers count as proof. Must not know: what a service's answer means.
 * A call that changes something is only believed when its answer was encrypted, readable and carried 00.
 */
import { TextDecoder } from 'node:util'
import type { BureauFailure, CallOptions, CallReport, UnitAddress } from '../../connector/issuing/bureau.js'
import type { ChannelWatch } from '../../connector/issuing/channel-ports.js'
import type { IdSource } from '../../connector/kernel/ids.js'
import type { Secret } from '../../connector/kernel/secret.js'
import type { Clock } from '../../connector/kernel/time.js'
import type { DirectUnit } from '../../connector/taxpayer/taxpayer.js'
import type { HttpClient, HttpOutcome } from './client.js'
import { openEnvelope, type RequestToSeal, sealRequest } from './envelope.js'
import type { Attempt, Gate } from './gate.js'
import { toFailure, toHttpFailure } from './response-codes.js'
import { toSight } from './sight.js'
import { makeSm4, type Sm4, type Sm4Engine } from './sm4.js'
import { findTextHint } from './text-patterns.js'
import { BASE_CAPABILITY, SERVICES, type ServiceCode } from './wire.js'
import type { JsonObject } from './wire-json.js'

const MEGABYTE = 1024 * 1024
/** The whole code table is some 10 MB in clear; as base64 in JSON in JSON a third more. */
const TABLE_ANSWER_BYTES_MAX = 32 * MEGABYTE
const ANSWER_BYTES_MAX = 4 * MEGABYTE

/** Stands for bytes that are no text; no envelope can be read from it. */
const NOT_UTF8 = '\ufffd'

/** What the adapter writes down: one line a call, never a payload, a name or a key. */
export interface BureauLog {
  debug(fields: object, event: string): void
  warn(fields: object, event: string): void
}

export interface ExchangeDeps {
  http: HttpClient
  gate: Gate
  channel: Pick<ChannelWatch, 'observe'>
  engine: Sm4Engine
  /** The key of a direct unit for its environment; null: none is stored. */
  keyOf(direct: DirectUnit): Secret | null
  clock: Clock
  ids: IdSource
  log: BureauLog
  /** Told of each call that was made, when it is over. */
  onCall?: (call: CallReport) => void
}

export interface ServiceCall {
  address: UnitAddress
  service: ServiceCode
  /** The business object as JSON text. */
  text: string
  /** Changes nothing, so that it may be repeated. */
  isRead: boolean
  /** An answer in clear is taken too: tables and profile, which documents print that way. */
  acceptsClear?: boolean
}

export interface Answered {
  value: JsonObject
  requestId: string | null
}

export type Exchange = (call: ServiceCall, options: CallOptions) => Promise<Attempt<Answered>>

/**
 * Makes the one function through which every service is called.
 * Errors  none thrown; every failure is a BureauFailure
 * Source  protocol 2.2–2.7; design D14
 */
export function makeExchange(deps: ExchangeDeps): Exchange {
  return async (call, options) => {
    const { direct } = call.address
    const secret = deps.keyOf(direct)
    const sm4 = secret === null ? null : makeSm4(deps.engine, secret)
    if (sm4 === null) {
      const failure = keyFault(secret === null)
      await deps.channel.observe(call.address, toSight(null, failure, { isRead: call.isRead, isGivenUp: false }))
      return { failure }
    }
    const startedAt = deps.clock.now()
    const gateCall = { address: call.address, capability: BASE_CAPABILITY, isRead: call.isRead, options }
    const attempt = await deps.gate.run(gateCall, () => tryOnce(deps, sm4, call, options))
    const fields = {
      service: call.service,
      directUnitId: direct.id,
      sentCharacters: call.text.length,
      durationMs: deps.clock.now() - startedAt,
    }
    deps.onCall?.({ service: call.service, outcome: outcomeOf(attempt.failure), durationMs: fields.durationMs })
    if (attempt.failure === null) {
      deps.log.debug({ ...fields, requestId: attempt.value.requestId }, 'bureau.answered')
    } else {
      // The bureau's text may quote buyers or names; kind and code are enough for a log.
      const level = isNoNews(attempt.failure) ? 'debug' : 'warn'
      deps.log[level]({ ...fields, failure: attempt.failure.kind, code: attempt.failure.code }, 'bureau.call-failed')
    }
    return attempt
  }
}

async function tryOnce(
  deps: ExchangeDeps,
  sm4: Sm4,
  call: ServiceCall,
  options: CallOptions,
): Promise<Attempt<Answered>> {
  const { direct, leqiId } = call.address
  const request: RequestToSeal = {
    direct,
    usingLeqiId: leqiId,
    service: call.service,
    text: call.text,
    clientTid: deps.ids.serial(),
  }
  const outcome = await deps.http.post({
    ...sealRequest(sm4, request),
    direct,
    timeoutMs: options.deadline - deps.clock.now(),
    signal: options.signal ?? null,
    answerBytesMax: call.service === SERVICES.classifications ? TABLE_ANSWER_BYTES_MAX : ANSWER_BYTES_MAX,
  })
  const attempt = toAttempt(sm4, outcome, call)
  const seen = { isRead: call.isRead, isGivenUp: options.signal?.aborted === true }
  await deps.channel.observe(call.address, toSight(outcome, attempt.failure, seen))
  return attempt
}

function toAttempt(sm4: Sm4, outcome: HttpOutcome, call: ServiceCall): Attempt<Answered> {
  if (outcome.kind !== 'response') return { failure: toNetworkFailure(outcome) }
  const opened = openEnvelope(sm4, decode(outcome.bytes))
  const failure = toFailure(opened)
  if (outcome.status !== 200) {
    // A gateway may wrap the platform's own refusal in an error status; nothing else in such an answer is believed.
    const isDefinite =
      opened.kind === 'platform' && (failure?.kind === 'unit_fault' || failure?.kind === 'rate_limited')
    return { failure: isDefinite ? failure : toHttpFailure(outcome.status, outcome.retryAfter, call) }
  }
  if (failure !== null) return { failure }
  if (opened.kind !== 'answer' || (!opened.isEncrypted && call.acceptsClear !== true)) {
    const message = '税局应答未加密，不予采信'
    return { failure: { kind: 'in_doubt', code: 'BUR-ANSWER-in-clear', message, requestId: opened.requestId } }
  }
  return { failure: null, value: { value: opened.value, requestId: opened.requestId } }
}

function outcomeOf(failure: BureauFailure | null): CallReport['outcome'] {
  if (failure === null) return 'answered'
  return isNoNews(failure) ? 'nothing_yet' : failure.kind
}

/** Failures in form only: no result yet, no new codes. */
function isNoNews(failure: BureauFailure): boolean {
  const hint = findTextHint(failure.message)
  return hint?.kind === 'no_result_yet' || hint?.kind === 'no_codes'
}

function toNetworkFailure(outcome: HttpOutcome & { kind: 'never_sent' | 'in_doubt' }): BureauFailure {
  const { kind, code, message } = outcome
  return kind === 'never_sent' ? { kind, code, message, retryAfterMs: null } : { kind, code, message, requestId: null }
}

/** UTF-8 text; what is not UTF-8 becomes a text that no envelope can be read from. */
function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    // Not UTF-8, so not the bureau's JSON; the envelope reports it as such.
    return NOT_UTF8
  }
}

function keyFault(isMissing: boolean): BureauFailure {
  return {
    kind: 'unit_fault',
    code: isMissing ? 'BUR-KEY-missing' : 'BUR-KEY-invalid',
    message: isMissing ? '直连单位未配置API密钥' : '直连单位的API密钥不是32位十六进制',
    park: 'unit_key_fault',
  }
}
