/**
 * The simulator's socket: paths and bodies; how an answer arrives is `delivery.ts`.
 *
 * Must not know what a service does. Every timer and open connection is gone after `close`.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Outcome } from './bureau.js'
import type { ControlRoutes } from './control-routes.js'
import { type Delivery, makeDelivery } from './delivery.js'
import type { Call } from './gate.js'
import type { FaultTiming } from './settings.js'

/** A full upload of 100 invoices with 200 lines each is about 15 MB as base64; one with 5,000 lines each is refused here. */
const BODY_BYTES_MAX = 64 * 1024 * 1024
/** Idle connections are kept longer than clients keep theirs, so that the client closes first. */
const KEEP_ALIVE_MS = 65_000
const HEADERS_TIMEOUT_MS = 60_000
const REQUEST_TIMEOUT_MS = 300_000
/** Production, and the two spellings of the sandbox. Source: Leqi protocol 2.1. */
const INVOKE_PATH = /^\/access\/(?:(sandbox|newsandbox)\/)?v2\/invoke\/([^/?]+)\/([^/?]+)\/?$/
const CONTROL_PREFIX = '/_control/'

export interface ServerDependencies {
  handle(call: Call): Outcome
  control: ControlRoutes
  timing(): FaultTiming
  /** The bureau's clock: the Date header tells it, so that a client can notice a difference. */
  nowMs(): number
}

export interface BureauServer {
  /** Errors: rejects when the port is taken. */
  listen(address: { host: string; port: number }): Promise<number>
  close(): Promise<void>
}

export function makeBureauServer(dependencies: ServerDependencies): BureauServer {
  const delivery = makeDelivery(dependencies.timing)
  const route = makeRouter(dependencies, delivery)
  const server: Server = createServer(
    { keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: REQUEST_TIMEOUT_MS },
    (request, response) => {
      response.sendDate = false
      readBody(request, (body) => {
        if (body === null) sendPlain(response, 413, 'too large')
        else route(request, response, body)
      })
    },
  )
  server.headersTimeout = HEADERS_TIMEOUT_MS

  return {
    listen: ({ host, port }) =>
      new Promise((resolve, reject) => {
        server.once('error', reject)
        server.listen(port, host, () => {
          server.off('error', reject)
          const address = server.address()
          resolve(typeof address === 'object' && address !== null ? address.port : port)
        })
      }),
    close: () =>
      new Promise((resolve) => {
        delivery.stop()
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** @param body bytes as latin1: each character is one of them. */
type Router = (request: IncomingMessage, response: ServerResponse, body: string) => void

function makeRouter(dependencies: ServerDependencies, delivery: Delivery): Router {
  /** A mistake of our own must fail one call, not every test that shares the simulator. */
  function routeSafely(request: IncomingMessage, response: ServerResponse, body: string): void {
    try {
      route(request, response, body)
    } catch (error) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
      if (response.headersSent) response.destroy()
      else sendPlain(response, 500, `the simulator failed: ${text}`)
    }
  }

  function route(request: IncomingMessage, response: ServerResponse, body: string): void {
    response.setHeader('Date', new Date(dependencies.nowMs()).toUTCString())
    const url = new URL(request.url ?? '/', 'http://bureau')
    if (url.pathname.startsWith(CONTROL_PREFIX)) {
      answerControl(request, response, { url, body: Buffer.from(body, 'latin1').toString('utf8') })
      return
    }
    const match = INVOKE_PATH.exec(url.pathname)
    if (match === null) {
      sendPlain(response, 404, 'Not Found')
      return
    }
    if (request.method !== 'POST') {
      sendPlain(response, 405, 'Method Not Allowed')
      return
    }
    const outcome = dependencies.handle({
      environment: match[1] === undefined ? 'production' : 'sandbox',
      capability: match[2] ?? '',
      service: match[3] ?? '',
      headers: request.headers,
      remoteIp: (request.socket.remoteAddress ?? '').replace(/^::ffff:/, ''),
      body,
    })
    delivery.deliver(response, outcome)
  }

  function answerControl(request: IncomingMessage, response: ServerResponse, given: { url: URL; body: string }): void {
    const path = given.url.pathname.slice(CONTROL_PREFIX.length).split('/')
    const method = request.method ?? 'GET'
    const { status, body } = dependencies.control({ method, path, query: given.url.searchParams, body: given.body })
    response.writeHead(status, { 'Content-Type': 'application/json;charset=UTF-8' })
    response.end(JSON.stringify(body))
  }

  return routeSafely
}

/**
 * The whole body as latin1, or null when it is too large. A caller that goes away is not called back.
 * An upload is base64, which is ASCII: this is the cheapest way to read it.
 */
function readBody(request: IncomingMessage, done: (body: string | null) => void): void {
  let body = ''
  let byteCount = 0
  request.setEncoding('latin1')
  request.on('data', (chunk: string) => {
    byteCount += chunk.length
    if (byteCount <= BODY_BYTES_MAX) body += chunk
  })
  request.on('end', () => done(byteCount > BODY_BYTES_MAX ? null : body))
}

function sendPlain(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain', Connection: 'close' })
  response.end(text)
}
