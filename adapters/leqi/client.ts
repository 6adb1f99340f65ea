/**
 * One HTTP call to the bureau: bytes out, bytes in, and whether bytes can have left at all.
 *
 * Knows: TLS, proxies, deadlines, size caps. Must not know: SM4, codes, services, retries.
 * `never_sent` is said on proof only: the dispatcher was asked for a connection and never began to write the request.
 * Once writing began, every end without a whole answer is `in_doubt`. TLS is always verified; redirects are refused.
 * The global `fetch` is used (with undici's dispatchers), because the tests' interceptor sees only that one.
 */
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { Agent, type Dispatcher, ProxyAgent } from 'undici'
import type { DirectUnit } from '../../connector/taxpayer/taxpayer.js'

/** Waiting for a connection, TLS included; a healthy one takes well under a second. */
const CONNECT_TIMEOUT_MS = 10_000
/** Below the five seconds after which common servers close an idle connection, so that we close it first. */
const KEEP_ALIVE_MS = 4_000
const KEEP_ALIVE_MS_MAX = 60_000
/** A backstop behind the caller's deadline. */
const ANSWER_TIMEOUT_MS = 10 * 60 * 1000
/** Inflated bytes per compressed byte: the code table has about 10, a bomb about 1,000. */
const INFLATION_MAX = 200

/** Errors of an attempt to connect, for callers of `fetch` that never reach our dispatcher. */
const UNCONNECTED = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT'])

export interface HttpOptions {
  /** PEM text that replaces the system's root certificates, or null. */
  caText: string | null
  /** `host:port` to which plain http is allowed: simulators. */
  insecureHosts: readonly string[]
  /** Connections per direct unit. */
  connectionsPerUnit: number
}

export interface HttpCall {
  direct: DirectUnit
  url: string
  headers: Record<string, string>
  body: string
  /** Remaining time; nothing is sent when it is not positive. */
  timeoutMs: number
  signal: AbortSignal | null
  /** Bytes of the answer after inflation. */
  answerBytesMax: number
}

export type HttpOutcome =
  /** `date`: the server's clock as its header tells it. */
  | { kind: 'response'; status: number; bytes: Buffer; retryAfter: string | null; date: string | null }
  | { kind: 'never_sent' | 'in_doubt'; code: string; message: string }

export interface HttpClient {
  post(call: HttpCall): Promise<HttpOutcome>
  close(): Promise<void>
}

/** How far a request got. */
interface Progress {
  /** Our dispatcher was asked for a connection. */
  isDispatched: boolean
  /** The request began to be written. */
  hasBegun: boolean
  /** The call has answered already; a request that begins after it must not be written. */
  isOver: boolean
}

/**
 * Makes the client.
 * Errors  none thrown by `post`; every end is an outcome
 * Source  Leqi access guide V2.006 (URLs, registered addresses); ecosystem decision on fetch and dispatchers
 */
export function makeHttpClient(options: HttpOptions): HttpClient {
  const dispatchers = new Map<string, { route: string; dispatcher: Dispatcher }>()

  function dispatcherOf(direct: DirectUnit): Dispatcher {
    const route = direct.proxy ?? 'direct'
    const known = dispatchers.get(direct.id)
    if (known?.route === route) return known.dispatcher
    // The unit's proxy was changed: requests under way end on the old dispatcher, which closes when they are done.
    if (known !== undefined) void known.dispatcher.close()
    const dispatcher = makeDispatcher(direct.proxy, options)
    dispatchers.set(direct.id, { route, dispatcher })
    return dispatcher
  }

  return {
    async post(call) {
      const refusal = refuseBeforehand(call, options.insecureHosts)
      if (refusal !== null) return { kind: 'never_sent', ...refusal }
      const progress: Progress = { isDispatched: false, hasBegun: false, isOver: false }
      const deadline = openDeadline(call)
      try {
        return await exchange(call, dispatcherOf(call.direct).compose(watchBegin(progress)), deadline.signal)
      } catch (error) {
        progress.isOver = true
        return toOutcome(error, progress)
      } finally {
        deadline.close()
      }
    },
    async close() {
      const open = [...dispatchers.values()]
      dispatchers.clear()
      await Promise.all(open.map(({ dispatcher }) => dispatcher.destroy()))
    },
  }
}

async function exchange(call: HttpCall, dispatcher: Dispatcher, signal: AbortSignal): Promise<HttpOutcome> {
  const init = { method: 'POST', headers: call.headers, body: call.body, redirect: 'manual', signal, dispatcher }
  // `dispatcher` is typed by Node's own copy of undici, older than ours; the dispatch protocol is the same.
  const response = await fetch(call.url, init as unknown as RequestInit)
  const bytes = await readBody(response, call.answerBytesMax)
  if (bytes === null) return tooLarge(call.answerBytesMax)
  const plain = await inflate(bytes, call.answerBytesMax)
  if (plain === null) return { kind: 'in_doubt', code: 'BUR-ANSWER-gzip', message: '税局应答无法解压' }
  const { status, headers } = response
  return { kind: 'response', status, bytes: plain, retryAfter: headers.get('retry-after'), date: headers.get('date') }
}

/**
 * A signal for the call's deadline and the caller's own abort. Not `AbortSignal.any`: on some Node 20 releases it keeps
 * every signal it made for as long as the caller's lives, and that may be the process.
 */
function openDeadline(call: HttpCall): { signal: AbortSignal; close(): void } {
  const controller = new AbortController()
  const onAbort = () => controller.abort(call.signal?.reason)
  const expire = () => controller.abort(new DOMException('the deadline has passed', 'TimeoutError'))
  const timer = setTimeout(expire, Math.min(call.timeoutMs, ANSWER_TIMEOUT_MS))
  call.signal?.addEventListener('abort', onAbort, { once: true })
  const close = () => {
    clearTimeout(timer)
    call.signal?.removeEventListener('abort', onAbort)
  }
  return { signal: controller.signal, close }
}

/** The whole body, inflated by fetch where the header says so; null when it is larger than allowed. */
async function readBody(response: Response, bytesMax: number): Promise<Buffer | null> {
  if (response.body === null) return Buffer.alloc(0)
  const limit = Math.min(bytesMax, inflationLimit(response.headers))
  const chunks: Uint8Array[] = []
  let size = 0
  // Leaving the loop cancels the stream, so nothing more is read or inflated.
  for await (const chunk of response.body) {
    size += chunk.byteLength
    if (size > limit) return null
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, size)
}

function inflationLimit(headers: Headers): number {
  const sent = Number(headers.get('content-length') ?? Number.NaN)
  return headers.has('content-encoding') && sent > 0 ? sent * INFLATION_MAX : Number.POSITIVE_INFINITY
}

/** A body that is gzip although no header said so; other bytes as they are. Null: damaged or a bomb. */
async function inflate(bytes: Buffer, bytesMax: number): Promise<Buffer | null> {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes
  const maxOutputLength = Math.min(bytesMax, bytes.length * INFLATION_MAX)
  return promisify(gunzip)(bytes, { maxOutputLength }).catch(() => null)
}

function makeDispatcher(proxy: string | null, options: HttpOptions): Dispatcher {
  const tls = { rejectUnauthorized: true, timeout: CONNECT_TIMEOUT_MS, ...(options.caText && { ca: options.caText }) }
  const common = {
    connections: options.connectionsPerUnit,
    pipelining: 1,
    allowH2: false,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MS_MAX,
    headersTimeout: ANSWER_TIMEOUT_MS,
    bodyTimeout: ANSWER_TIMEOUT_MS,
  }
  if (proxy === null) return new Agent({ ...common, connect: tls })
  // Always a tunnel: the proxy sees neither headers nor body, and its refusal comes before any byte of ours.
  return new ProxyAgent({ ...common, uri: `http://${proxy}`, proxyTunnel: true, requestTls: tls, proxyTls: tls })
}

/** Notes when a request reaches the dispatcher and when its first byte is about to be written. */
function watchBegin(progress: Progress): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) => {
    progress.isDispatched = true
    return dispatch(options, {
      onRequestStart(controller, context) {
        if (progress.isOver) return controller.abort(new Error('the call has ended'))
        progress.hasBegun = true
        handler.onRequestStart?.(controller, context)
      },
      onRequestUpgrade: (...upgrade) => handler.onRequestUpgrade?.(...upgrade),
      onResponseStart: (...start) => handler.onResponseStart?.(...start),
      onResponseData: (...data) => handler.onResponseData?.(...data),
      onResponseEnd: (...end) => handler.onResponseEnd?.(...end),
      onResponseError: (...failure) => handler.onResponseError?.(...failure),
    })
  }
}

function refuseBeforehand(call: HttpCall, insecureHosts: readonly string[]): { code: string; message: string } | null {
  const url = URL.canParse(call.url) ? new URL(call.url) : null
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    return { code: 'BUR-URL', message: '接口地址无效' }
  }
  if (url.protocol === 'http:' && !isListed(url, insecureHosts)) {
    return { code: 'BUR-URL-insecure', message: '接口地址不是https，且主机不在允许的明文主机之列' }
  }
  if (call.direct.proxy !== null && !/^[^\s/@:]+:\d{1,5}$/.test(call.direct.proxy)) {
    return { code: 'BUR-PROXY', message: '代理地址应为 主机:端口' }
  }
  if (call.timeoutMs <= 0 || call.signal?.aborted === true)
    return { code: 'BUR-DEADLINE', message: '调用前已过截止时间' }
  return null
}

function isListed(url: URL, hosts: readonly string[]): boolean {
  const host = `${url.hostname}:${url.port || '80'}`
  return hosts.some((listed) => listed.toLowerCase() === host)
}

function toOutcome(error: unknown, progress: Progress): HttpOutcome {
  const name = errorName(error)
  const isUnsent = progress.isDispatched ? !progress.hasBegun : UNCONNECTED.has(name)
  const code = `BUR-NET-${name}`
  return isUnsent
    ? { kind: 'never_sent', code, message: `未能连接税局：${name}` }
    : { kind: 'in_doubt', code, message: `请求已发出，未收到完整应答：${name}` }
}

/** The most telling name of an error: the innermost system code, else the class; nothing of its text. */
function errorName(error: unknown): string {
  let name = 'unknown'
  let current: unknown = error
  for (let depth = 0; depth < 5 && current instanceof Error; depth += 1) {
    const code = 'code' in current && typeof current.code === 'string' ? current.code : null
    name = code ?? (current.name === 'Error' ? name : current.name)
    current = current instanceof AggregateError ? (current.errors[0] ?? null) : current.cause
  }
  return name.replace(/[^A-Za-z0-9_]/g, '').slice(0, 40)
}

function tooLarge(bytesMax: number): HttpOutcome {
  return { kind: 'in_doubt', code: 'BUR-ANSWER-too-large', message: `税局应答超过${bytesMax}字节或压缩比异常` }
}
