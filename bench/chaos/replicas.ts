/** Connectors of a chaos run: production processes, each with links of its own to the database and the broker. */
import { appendFileSync } from 'node:fs'
import { type Link, startLink } from '../../connector/testing/link.js'
import { type Child, startChild } from '../processes.js'
import { freePort } from './free-port.js'

const MAIN = 'dist/connector/app/main.js'
const READY_MS_MAX = 2_000

export interface Replica {
  name: string
  databaseLink: Link
  brokerLink: Link
  pid(): number
  start(): Promise<void>
  kill(): Promise<void>
  /** SIGTERM; its exit code. */
  stop(): Promise<number | null>
  pause(): void
  goOn(): void
  isReady(): Promise<boolean>
  /** Links included. */
  close(): Promise<void>
}

export interface Place {
  env: NodeJS.ProcessEnv
  databaseUrl: string
  brokerUrl: string
  logFolder: string
}

export async function makeReplica(name: string, place: Place): Promise<Replica> {
  const databaseLink = await startLink(place.databaseUrl)
  const brokerLink = await startLink(place.brokerUrl)
  const port = await freePort()
  const env = { ...place.env, PORT: String(port), DATABASE_URL: databaseLink.url, AMQP_URL: brokerLink.url }
  let child: Child | null = null
  const running = () => {
    if (child === null) throw new Error(`${name} does not run`)
    return child
  }
  return {
    name,
    databaseLink,
    brokerLink,
    pid: () => running().pid,
    async start() {
      const log = (line: string) => appendFileSync(`${place.logFolder}/${name}.log`, `${line}\n`)
      // It may not reach what it needs just now: whoever keeps it running starts it until it does.
      for (;;) {
        child = startChild(name, [MAIN, 'start'], env, log)
        const started = await child.waitForLine(/connector\.started/).catch(() => null)
        if (started !== null) return
        await child.kill()
      }
    },
    async kill() {
      await child?.kill()
    },
    stop: () => running().stop(),
    pause: () => running().pause(),
    goOn: () => running().goOn(),
    async isReady() {
      try {
        const response = await fetch(`http://127.0.0.1:${port}/readyz`, { signal: AbortSignal.timeout(READY_MS_MAX) })
        await response.arrayBuffer()
        return response.status === 200
      } catch {
        // It does not answer: that is what was asked.
        return false
      }
    },
    async close() {
      await child?.kill()
      await databaseLink.close()
      await brokerLink.close()
    },
  }
}
