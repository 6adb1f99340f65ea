/**
 * A client made of nothing but the protocol document: fetch, sm-crypto, JSON. It shares no code with the simulator nor
 * with the connector, so that a mistake in either shows here.
 */
import smCrypto from 'sm-crypto'

export interface Caller {
  url: string
  direct: string
  using: string
  key: string
  /** Default: the production path. */
  base?: string
  capability?: string
}

type Row = Record<string, string>

/** The fields of all answers at once: a test asserts the ones it expects, the others are absent. */
interface AnswerFields {
  returncode: string
  returnmsg: string
  fpqshm: string
  fpzzhm: string
  lysl: string
  ztsxbz: string
  bysxed: string
  kysyed: string
  yxzed: string
  yxzwsyed: string
  sq: string
  syqjq: string
  syqjz: string
  sllsh: string
  resultList: { fphm: string; status: string; message: string }[]
  jcxx: Row
  qyhyxzGrid: Row[]
  fxnsrlx: string
  sjc: string
  count: string
  ssbmList: Row[]
  slzslList: Row[]
  cezsbmList: Row[]
}

export interface RawAnswer {
  status: number
  headers: Headers
  /** The answer as it came, before any reading. */
  text: string
  httpStatusCode: unknown
  requestId: string
  /** The encrypted text; null when there is none. */
  cipherText: string | null
  /** What it decrypts to; without fields when there is none. */
  data: AnswerFields
  error: { Code: string; Message: string } | null
}

export interface RawOptions {
  /** Replaces headers; null leaves one out. */
  headers?: Record<string, string | null>
  body?: string
  method?: string
  /** Path below the base, when it should differ from `/{capability}/{service}/`. */
  path?: string
  /** Key to read the answer with. */
  key?: string
  signal?: AbortSignal
}

const PATIENCE_MS = 20_000

export function encryptRaw(text: string, key: string): string {
  return Buffer.from(smCrypto.sm4.encrypt(text, key), 'hex').toString('base64')
}

export function decryptRaw(base64: string, key: string): string {
  return smCrypto.sm4.decrypt(Buffer.from(base64, 'base64').toString('hex'), key)
}

export async function callRaw(
  caller: Caller,
  service: string,
  request: unknown,
  options: RawOptions = {},
): Promise<RawAnswer> {
  const capability = caller.capability ?? '202007'
  const headers = new Headers({
    'content-type': 'application/json',
    jrdwptbh: caller.direct,
    sydwptbh: caller.using,
    nlbm: capability,
    fwbm: service,
    access_signature: '',
  })
  for (const [name, value] of Object.entries(options.headers ?? {})) {
    if (value === null) headers.delete(name)
    else headers.set(name, value)
  }
  const path = options.path ?? `/${capability}/${service}/`
  const body = options.body ?? encryptRaw(JSON.stringify(request), caller.key)
  const response = await fetch(`${caller.url}${caller.base ?? '/access/v2/invoke'}${path}`, {
    method: options.method ?? 'POST',
    headers,
    body: options.method === 'GET' ? null : body,
    signal: options.signal ?? AbortSignal.timeout(PATIENCE_MS),
  })
  return readAnswer(response, options.key ?? caller.key)
}

/** fetch has already undone a compression; the header still tells of it. */
async function readAnswer(response: Response, key: string): Promise<RawAnswer> {
  const text = await response.text()
  const { status, headers } = response
  const bare = { status, headers, text, httpStatusCode: null, requestId: '', cipherText: null, error: null }
  if (status !== 200 || !text.startsWith('{')) return { ...bare, data: toFields('{}') }
  const outer = JSON.parse(text)
  const inner = JSON.parse(outer.body).Response
  const read = {
    ...bare,
    httpStatusCode: outer.httpStatusCode,
    requestId: inner.RequestId,
    error: inner.Error ?? null,
  }
  if (inner.Data === undefined) return { ...read, data: toFields('{}') }
  const plain = decryptRaw(inner.Data, key)
  return { ...read, cipherText: inner.Data, data: toFields(plain) }
}

/** Whatever arrived, taken at its word: this client exists to be asserted upon. Errors: SyntaxError when unreadable. */
function toFields(json: string): AnswerFields {
  return JSON.parse(json)
}
