/** A receiver of callbacks for tests: keeps what it got, answers as it is told, and verifies as a customer would. */
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface ReceivedCallback {
  headers: Record<string, string>
  body: string
}

export interface Receiver {
  /** `127.0.0.1:port`, as LEQI_CALLBACK_HOSTS names it. */
  host: string
  received: readonly ReceivedCallback[]
  /** The status of each answer from now on; null: never answers. */
  answer: (status: (callback: ReceivedCallback) => number | null) => void
  close(): Promise<void>
}

export async function startReceiver(): Promise<Receiver> {
  const received: ReceivedCallback[] = []
  let statusOf: (callback: ReceivedCallback) => number | null = () => 204
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const callback = { headers: toTexts(request.headers), body: Buffer.concat(chunks).toString() }
    received.push(callback)
    const status = statusOf(callback)
    if (status !== null) response.writeHead(status).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // A TCP server's address is no pipe name.
  const { port } = server.address() as AddressInfo
  return {
    host: `127.0.0.1:${port}`,
    received,
    answer: (status) => {
      statusOf = status
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

function toTexts(headers: IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))
}
