/**
 * Sends results by HTTP callback: one signed POST, as Standard Webhooks 1.0.0 prescribes.
 *
 * Knows: HTTP, signatures, which machines may be called. Must not know: schedules, what a result says, the database.
 * Invariants: a name is resolved once for a connection, all its addresses must be public, and the connection goes to one
 * that was looked at (a second answer of a hostile name server changes nothing); the certificate is verified against the
 * name; no redirect is followed, no proxy of the environment used; what is not a status line within the deadline is no
 * answer, and no body is kept.
 */
import { lookup } from 'node:dns/promises'
import type { LookupFunction } from 'node:net'
import { rootCertificates } from 'node:tls'
import { Webhook } from 'standardwebhooks'
import { Agent, buildConnector, request } from 'undici'
import type { CallbackAnswer, CallbackRequest, CallbackSender } from '../../connector/issuing/delivery-ports.js'
import type { Secret } from '../../connector/kernel/secret.js'
import { isPublicAddress } from './addresses.js'
import { isNamed, judgeTarget } from './target.js'

const CONNECT_TIMEOUT_MS = 5_000
const TOTAL_TIMEOUT_MS = 15_000
/** Of an answer's body, read to keep the connection; a longer one costs the connection. */
const ANSWER_BYTES_MAX = 64 * 1024
const HEADER_BYTES_MAX = 16 * 1024
/** A receiver that is called now and then need not hold a connection for us. */
const KEEP_ALIVE_MS = 10_000
/**
 * What a process attempts at once. Many business types may share one receiver, and an attempt that waited for a
 * connection would lose its time, and its try, without having been sent; how much an endpoint gets is not decided here.
 */
const CONNECTIONS_PER_ORIGIN = 128
const SECOND_MS = 1_000
/** What a header may carry unescaped; an order's sender may have written anything. */
const TRACE = /^[\x21-\x7e]+$/
const HTTP_DATE = /^[A-Z][a-z]{2}, .* GMT$/

interface ResolvedAddress {
  address: string
  family: number
}

export interface SenderOptions {
  /** Opens a sealed secret of an endpoint. Errors: it does not open. */
  openSecret: (endpoint: string, sealed: string) => Secret
  /** `host:port` of LEQI_CALLBACK_HOSTS: internal targets that the operator named. */
  namedHosts: readonly string[]
  /** A further root certificate. */
  caText: string | null
  /** All addresses of a name. */
  resolve?: (hostname: string) => Promise<readonly ResolvedAddress[]>
  isAllowed?: (address: string) => boolean
  totalTimeoutMs?: number
}

export interface LastingSender extends CallbackSender {
  close(): Promise<void>
}

/** A name leads to a machine that must not be called. */
class ForbiddenAddress extends Error {
  override name = 'ForbiddenAddress'
  readonly code = 'CBK-address'
}

export function makeCallbackSender(options: SenderOptions): LastingSender {
  const { namedHosts, openSecret, totalTimeoutMs = TOTAL_TIMEOUT_MS } = options
  const agent = new Agent({
    connect: makeConnect(options),
    connections: CONNECTIONS_PER_ORIGIN,
    pipelining: 1,
    keepAliveTimeout: KEEP_ALIVE_MS,
    maxHeaderSize: HEADER_BYTES_MAX,
    headersTimeout: totalTimeoutMs,
    bodyTimeout: totalTimeoutMs,
  })
  return {
    async send(callback) {
      if (judgeTarget(callback.url, namedHosts) !== null) return { kind: 'unanswered', code: 'CBK-address' }
      const signature = sign(callback, openSecret)
      if (signature === null) return { kind: 'unanswered', code: 'CBK-secret' }
      const signal = AbortSignal.timeout(totalTimeoutMs)
      try {
        return await post(agent, callback, signature, signal)
      } catch (error) {
        return { kind: 'unanswered', code: toCode(error, signal) }
      }
    },
    close: () => agent.destroy(),
  }
}

function makeConnect(options: SenderOptions): buildConnector.connector {
  const { caText, resolve = resolveAll, isAllowed = isPublicAddress, namedHosts } = options
  const lookupAllowed: LookupFunction = (hostname, { all }, done) => {
    const finish = (addresses: readonly ResolvedAddress[]) => {
      const [first] = addresses
      if (first === undefined || !addresses.every(({ address }) => isAllowed(address))) {
        done(new ForbiddenAddress(`${hostname} leads to an address that must not be called`), '', 0)
      } else if (all === true) done(null, [first])
      else done(null, first.address, first.family)
    }
    resolve(hostname).then(finish, (error: NodeJS.ErrnoException) => done(error, '', 0))
  }
  const shared = {
    timeout: CONNECT_TIMEOUT_MS,
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2' as const,
    ca: [...rootCertificates, ...(caText === null ? [] : [caText])],
    // One address was looked at and chosen; there is nothing to race.
    autoSelectFamily: false,
  }
  const toNamed = buildConnector(shared)
  const toPublic = buildConnector({ ...shared, lookup: lookupAllowed })
  return (target, done) => {
    const connect = isNamed(target, namedHosts) ? toNamed : toPublic
    connect(target, done)
  }
}

function resolveAll(hostname: string): Promise<readonly ResolvedAddress[]> {
  return lookup(hostname, { all: true, verbatim: true })
}

/** `v1,…` for each secret, the present one first; null when none opens. */
function sign(
  { endpoint, sealedSecrets, eventId, at, body }: CallbackRequest,
  open: SenderOptions['openSecret'],
): string | null {
  const signatures: string[] = []
  for (const sealed of sealedSecrets) {
    try {
      signatures.push(new Webhook(open(endpoint, sealed).reveal()).sign(eventId, new Date(at), body))
    } catch {
      // Sealed under another key or changed: a signature that nobody can check is worse than none, and the code says so.
    }
  }
  return signatures.length === 0 ? null : signatures.join(' ')
}

async function post(
  agent: Agent,
  { url, eventId, at, body, traceparent, isReplay }: CallbackRequest,
  signature: string,
  signal: AbortSignal,
): Promise<CallbackAnswer> {
  const answer = await request(url, {
    dispatcher: agent,
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'user-agent': 'leqi-connector',
      'webhook-id': eventId,
      'webhook-timestamp': String(Math.floor(at / SECOND_MS)),
      'webhook-signature': signature,
      ...(traceparent !== null && TRACE.test(traceparent) && { traceparent }),
      ...(isReplay && { 'leqi-replay': 'true' }),
    },
    body,
    signal,
  })
  const retryAfterMs = readRetryAfter(answer.headers['retry-after'], at)
  // The status line is the answer. The rest is read to use the connection again, and cut off when it is too much or slow.
  await answer.body.dump({ limit: ANSWER_BYTES_MAX, signal }).catch(() => undefined)
  return { kind: 'answered', status: answer.statusCode, retryAfterMs }
}

/** Seconds or an HTTP date, as a pause from `at`; null when there is none or it cannot be read. */
function readRetryAfter(header: string | string[] | undefined, at: number): number | null {
  if (typeof header !== 'string') return null
  if (/^\d{1,9}$/.test(header)) return Number(header) * SECOND_MS
  const until = HTTP_DATE.test(header) ? Date.parse(header) : Number.NaN
  return Number.isNaN(until) ? null : Math.max(until - at, 0)
}

function toCode(error: unknown, signal: AbortSignal): string {
  if (signal.aborted) return 'CBK-timeout'
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code.startsWith('CBK-')) return code
  if (code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'UND_ERR_HEADERS_TIMEOUT') return 'CBK-timeout'
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'CBK-name'
  return /^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|EPROTO)/.test(code) ? 'CBK-tls' : 'CBK-network'
}
