/**
 * The envelope: how a request is sealed and how an answer is opened, step by step (protocol 2.2, 2.3, 2.5).
 *
 * Knows: headers, the two wrappers, `Error`, `Data`, returncode. Must not know: what a code means, HTTP.
 * Tolerant in what documents show in several forms (string or number, text or object, `Data` in clear), strict in the
 * rest. Nothing is thrown: an answer that cannot be read is a value with a reason.
 */
import type { DirectUnit } from '../../connector/taxpayer/taxpayer.js'
import type { Sm4 } from './sm4.js'
import { BASE_CAPABILITY, HEADERS, type ServiceCode } from './wire.js'
import { isJsonObject, type JsonObject, ownValue, parseWireJson } from './wire-json.js'

/** Characters of a bureau's text that are kept; declared lengths go up to 2,000 but logs and rows need less. */
const MESSAGE_LENGTH_MAX = 500

export interface SealedRequest {
  url: string
  headers: Record<string, string>
  body: string
}

export interface RequestToSeal {
  direct: DirectUnit
  usingLeqiId: string
  service: ServiceCode
  /** The business object's JSON text; `{}` for no parameters. */
  text: string
  /** 32 letters and digits. */
  clientTid: string
}

export type Opened =
  | {
      kind: 'answer'
      value: JsonObject
      /** Two characters, `00` is success. */
      returncode: string
      message: string
      requestId: string | null
      /** False when the business object came in clear. */
      isEncrypted: boolean
    }
  /** httpStatusCode ≠ 200: the platform itself. */
  | { kind: 'platform'; code: string; message: string; requestId: string | null }
  /** `Response.Error`. */
  | { kind: 'error'; code: string; message: string; requestId: string | null }
  | { kind: 'unreadable'; reason: UnreadableReason; requestId: string | null }

export type UnreadableReason =
  | 'empty'
  | 'not-json'
  | 'no-envelope'
  | 'no-data'
  | 'not-decryptable'
  | 'not-json-inside'
  | 'no-returncode'

/**
 * Seals a request.
 * Shape   URL with trailing slash, headers, bare base64 of the SM4 text as body (not a JSON document)
 * Source  Leqi access guide V2.006, URLs and request headers; protocol 2.1–2.3
 */
export function sealRequest(sm4: Sm4, request: RequestToSeal): SealedRequest {
  const { direct } = request
  const headers: Record<string, string> = {
    // Otherwise `=` and `/` of the ciphertext may be escaped again on the way.
    'content-type': 'application/json',
    [HEADERS.directUnit]: direct.leqiId,
    [HEADERS.usingUnit]: request.usingLeqiId,
    [HEADERS.capability]: BASE_CAPABILITY,
    [HEADERS.service]: request.service,
    [HEADERS.signature]: '',
    [HEADERS.clientTid]: request.clientTid,
  }
  if (direct.environment === 'sandbox') headers[HEADERS.sandboxFlag] = '1'
  const base = direct.apiUrl.replace(/\/+$/, '')
  return { url: `${base}/${BASE_CAPABILITY}/${request.service}/`, headers, body: sm4.encrypt(request.text) }
}

/**
 * Opens an answer's text.
 * Shape   outer JSON → httpStatusCode → body → Response → Error | Data → SM4 → JSON → returncode
 * Errors  none thrown; `unreadable` names the step that failed
 * Source  protocol 2.5
 */
export function openEnvelope(sm4: Sm4, text: string): Opened {
  if (text.trim() === '') return unreadable('empty')
  const outer = parseWireJson(text)
  if (!isJsonObject(outer)) return unreadable('not-json')
  const status = ownValue(outer, 'httpStatusCode')
  if (status !== undefined && toText(status) !== '200') return openPlatformFailure(outer, toText(status))
  const inner = openBody(outer)
  if (inner === undefined) return unreadable('not-json')
  if (inner === null) return unreadable('no-envelope')
  const response = ownValue(inner, 'Response')
  if (isJsonObject(response)) return openResponse(sm4, response)
  // Control samples show the business object without any wrapper.
  if (Object.hasOwn(inner, 'returncode')) return toAnswer(inner, { requestId: null, isEncrypted: false })
  return unreadable('no-envelope')
}

function openPlatformFailure(outer: JsonObject, code: string): Opened {
  const body = ownValue(outer, 'body')
  const inner = typeof body === 'string' ? parseWireJson(body) : body
  const response = isJsonObject(inner) ? ownValue(inner, 'Response') : undefined
  const error = isJsonObject(response) ? ownValue(response, 'Error') : undefined
  const said = isJsonObject(error) ? ownValue(error, 'Message') : (body ?? ownValue(outer, 'message'))
  const message = typeof said === 'string' ? said : JSON.stringify(said ?? '')
  return { kind: 'platform', code, message: shorten(message), requestId: requestIdOf(response) }
}

/** The inner document; undefined: the body is no JSON; null: there is none. */
function openBody(outer: JsonObject): JsonObject | null | undefined {
  const body = ownValue(outer, 'body')
  if (body === undefined) return outer
  const inner = typeof body === 'string' ? parseWireJson(body) : body
  if (inner === undefined) return undefined
  return isJsonObject(inner) ? inner : null
}

function openResponse(sm4: Sm4, response: JsonObject): Opened {
  const requestId = requestIdOf(response)
  const error = ownValue(response, 'Error')
  if (isJsonObject(error) && Object.keys(error).length > 0) {
    const message = shorten(toText(ownValue(error, 'Message')))
    return { kind: 'error', code: toText(ownValue(error, 'Code')), message, requestId }
  }
  const data = ownValue(response, 'Data')
  if (isJsonObject(data)) return toAnswer(data, { requestId, isEncrypted: false })
  if (typeof data !== 'string' || data.trim() === '') return unreadable('no-data', requestId)
  if (data.trimStart().startsWith('{')) return readAnswer(data, { requestId, isEncrypted: false })
  const plain = sm4.decrypt(data)
  return plain === null ? unreadable('not-decryptable', requestId) : readAnswer(plain, { requestId, isEncrypted: true })
}

interface Origin {
  requestId: string | null
  isEncrypted: boolean
}

function readAnswer(text: string, origin: Origin): Opened {
  const value = parseWireJson(text)
  return isJsonObject(value) ? toAnswer(value, origin) : unreadable('not-json-inside', origin.requestId)
}

function toAnswer(value: JsonObject, origin: Origin): Opened {
  const code = ownValue(value, 'returncode')
  if (typeof code !== 'string' && typeof code !== 'number') return unreadable('no-returncode', origin.requestId)
  // A JSON number cannot carry the leading zero.
  const returncode = typeof code === 'number' ? String(code).padStart(2, '0') : code.trim()
  return { kind: 'answer', value, returncode, message: shorten(toText(ownValue(value, 'returnmsg'))), ...origin }
}

function unreadable(reason: UnreadableReason, requestId: string | null = null): Opened {
  return { kind: 'unreadable', reason, requestId }
}

function requestIdOf(response: unknown): string | null {
  const id = isJsonObject(response) ? ownValue(response, 'RequestId') : undefined
  return typeof id === 'string' && id !== '' ? id.slice(0, 64) : null
}

function toText(value: unknown): string {
  return typeof value === 'string' ? value.trim() : typeof value === 'number' ? String(value) : ''
}

function shorten(message: string): string {
  return message.length <= MESSAGE_LENGTH_MAX ? message : `${message.slice(0, MESSAGE_LENGTH_MAX)}…`
}
