import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { type Link, startLink } from './link.js'

const timeout = 10_000

/** A server that sends everything back, in a link; `served` are its ends of the connections. */
async function setup(t: TestContext) {
  const served: Socket[] = []
  const server = createServer((socket) => {
    served.push(socket)
    socket.on('error', () => undefined)
    socket.pipe(socket)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  const link = await startLink(`http://127.0.0.1:${address.port}/`)
  t.after(async () => {
    await link.close()
    for (const socket of served) socket.destroy()
    server.close()
    await once(server, 'close')
  })
  return { link, served }
}

async function dial(t: TestContext, link: Link): Promise<Socket> {
  const socket = connect(Number(new URL(link.url).port), '127.0.0.1')
  socket.on('error', () => undefined)
  t.after(() => socket.destroy())
  await once(socket, 'connect')
  return socket
}

/** Says something and reads until as much has come back; returns the pieces. */
async function echo(socket: Socket, text: string): Promise<string[]> {
  const pieces: string[] = []
  const isComplete = new Promise<void>((resolve) => {
    socket.on('data', (bytes) => {
      pieces.push(bytes.toString())
      if (pieces.join('').length >= text.length) resolve()
    })
  })
  socket.write(text)
  await isComplete
  return pieces
}

async function breakOf(socket: Socket): Promise<string> {
  const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException]
  return error.code ?? error.message
}

test('passes bytes and farewells in both directions', { timeout }, async (t) => {
  const { link } = await setup(t)
  const socket = await dial(t, link)
  assert.equal((await echo(socket, 'hello')).join(''), 'hello')
  socket.end()
  await once(socket, 'end')
})

test('refuses new connections, leaves the present ones alone, and lets in again', { timeout }, async (t) => {
  const { link } = await setup(t)
  const present = await dial(t, link)
  await link.fault({ refuses: true })
  await assert.rejects(dial(t, link), { code: 'ECONNREFUSED' })
  assert.equal((await echo(present, 'still here')).join(''), 'still here')
  await link.heal()
  assert.equal((await echo(await dial(t, link), 'back')).join(''), 'back')
})

test('a cut resets both ends', { timeout }, async (t) => {
  const { link, served } = await setup(t)
  const socket = await dial(t, link)
  await echo(socket, 'hello')
  const breaks = Promise.all([socket, ...served].map(breakOf))
  link.cut()
  assert.deepEqual(await breaks, ['ECONNRESET', 'ECONNRESET'])
})

test('breaks bytes into pieces, and passes all of them', { timeout }, async (t) => {
  const { link, served } = await setup(t)
  const socket = await dial(t, link)
  await link.fault({ fragmentByteCount: 1 })
  await echo(socket, 'a')
  const seen: number[] = []
  served[0]?.on('data', (bytes: Buffer) => seen.push(bytes.length))
  assert.equal((await echo(socket, 'pieces')).join(''), 'pieces')
  assert.ok(seen.length > 1, `one piece of ${seen}`)
})

test('slow and late bytes arrive all the same', { timeout }, async (t) => {
  const { link } = await setup(t)
  const socket = await dial(t, link)
  await link.fault({ delayMs: 20, bytesPerSecond: 2_000 })
  assert.equal((await echo(socket, 'x'.repeat(300))).join(''), 'x'.repeat(300))
})

test('is silent towards one side only, and tells nobody', { timeout }, async (t) => {
  const { link, served } = await setup(t)
  const socket = await dial(t, link)
  await echo(socket, 'hello')
  const arrived = once(served[0] ?? assert.fail(), 'data')
  const answers: string[] = []
  socket.on('data', (bytes) => answers.push(bytes.toString()))
  await link.fault({ silentTowards: ['client'] })
  socket.write('are you there?')
  assert.equal(String((await arrived)[0]), 'are you there?')
  const [first] = served
  first?.end()
  await link.fault({ silentTowards: ['client', 'server'] })
  assert.deepEqual(answers, [])
  assert.equal(socket.readyState, 'open')
})

test('a connection that lost bytes is reset when the link is healed; a whole one goes on', { timeout }, async (t) => {
  const { link } = await setup(t)
  const [losing, whole] = [await dial(t, link), await dial(t, link)]
  await echo(whole, 'hello')
  await echo(losing, 'hello')
  const lost = new Promise<void>((resolve) => link.watch(() => resolve()))
  await link.fault({ silentTowards: ['server'] })
  losing.write('lost')
  await lost
  link.watch(null)
  const broken = breakOf(losing)
  await link.heal()
  assert.equal(await broken, 'ECONNRESET')
  assert.equal((await echo(whole, 'goes on')).join(''), 'goes on')
})

test('half-open: one side is reset, the other believes that all is well', { timeout }, async (t) => {
  const { link, served } = await setup(t)
  const socket = await dial(t, link)
  await echo(socket, 'hello')
  const [server = assert.fail()] = served
  const broken = breakOf(server)
  link.abandon('server')
  assert.equal(await broken, 'ECONNRESET')
  assert.equal(socket.readyState, 'open')
  socket.write('anybody?')
  assert.equal(link.connectionCount(), 1)
  const noticed = breakOf(socket)
  await link.heal()
  assert.equal(await noticed, 'ECONNRESET')
})

test('a fault switched on while bytes are looked at concerns these very bytes', { timeout }, async (t) => {
  const { link, served } = await setup(t)
  const socket = await dial(t, link)
  await echo(socket, 'hello')
  link.watch((towards, bytes) => {
    if (towards === 'client' && bytes.includes('commit')) link.cut()
  })
  const broken = breakOf(socket)
  const arrived = once(served[0] ?? assert.fail(), 'data')
  socket.write('commit')
  assert.equal(String((await arrived)[0]), 'commit')
  assert.equal(await broken, 'ECONNRESET')
  assert.equal(socket.bytesRead, 'hello'.length)
})
