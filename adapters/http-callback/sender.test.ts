import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { type TestContext, test } from 'node:test'
import { Webhook } from 'standardwebhooks'
import type { CallbackRequest } from '../../connector/issuing/delivery-ports.js'
import { Secret } from '../../connector/kernel/secret.js'
import { instant } from '../../connector/kernel/time.js'
import { LOCALHOST_CERTIFICATE, LOCALHOST_KEY } from '../leqi/testing/localhost-certificate.js'
import { makeCallbackSender, type SenderOptions } from './sender.js'

const PRESENT = `whsec_${Buffer.alloc(32, 'present').toString('base64')}`
const FORMER = `whsec_${Buffer.alloc(32, 'former').toString('base64')}`
const BODY = '{"eventId":"e","名称":"数电发票"}'
/** Long enough for a busy machine, short enough for a test that waits for it. */
const TIMEOUT_MS = 500
/** Of four business types, at the cap of each. */
const SIDE_BY_SIDE_COUNT = 32

interface Received {
  headers: IncomingMessage['headers']
  body: string
}

type Answer = (response: ServerResponse) => void

async function listen(t: TestContext, server: Server, host = '127.0.0.1'): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  t.after(() => new Promise((resolve) => server.close(resolve)))
  // A TCP server's address is no pipe name.
  return (server.address() as AddressInfo).port
}

function makeHandler(received: Received[], answer: Answer) {
  return async (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    received.push({ headers: request.headers, body: Buffer.concat(chunks).toString() })
    answer(response)
  }
}

/** A receiver on this machine that the operator named, and a sender. */
async function setup(t: TestContext, answer: Answer, options: Partial<SenderOptions> = {}) {
  const received: Received[] = []
  const server = createServer(makeHandler(received, answer))
  t.after(() => server.closeAllConnections())
  const port = await listen(t, server)
  const sender = makeSender(t, { namedHosts: [`127.0.0.1:${port}`], ...options })
  const send = (changes: Partial<CallbackRequest> = {}) => sender.send({ ...aRequest(port), ...changes })
  return { received, send, port }
}

function makeSender(t: TestContext, options: Partial<SenderOptions>) {
  const sender = makeCallbackSender({
    openSecret: (_endpoint, sealed) => new Secret(sealed),
    namedHosts: [],
    caText: null,
    totalTimeoutMs: TIMEOUT_MS,
    ...options,
  })
  t.after(() => sender.close())
  return sender
}

function aRequest(port: number): CallbackRequest {
  return {
    endpoint: 'shop',
    url: `http://127.0.0.1:${port}/hook?from=leqi`,
    sealedSecrets: [PRESENT],
    body: BODY,
    traceparent: null,
    eventId: '0190a0b0-0000-7000-8000-000000000001',
    // The verifier compares it with its own clock.
    at: instant(Date.now()),
    isReplay: false,
  }
}

function toHeaders(headers: IncomingMessage['headers']): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))
}

test('a receiver can verify what it got with the library of Standard Webhooks', async (t) => {
  const { received, send } = await setup(t, (response) => response.writeHead(204).end())

  const answer = await send({ traceparent: '00-1-2-03' })

  assert.deepEqual(answer, { kind: 'answered', status: 204, retryAfterMs: null })
  const [{ headers, body } = assert.fail()] = received
  assert.equal(body, BODY)
  assert.deepEqual(new Webhook(PRESENT).verify(body, toHeaders(headers)), JSON.parse(BODY))
  assert.throws(() => new Webhook(FORMER).verify(body, toHeaders(headers)))
  assert.deepEqual(
    [headers['webhook-id'], headers['content-type'], headers.traceparent, headers['leqi-replay']],
    ['0190a0b0-0000-7000-8000-000000000001', 'application/json', '00-1-2-03', undefined],
  )
})

test('a trace that no header can carry stays behind; the result arrives', async (t) => {
  const { received, send } = await setup(t, (response) => response.writeHead(204).end())

  for (const traceparent of ['追踪-1', 'a\ufffdb', 'a\r\nx-forged: 1', 'a\u0000b', `${'é'.repeat(3)}`]) {
    assert.deepEqual(await send({ traceparent }), { kind: 'answered', status: 204, retryAfterMs: null })
  }

  assert.deepEqual(
    received.map(({ headers }) => [headers.traceparent, headers['x-forged']]),
    Array.from({ length: 5 }, () => [undefined, undefined]),
  )
})

test('while a secret is being replaced both sign, and a replay says that it is one', async (t) => {
  const { received, send } = await setup(t, (response) => response.end())

  await send({ sealedSecrets: [PRESENT, FORMER], isReplay: true })

  const [{ headers, body } = assert.fail()] = received
  for (const secret of [PRESENT, FORMER]) new Webhook(secret).verify(body, toHeaders(headers))
  assert.equal(headers['leqi-replay'], 'true')
})

test('every status is told as it is, with the pause that the receiver asks for', async (t) => {
  const statuses = [200, 201, 204, 301, 302, 307, 308, 400, 401, 404, 410, 429, 500, 503]
  const queue = [...statuses]
  const { send } = await setup(t, (response) => {
    response.writeHead(queue.shift() ?? 500, { 'retry-after': '7' }).end('body')
  })

  for (const status of statuses) {
    assert.deepEqual(await send(), { kind: 'answered', status, retryAfterMs: 7_000 })
  }
})

test('a pause may be a date; what is neither is none', async (t) => {
  const queue = ['Sun, 22 Nov 2026 08:01:30 GMT', 'Sun, 22 Nov 2026 07:00:00 GMT', 'soon', '-5']
  const { send } = await setup(t, (response) => {
    response.writeHead(503, { 'retry-after': queue.shift() ?? '' }).end()
  })
  const at = instant(Date.parse('2026-11-22T08:00:00Z'))

  const pauses = []
  for (let count = 0; count < 4; count += 1) {
    const answer = await send({ at })
    pauses.push(answer.kind === 'answered' ? answer.retryAfterMs : answer.code)
  }

  assert.deepEqual(pauses, [90_000, 0, null, null])
})

test('a redirect is not followed', async (t) => {
  const { received, send } = await setup(t, (response) => response.writeHead(302, { location: '/inside' }).end())

  assert.equal((await send()).kind, 'answered')
  assert.equal(received.length, 1)
})

test('a receiver that never answers costs the deadline and no more', async (t) => {
  const { send } = await setup(t, () => undefined)

  assert.deepEqual(await send(), { kind: 'unanswered', code: 'CBK-timeout' })
})

test('once the status is there an endless or dripping body changes nothing', async (t) => {
  const { send, received } = await setup(t, (response) => {
    response.writeHead(200)
    if (received.length === 1) return void response.write('x')
    const pour = () => {
      while (!response.destroyed && response.write(Buffer.alloc(64 * 1024)));
    }
    response.on('drain', pour)
    pour()
  })

  for (const what of ['dripping', 'endless']) {
    assert.deepEqual(await send(), { kind: 'answered', status: 200, retryAfterMs: null }, what)
  }
})

test('results of many business types wait at one receiver for nobody but him', async (t) => {
  const responses: ServerResponse[] = []
  const { send } = await setup(
    t,
    (response) => {
      responses.push(response)
      if (responses.length === SIDE_BY_SIDE_COUNT) for (const each of responses) each.end()
    },
    { totalTimeoutMs: 10_000 },
  )

  const answers = await Promise.all(Array.from({ length: SIDE_BY_SIDE_COUNT }, () => send()))

  assert.deepEqual(new Set(answers.map(({ kind }) => kind)), new Set(['answered']))
})

test('a broken connection and headers beyond measure are no answer', async (t) => {
  const { send, received } = await setup(t, (response) => {
    if (received.length === 1) response.destroy()
    else response.writeHead(200, { 'x-huge': 'x'.repeat(40 * 1024) }).end()
  })

  assert.deepEqual(await send(), { kind: 'unanswered', code: 'CBK-network' })
  assert.deepEqual(await send(), { kind: 'unanswered', code: 'CBK-network' })
})

test('nothing is sent to an address that settings would refuse, or without a secret that opens', async (t) => {
  const { send, received, port } = await setup(t, (response) => response.end())
  const address = { kind: 'unanswered', code: 'CBK-address' }

  assert.deepEqual(await send({ url: `http://localhost:${port}/` }), address)
  assert.deepEqual(await send({ url: `http://user:pass@127.0.0.1:${port}/` }), address)
  assert.deepEqual(await send({ url: 'https://169.254.169.254/latest/meta-data' }), address)
  assert.deepEqual(await send({ sealedSecrets: [] }), { kind: 'unanswered', code: 'CBK-secret' })
  assert.deepEqual(await send({ sealedSecrets: ['whsec_!'] }), { kind: 'unanswered', code: 'CBK-secret' })
  assert.equal(received.length, 0)
})

test('a name is not called when any of its addresses is not public, nor when it has none', async (t) => {
  const answers = [
    [{ address: '10.0.0.8', family: 4 }],
    [
      { address: '1.1.1.1', family: 4 },
      { address: '::ffff:127.0.0.1', family: 6 },
    ],
    [],
  ]
  let count = 0
  const sender = makeSender(t, { resolve: async () => answers[count++] ?? assert.fail('resolved once too often') })
  const request = { ...aRequest(443), url: 'https://receiver.example/hook' }

  for (const _ of answers) assert.deepEqual(await sender.send(request), { kind: 'unanswered', code: 'CBK-address' })
  assert.equal(count, 3)
})

test('a name that does not resolve is told as such', async (t) => {
  const fault = Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' })
  const sender = makeSender(t, { resolve: () => Promise.reject(fault) })

  const answer = await sender.send({ ...aRequest(443), url: 'https://receiver.example/hook' })

  assert.deepEqual(answer, { kind: 'unanswered', code: 'CBK-name' })
})

test('the connection goes to the address that was looked at, with the certificate of the name', async (t) => {
  const received: Received[] = []
  const pair = { key: LOCALHOST_KEY, cert: LOCALHOST_CERTIFICATE }
  const server = createTlsServer(
    pair,
    makeHandler(received, (response) => response.writeHead(200).end()),
  )
  t.after(() => server.closeAllConnections())
  await listenAt(t, server, 8_443, '127.0.0.7')
  let resolvedCount = 0
  /** A name server that answers something else the second time. */
  const resolve = async () => {
    resolvedCount += 1
    return [{ address: resolvedCount === 1 ? '127.0.0.7' : '127.0.0.1', family: 4 }]
  }
  const isAllowed = (address: string) => address === '127.0.0.7'
  const request = { ...aRequest(443), url: 'https://localhost:8443/hook' }

  const trusting = makeSender(t, { resolve, isAllowed, caText: LOCALHOST_CERTIFICATE, totalTimeoutMs: 5_000 })
  assert.equal((await trusting.send(request)).kind, 'answered')
  assert.deepEqual([resolvedCount, received[0]?.headers.host], [1, 'localhost:8443'])
  resolvedCount = 0
  const distrusting = makeSender(t, { resolve, isAllowed, totalTimeoutMs: 5_000 })
  assert.deepEqual(await distrusting.send(request), { kind: 'unanswered', code: 'CBK-tls' })
  assert.equal(received.length, 1)
})

async function listenAt(t: TestContext, server: Server, port: number, host: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  t.after(() => new Promise((resolve) => server.close(resolve)))
}
