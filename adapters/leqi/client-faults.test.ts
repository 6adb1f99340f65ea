/**
 * What networks do to the way to the bureau, and what each fault proves: `never_sent` only when no byte of the request can
 * have left, `in_doubt` for everything else, and an end within the call's deadline in any case.
 *
 * Faults that need a server of a certain kind stand in `client.test.ts`: TLS, proxies, redirects, gzip, caps.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { type Link, startLink } from '../../connector/testing/link.js'
import { type HttpCall, type HttpOutcome, makeHttpClient } from './client.js'
import { aDirectUnit } from './testing/builders.js'

/** Long enough for a healthy call on a busy machine; a fault is told by the deadline of its call or earlier. */
const TIMEOUT_MS = 10_000
const DEADLINE_MS = 300
const ANSWER = '答'.repeat(200)

const answering: RequestListener = (request, response) => {
  request.resume().on('end', () => response.end(ANSWER))
}

async function setup(t: TestContext, listener: RequestListener = answering) {
  const server = createServer(listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // A listening TCP server has an address object.
  const link = await startLink(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  const { host } = new URL(link.url)
  const client = makeHttpClient({
    caText: null,
    insecureHosts: [host, 'no-such-host.invalid:80'],
    connectionsPerUnit: 2,
  })
  t.after(async () => {
    await client.close()
    await link.close()
    server.closeAllConnections()
    server.close()
  })
  const post = (change: Partial<HttpCall> = {}) => {
    const call = { direct: aDirectUnit(), url: `http://${host}/x/`, headers: {}, body: 'Ym9keQ==', signal: null }
    return client.post({ ...call, timeoutMs: TIMEOUT_MS, answerBytesMax: 100_000, ...change })
  }
  return { link, post }
}

function tell(outcome: HttpOutcome): string {
  return outcome.kind === 'response' ? outcome.bytes.toString() : `${outcome.kind} ${outcome.code}`
}

/** Runs `act` when the first bytes pass towards that side. */
function onFirstBytes(link: Link, side: 'server' | 'client', act: () => void): void {
  link.watch((towards) => {
    if (towards !== side) return
    link.watch(null)
    act()
  })
}

test('refused: never sent', async (t) => {
  const { link, post } = await setup(t)
  await link.fault({ refuses: true })
  assert.equal(tell(await post()), 'never_sent BUR-NET-ECONNREFUSED')
  await link.heal()
  assert.equal(tell(await post()), ANSWER)
})

test('a name that nobody knows: never sent', async (t) => {
  const { post } = await setup(t)
  const outcome = await post({ url: 'http://no-such-host.invalid:80/x/', timeoutMs: 5_000 })
  assert.equal(outcome.kind, 'never_sent')
})

test('cut while the request leaves, or while the answer comes: in doubt', async (t) => {
  for (const side of ['server', 'client'] as const) {
    const { link, post } = await setup(t)
    onFirstBytes(link, side, () => link.cut())
    assert.equal((await post()).kind, 'in_doubt', side)
    assert.equal(tell(await post()), ANSWER, 'the next call has a connection of its own')
  }
})

test('cut between two calls: the second is not taken for sent twice', async (t) => {
  let requestCount = 0
  const { link, post } = await setup(t, (request, response) => {
    requestCount += 1
    answering(request, response)
  })
  await post()
  link.cut()
  const second = await post()
  assert.ok(second.kind === 'response' || second.kind === 'in_doubt' || second.kind === 'never_sent')
  assert.ok(requestCount <= 2)
  assert.equal(second.kind === 'response', requestCount === 2)
})

test('delay, throttling and fragments: the answer arrives whole', async (t) => {
  for (const faults of [{ delayMs: 30 }, { bytesPerSecond: 10_000 }, { fragmentByteCount: 7 }]) {
    const { link, post } = await setup(t)
    await link.fault(faults)
    assert.equal(tell(await post()), ANSWER, JSON.stringify(faults))
  }
})

test('a link slower than the deadline: in doubt', async (t) => {
  const { link, post } = await setup(t)
  await link.fault({ bytesPerSecond: 100 })
  assert.equal(tell(await post({ timeoutMs: DEADLINE_MS })), 'in_doubt BUR-NET-TimeoutError')
})

test('silence one way or both, from the first byte or in the middle: in doubt at the deadline', async (t) => {
  for (const silentTowards of [['server'], ['client'], ['server', 'client']] as const) {
    const { link, post } = await setup(t)
    await link.fault({ silentTowards })
    assert.equal(tell(await post({ timeoutMs: DEADLINE_MS })), 'in_doubt BUR-NET-TimeoutError', silentTowards.join())
  }
  const { link, post } = await setup(t)
  await post()
  await link.fault({ silentTowards: ['server', 'client'] })
  assert.equal(tell(await post({ timeoutMs: DEADLINE_MS })), 'in_doubt BUR-NET-TimeoutError', 'a kept connection')
})

test('an answer that drips: no drop makes the deadline longer', async (t) => {
  const { post } = await setup(t, (request, response) => {
    response.writeHead(200, { 'content-length': '1000' })
    const slowly = setInterval(() => response.write('x'), 20)
    request.resume()
    response.on('close', () => clearInterval(slowly))
  })
  assert.equal(tell(await post({ timeoutMs: DEADLINE_MS })), 'in_doubt BUR-NET-TimeoutError')
})

test('an answer that ends before it is whole, or is no gzip although it says so: in doubt', async (t) => {
  const short = await setup(t, (request, response) => {
    response.writeHead(200, { 'content-length': '1000' })
    response.write('x'.repeat(10), () => request.socket.destroy())
  })
  const damaged = gzipSync(ANSWER)
  damaged.writeUInt32BE(0, damaged.length - 8)
  const broken = await setup(t, (request, response) => {
    request.resume().on('end', () => {
      response.writeHead(200, { 'content-encoding': 'gzip' })
      response.end(damaged)
    })
  })
  assert.equal((await short.post()).kind, 'in_doubt')
  assert.equal((await broken.post()).kind, 'in_doubt')
})

test('tells the server’s clock', async (t) => {
  const { post } = await setup(t, (request, response) => {
    response.sendDate = false
    request.resume().on('end', () => response.writeHead(200, { date: 'Sun, 22 Nov 2026 08:00:00 GMT' }).end())
  })
  const outcome = await post()
  assert.ok(outcome.kind === 'response')
  assert.equal(outcome.date, 'Sun, 22 Nov 2026 08:00:00 GMT')
})
