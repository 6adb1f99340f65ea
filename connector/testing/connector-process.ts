/** The connector as a real process, to be killed without warning: nothing of it runs on, nothing of it is tidied up. */
import { resolve } from 'node:path'
import { type Child, startChild } from '../../bench/processes.js'

const MAIN = resolve(import.meta.dirname, '../app/main')

/** What the cleaning hangs on; hooks run in the order of their making, so make this one before the pipeline's. */
interface Owner {
  after: (clean: () => Promise<void>) => void
}

/** How Node runs a program of this house: from its source by a loader, or as the compiled file that lies beside this one. */
export function toProgram(path: string, ...args: readonly string[]): readonly string[] {
  const isSource = import.meta.filename.endsWith('.ts')
  return isSource ? ['--import', import.meta.resolve('tsx'), `${path}.ts`, ...args] : [`${path}.js`, ...args]
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
      child = startChild('connector', toProgram(MAIN, 'start'), own)
      await child.waitForLine(/connector\.started/)
    },
    kill: async () => void (await leave('kill')),
    stop: () => leave('stop'),
    pause: () => child?.pause(),
    goOn: () => child?.goOn(),
    pid: () => child?.pid ?? null,
  }
}
