/**
 * A TCP link between a client and a server, to do to it what networks do. Knows bytes only, so the same link stands
 * before PostgreSQL, RabbitMQ or a bureau; each fault can be switched while connections are open.
 *
 *   refuses            new connections get ECONNREFUSED: nothing listens
 *   delayMs            what arrives is held back that long, in each direction
 *   bytesPerSecond     what passes is that slow
 *   fragmentByteCount  what passes is cut into pieces of that size
 *   silentTowards      bytes and farewells in that direction vanish, and nobody is told; the connection stays
 *
 *   cut()              present connections are reset, on both sides
 *   abandon(side)      half-open: that side's end is reset, the other side believes that all is well
 *
 * A connection that lost bytes is reset when the link is healed, as by a router that has forgotten it: a stream with a
 * hole in it never goes on.
 */
import { once, setMaxListeners } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises'

type Side = 'server' | 'client'

interface LinkFaults {
  refuses: boolean
  delayMs: number
  bytesPerSecond: number
  fragmentByteCount: number
  silentTowards: readonly Side[]
}

export interface Link {
  /** The server's address with the link in between. */
  url: string
  /** Present connections, silent and half-open ones, too. */
  connectionCount(): number
  /** Changes the named faults from now on. */
  fault(changes: Partial<LinkFaults>): Promise<void>
  /** No fault any more. */
  heal(): Promise<void>
  cut(): void
  abandon(side: Side): void
  /**
   * Shows all bytes before they pass, so that a test can switch a fault on at an exact word; `cut` resets their connection
   * alone. null ends it.
   */
  watch(look: Look | null): void
  close(): Promise<void>
}

type Look = (towards: Side, bytes: Buffer, connection: { id: number; cut(): void }) => void

const HEALTHY: LinkFaults = {
  refuses: false,
  delayMs: 0,
  bytesPerSecond: Number.POSITIVE_INFINITY,
  fragmentByteCount: Number.POSITIVE_INFINITY,
  silentTowards: [],
}
/** Pieces a second of a throttled stream. */
const THROTTLED_PIECES_PER_SECOND = 20
const DEFAULT_PORTS: Record<string, number> = { 'postgres:': 5432, 'postgresql:': 5432, 'amqp:': 5672, 'http:': 80 }

/** One connection: its two ends, named by whom each is connected to. */
interface Wire {
  id: number
  client: Socket
  server: Socket
  /** Nothing passes any more, in neither direction, not even a farewell. */
  isForsaken: boolean
  hasLostBytes: boolean
  ended: Promise<unknown>
}

/** Starts a link to the server that `url` names by host and port. */
export async function startLink(url: string): Promise<Link> {
  const target = new URL(url)
  const targetPort = Number(target.port || DEFAULT_PORTS[target.protocol])
  const wires = new Set<Wire>()
  const closing = new AbortController()
  // One listener for each piece that is held back.
  setMaxListeners(0, closing.signal)
  let faults = HEALTHY
  let look: Look | null = null
  let wireCount = 0

  function accept(client: Socket): void {
    const server = connect({ port: targetPort, host: target.hostname, allowHalfOpen: true })
    const ended = Promise.all([client, server].map((socket) => closed(socket.setNoDelay(true))))
    wireCount += 1
    const wire: Wire = { id: wireCount, client, server, isForsaken: false, hasLostBytes: false, ended }
    wires.add(wire)
    // A break is told by the stream that is being read; unheard it would end the process.
    for (const socket of [client, server]) socket.on('error', () => undefined)
    void Promise.allSettled([ended, carry(wire, 'server'), carry(wire, 'client')]).then(() => wires.delete(wire))
  }

  /** Everything that comes from one end, until its farewell or its break, which are passed on as well. */
  async function carry(wire: Wire, towards: Side): Promise<void> {
    const from = towards === 'server' ? wire.client : wire.server
    try {
      for await (const bytes of from.iterator({ destroyOnReturn: false })) await pass(wire, towards, bytes)
      if (!isSilent(wire, towards)) wire[towards].end()
    } catch {
      if (!isSilent(wire, towards)) resetOne(wire[towards])
    }
  }

  async function pass(wire: Wire, towards: Side, bytes: Buffer): Promise<void> {
    look?.(towards, bytes, { id: wire.id, cut: () => reset(wire) })
    if (faults.delayMs > 0) await rest(faults.delayMs)
    for (let from = 0; from < bytes.length; ) {
      if (isSilent(wire, towards)) {
        wire.hasLostBytes = true
        return
      }
      const piece = bytes.subarray(from, from + pieceByteCount(faults))
      from += piece.length
      await write(wire[towards], piece)
      // A turn for the reader, too, who would otherwise find the pieces joined.
      if (from < bytes.length) await rest((piece.length / faults.bytesPerSecond) * 1_000)
    }
  }

  async function rest(ms: number): Promise<void> {
    await (ms > 0 ? pause(ms, undefined, { signal: closing.signal }) : turn())
  }

  function isSilent(wire: Wire, towards: Side): boolean {
    return wire.isForsaken || faults.silentTowards.includes(towards)
  }

  let listener: Server | null = await listen(accept, 0)
  const port = portOf(listener)

  async function fault(changes: Partial<LinkFaults>): Promise<void> {
    faults = { ...faults, ...changes }
    if (faults.refuses) {
      // Stops listening at once; what is connected stays.
      listener?.close()
      listener = null
    } else {
      listener ??= await listen(accept, port)
    }
  }

  const near = new URL(url)
  near.hostname = '127.0.0.1'
  near.port = String(port)
  return {
    url: near.href,
    connectionCount: () => wires.size,
    fault,
    heal: async () => {
      await fault(HEALTHY)
      for (const wire of wires) if (wire.hasLostBytes) reset(wire)
    },
    cut: () => {
      for (const wire of wires) reset(wire)
    },
    abandon: (side) => {
      for (const wire of wires) {
        wire.isForsaken = true
        wire.hasLostBytes = true
        resetOne(wire[side])
      }
    },
    watch: (newLook) => {
      look = newLook
    },
    close: async () => {
      closing.abort()
      listener?.close()
      for (const wire of wires) reset(wire)
      await Promise.all([...wires].map((wire) => wire.ended))
    },
  }
}

function reset({ client, server }: Wire): void {
  for (const socket of [client, server]) resetOne(socket)
}

/** However it ends. */
function closed(socket: Socket): Promise<unknown> {
  return new Promise((resolve) => socket.once('close', resolve))
}

/** One that has begun to say farewell cannot be reset any more (libuv: EINVAL, and it would stay open for ever). */
function resetOne(socket: Socket): void {
  if (socket.writableEnded) socket.destroy()
  else socket.resetAndDestroy()
}

function pieceByteCount({ fragmentByteCount, bytesPerSecond }: LinkFaults): number {
  return Math.max(1, Math.floor(Math.min(fragmentByteCount, bytesPerSecond / THROTTLED_PIECES_PER_SECOND)))
}

function write(socket: Socket, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.write(bytes, (error) => (error ? reject(error) : resolve()))
  })
}

async function listen(accept: (socket: Socket) => void, port: number): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, accept).listen(port, '127.0.0.1')
  await once(server, 'listening')
  return server
}

function portOf(server: Server): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the link has no port')
  return address.port
}
