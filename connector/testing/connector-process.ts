/** The connector as a real process, to be killed without warning: nothing of it runs on, nothing of it is tidied up. */
import { resolve } from 'node:path'
import { type Child, startChild } from '../../bench/processes.js'

const MAIN = resolve(import.meta.dirname, '../app/main.ts')

/** What the cleaning hangs on; hooks run in the order of their making, so make this one before the pipeline's. */
interface Owner {
  after: (clean: () => Promise<void>) => void
}

export interface ConnectorProcess {
  /** Resolves when it has started. Errors: it ended instead, with its last lines. */
  start(env: Readonly<Record<string, string>>): Promise<void>
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>
  /** SIGTERM; resolves when it has drained and is gone, to its exit code. */
  stop(): Promise<number | null>
  /** SIGSTOP: it stands still, with all that it holds. */
  pause(): void
  /** SIGCONT. */
  goOn(): void
  pid(): number | null
}

export function makeConnectorProcess(owner: Owner): ConnectorProcess {
  let child: Child | null = null
  const leave = async (how: 'kill' | 'stop') => {
    const leaving = child
    child = null
    return (await leaving?.[how]()) ?? null
  }
  owner.after(async () => void (await leave('kill')))
  return {
    async start(env) {
      await leave('kill')
      // Nothing of the test runner's own environment, whose variables would make the child a test.
      const own = { PATH: process.env.PATH ?? '', ...env }
      child = startChild('connector', ['--import', import.meta.resolve('tsx'), MAIN, 'start'], own)
      await child.waitForLine(/connector\.started/)
    },
    kill: async () => void (await leave('kill')),
    stop: () => leave('stop'),
    pause: () => child?.pause(),
    goOn: () => child?.goOn(),
    pid: () => child?.pid ?? null,
  }
}
