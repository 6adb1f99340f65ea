/** A TCP relay before a broker, to do to its links what networks do: cut them, silence them, hold the answers back. */
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

const DEFAULT_PORT = 5672

export interface Relay {
  url: string
  /** Resets all present links. */
  cut(): void
  /** What the broker sends is kept back until `release`. */
  holdAnswers(): void
  release(): void
  close(): Promise<void>
}

export async function startRelay(brokerUrl: string): Promise<Relay> {
  const target = new URL(brokerUrl)
  const links = new Set<{ near: Socket; far: Socket }>()
  const server = createServer((near) => {
    const far = connect(Number(target.port || DEFAULT_PORT), target.hostname).setNoDelay(true)
    const link = { near: near.setNoDelay(true), far }
    links.add(link)
    near.on('data', (bytes) => far.write(bytes))
    far.on('data', (bytes) => near.write(bytes))
    for (const socket of [near, far]) {
      socket.on('error', () => socket.destroy())
      socket.on('close', () => {
        links.delete(link)
        near.destroy()
        far.destroy()
      })
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the relay has no port')
  const url = new URL(brokerUrl)
  url.hostname = '127.0.0.1'
  url.port = String(address.port)
  return {
    url: url.href,
    cut: () => {
      for (const { near } of links) near.resetAndDestroy()
    },
    holdAnswers: () => {
      for (const { far } of links) far.pause()
    },
    release: () => {
      for (const { far } of links) far.resume()
    },
    close: async () => {
      const closed = once(server, 'close')
      server.close()
      for (const { near } of links) near.destroy()
      await closed
    },
  }
}
