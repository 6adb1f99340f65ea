/**
 * A small AMQP 0-9-1 broker in the process, for the demo and for tests on machines without RabbitMQ.
 *
 * Knows: the part of the protocol and of RabbitMQ's behaviour that this product uses; `../testing/behaviour.ts` proves on
 * both that they agree. Must not know: orders, results, the adapter's own code.
 * Cannot show: disk, clusters, memory alarms, flow control; everything is in memory and gone with the process. Of queue
 * arguments it heeds dead-letter exchange, delivery limit and a full queue that rejects; others are only compared.
 */
import { once } from 'node:events'
import { createServer } from 'node:net'
import { Session } from './session.js'
import { Refusal, VirtualHost } from './virtual-host.js'

export interface DevBroker {
  url: string
  port: number
  close(): Promise<void>
  /** Ends all connections as an operator's forced close does; new ones are welcome. */
  dropConnections(): void
  /** Lets all present links die without a word; new ones are welcome. */
  goSilent(): void
  /** Tells all present clients that publishing is blocked for a reason, or, by null, no more. */
  setBlocked(reason: string | null): void
}

export async function startDevBroker(options: { port?: number } = {}): Promise<DevBroker> {
  const host = new VirtualHost()
  const sessions = new Set<Session>()
  const server = createServer((socket) => {
    const session = new Session(socket, host)
    sessions.add(session)
    socket.on('close', () => sessions.delete(session))
  })
  server.listen(options.port ?? 0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the dev broker has no port')
  return {
    url: `amqp://guest:guest@127.0.0.1:${address.port}`,
    port: address.port,
    close: async () => {
      const closed = once(server, 'close')
      server.close()
      for (const session of sessions) session.destroy()
      await closed
    },
    dropConnections: () => {
      for (const session of sessions) session.refuse(new Refusal(320, 'CONNECTION_FORCED - dropped on request'))
    },
    goSilent: () => {
      for (const session of sessions) session.goSilent()
    },
    setBlocked: (reason) => {
      for (const session of sessions) session.setBlocked(reason)
    },
  }
}
