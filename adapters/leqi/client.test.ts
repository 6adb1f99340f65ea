import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, connect, createServer as createTcpServer, type Server as TcpServer } from 'node:net'
import { type TestContext, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { type HttpCall, type HttpOptions, makeHttpClient } from './client.js'
import { aDirectUnit } from './testing/builders.js'
import { LOCALHOST_CERTIFICATE, LOCALHOST_KEY } from './testing/localhost-certificate.js'

async function listen(t: TestContext, server: Server | TcpServer): Promise<number> {
  server.listen(0, 'localhost')
  await once(server, 'listening')
  t.after(() => {
    if ('closeAllConnections' in server) server.closeAllConnections()
    server.close()
  })
  // A listening TCP server has an address object.
  return (server.address() as AddressInfo).port
}

function makeClient(t: TestContext, options: Partial<HttpOptions> = {}) {
  const client = makeHttpClient({ caText: null, insecureHosts: [], connectionsPerUnit: 2, ...options })
  t.after(() => client.close())
  return client
}

async function setup(t: TestContext, listener: RequestListener, call: Partial<HttpCall> = {}) {
  const port = await listen(t, createServer(listener))
  const client = makeClient(t, { insecureHosts: [`localhost:${port}`] })
  return client.post(aCall(`http://localhost:${port}/x/`, call))
}

function aCall(url: string, change: Partial<HttpCall> = {}): HttpCall {
  return {
    direct: aDirectUnit(),
    url,
    headers: { 'content-type': 'application/json', clientTid: 'abc' },
    body: 'Ym9keQ==',
    timeoutMs: 10_000,
    signal: null,
    answerBytesMax: 1_000,
    ...change,
  }
}

const answer =
  (status: number, body: Buffer | string, headers: Record<string, string> = {}): RequestListener =>
  (request, response) => {
    request.resume().on('end', () => response.writeHead(status, headers).end(body))
  }

test('posts the bare body with its headers and gives status and bytes back', async (t) => {
  let seen: unknown = null
  const outcome = await setup(t, (request, response) => {
    let body = ''
    request.setEncoding('utf8')
    request.on('data', (chunk: string) => {
      body += chunk
    })
    request.on('end', () => {
      const { clienttid, 'content-type': type, 'content-length': length } = request.headers
      seen = { method: request.method, url: request.url, body, clienttid, type, length }
      response.end('答')
    })
  })

  const headers = { clienttid: 'abc', type: 'application/json', length: '8' }
  assert.deepEqual(seen, { method: 'POST', url: '/x/', body: 'Ym9keQ==', ...headers })
  assert.ok(outcome.kind === 'response')
  assert.deepEqual(
    { ...outcome, date: null },
    {
      kind: 'response',
      status: 200,
      bytes: Buffer.from('答'),
      retryAfter: null,
      date: null,
    },
  )
})

test('inflates a gzip answer, announced or not', async (t) => {
  for (const headers of [{ 'content-encoding': 'gzip' }, {}]) {
    const outcome = await setup(t, answer(200, gzipSync('数'.repeat(50)), headers))
    assert.ok(outcome.kind === 'response')
    assert.equal(outcome.bytes.toString(), '数'.repeat(50))
  }
})

test('a gzip bomb ends as too large, announced or not', async (t) => {
  const bomb = gzipSync(Buffer.alloc(20_000_000))
  const headers = { 'content-encoding': 'gzip', 'content-length': String(bomb.length) }
  const announced = await setup(t, answer(200, bomb, headers), { answerBytesMax: 64_000_000 })
  const silent = await setup(t, answer(200, bomb), { answerBytesMax: 64_000_000 })

  assert.deepEqual([announced.kind, codeOf(announced)], ['in_doubt', 'BUR-ANSWER-too-large'])
  assert.deepEqual([silent.kind, codeOf(silent)], ['in_doubt', 'BUR-ANSWER-gzip'])
})

test('stops reading an answer beyond its cap', async (t) => {
  const outcome = await setup(t, answer(200, 'x'.repeat(1_001)))
  assert.deepEqual([outcome.kind, codeOf(outcome)], ['in_doubt', 'BUR-ANSWER-too-large'])
})

test('gives a redirect back unfollowed', async (t) => {
  let calls = 0
  const outcome = await setup(t, (request, response) => {
    calls += 1
    answer(307, '', { location: '/elsewhere' })(request, response)
  })
  assert.ok(outcome.kind === 'response')
  assert.deepEqual([outcome.status, calls], [307, 1])
})

test('a connection that is cut after the request is in doubt', async (t) => {
  const cutAtOnce = await setup(t, (request) => request.socket.destroy())
  const cutInBody = await setup(t, (request, response) => {
    response.writeHead(200, { 'content-length': '100' })
    response.write('{"httpStatusCode"', () => request.socket.destroy())
  })
  assert.deepEqual([cutAtOnce.kind, cutInBody.kind], ['in_doubt', 'in_doubt'])
})

test('a deadline or an abort after the request is in doubt, before it never sent', async (t) => {
  const stop = new AbortController()
  const silent: RequestListener = () => stop.abort()
  const late: RequestListener = () => undefined
  const aborted = await setup(t, silent, { signal: stop.signal })
  const timedOut = await setup(t, late, { timeoutMs: 200 })
  const tooLate = await setup(t, late, { timeoutMs: 0 })
  const alreadyAborted = await setup(t, late, { signal: AbortSignal.abort() })

  assert.deepEqual(
    [aborted, timedOut, tooLate, alreadyAborted].map((each) => each.kind),
    ['in_doubt', 'in_doubt', 'never_sent', 'never_sent'],
  )
  assert.equal(codeOf(timedOut), 'BUR-NET-TimeoutError')
})

test('nobody listening is never sent', async (t) => {
  const server = createTcpServer()
  const port = await listen(t, server)
  server.close()
  await once(server, 'close')

  const outcome = await makeClient(t).post(aCall(`https://localhost:${port}/`))

  assert.deepEqual([outcome.kind, codeOf(outcome)], ['never_sent', 'BUR-NET-ECONNREFUSED'])
})

test('a deadline while the connection is still being made is never sent', async (t) => {
  // Accepts the connection and never shakes hands, so that TLS is not ready when the time is over.
  const silent = createTcpServer((socket) => {
    t.after(() => socket.destroy())
    socket.on('error', () => socket.destroy())
  })
  const port = await listen(t, silent)
  const outcome = await makeClient(t).post(aCall(`https://localhost:${port}/`, { timeoutMs: 300 }))
  assert.equal(outcome.kind, 'never_sent')
})

test('TLS is verified: an unknown certificate is never sent to, a pinned one is', async (t) => {
  const tls = createTlsServer({ cert: LOCALHOST_CERTIFICATE, key: LOCALHOST_KEY }, answer(200, 'ok'))
  const port = await listen(t, tls)

  const strict = await makeClient(t).post(aCall(`https://localhost:${port}/`))
  const pinned = await makeClient(t, { caText: LOCALHOST_CERTIFICATE }).post(aCall(`https://localhost:${port}/`))
  const otherName = await makeClient(t, { caText: LOCALHOST_CERTIFICATE }).post(aCall(`https://127.0.0.1:${port}/`))

  assert.deepEqual([strict.kind, pinned.kind, otherName.kind], ['never_sent', 'response', 'never_sent'])
})

test('plain http goes only to hosts that are listed', async (t) => {
  const port = await listen(t, createServer(answer(200, 'ok')))
  const client = makeClient(t, { insecureHosts: ['localhost:1'] })

  const insecure = await client.post(aCall(`http://localhost:${port}/`))
  const broken = await client.post(aCall('ftp://localhost/'))

  assert.deepEqual([codeOf(insecure), codeOf(broken)], ['BUR-URL-insecure', 'BUR-URL'])
  assert.deepEqual([insecure.kind, broken.kind], ['never_sent', 'never_sent'])
})

test('goes through the proxy of the unit by CONNECT, TLS verified inside the tunnel', async (t) => {
  const tls = createTlsServer({ cert: LOCALHOST_CERTIFICATE, key: LOCALHOST_KEY }, answer(200, 'ok'))
  const port = await listen(t, tls)
  const proxy = await listenProxy(t, 200)
  const direct = aDirectUnit({ proxy: `localhost:${proxy.port}` })

  const url = `https://localhost:${port}/`
  const pinned = await makeClient(t, { caText: LOCALHOST_CERTIFICATE }).post(aCall(url, { direct }))
  const strict = await makeClient(t).post(aCall(url, { direct }))

  assert.deepEqual([pinned.kind, strict.kind], ['response', 'never_sent'])
  assert.deepEqual(new Set(proxy.asked), new Set([`localhost:${port}`]))
})

test('a proxy that refuses, or that is no address, means never sent', async (t) => {
  const proxy = await listenProxy(t, 403)
  const client = makeClient(t)
  const refused = await client.post(
    aCall('https://localhost:8443/', { direct: aDirectUnit({ proxy: `localhost:${proxy.port}` }) }),
  )
  const broken = await client.post(
    aCall('https://localhost:8443/', { direct: aDirectUnit({ id: 'other', proxy: 'http://user:x@proxy' }) }),
  )

  assert.deepEqual([refused.kind, broken.kind], ['never_sent', 'never_sent'])
  assert.equal(codeOf(broken), 'BUR-PROXY')
})

/** A small real proxy: answers CONNECT with `status` and, for 200, joins the two sockets. */
async function listenProxy(t: TestContext, status: number) {
  const asked: string[] = []
  const server = createServer()
  server.on('connect', (request, socket, head) => {
    asked.push(request.url ?? '')
    if (status !== 200) return void socket.end(`HTTP/1.1 ${status} Refused\r\n\r\n`)
    const [host, port] = (request.url ?? '').split(':')
    const target = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n')
      target.write(head)
      target.pipe(socket).pipe(target)
    })
    for (const end of [socket, target]) end.on('error', () => socket.destroy() && target.destroy())
    t.after(() => void [socket.destroy(), target.destroy()])
  })
  return { port: await listen(t, server), asked }
}

function codeOf(outcome: object): string {
  return 'code' in outcome ? String(outcome.code) : ''
}
