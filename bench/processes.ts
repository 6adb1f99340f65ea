/** Child processes of a benchmark: started, measured by the operating system's own accounting, ended. */
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** Clock ticks in a second, as /proc counts CPU time on Linux. */
const TICKS_PER_SECOND = 100
const START_TIMEOUT_MS = 60_000

export interface Child {
  pid: number
  /** The first line that matches, e.g. the one that tells an address. */
  waitForLine(pattern: RegExp): Promise<RegExpMatchArray>
  stop(): Promise<void>
  kill(): Promise<void>
}

export function startChild(name: string, args: readonly string[], env: NodeJS.ProcessEnv): Child {
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const lines: string[] = []
  const waiting = new Set<(line: string) => void>()
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const onLine = (line: string) => {
    lines.push(line)
    if (lines.length > 200) lines.shift()
    for (const listener of waiting) listener(line)
  }
  splitLines(child.stdout, onLine)
  splitLines(child.stderr, onLine)
  const pid = child.pid
  if (pid === undefined) throw new Error(`${name} could not be started`)
  return {
    pid,
    waitForLine: (pattern) => waitForLine(name, child, lines, waiting, pattern),
    stop: () => end(child, exited, 'SIGTERM'),
    kill: () => end(child, exited, 'SIGKILL'),
  }
}

/** Peak resident memory of a process in megabytes. */
export function readPeakRssMb(pid: number): number {
  const match = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return Math.round(Number(match?.[1] ?? 0) / 1024)
}

/** CPU time that a process has used so far, user and system, in milliseconds. */
export function readCpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND
}

function waitForLine(
  name: string,
  child: ChildProcess,
  lines: readonly string[],
  waiting: Set<(line: string) => void>,
  pattern: RegExp,
): Promise<RegExpMatchArray> {
  return new Promise((resolve, reject) => {
    const fail = (why: string) => {
      waiting.delete(listener)
      clearTimeout(timer)
      reject(new Error(`${name} ${why}:\n${lines.slice(-20).join('\n')}`))
    }
    const listener = (line: string) => {
      const match = pattern.exec(line)
      if (match === null) return
      waiting.delete(listener)
      clearTimeout(timer)
      resolve(match)
    }
    const timer = setTimeout(() => fail('said nothing of the kind in time'), START_TIMEOUT_MS)
    child.once('exit', () => fail('ended'))
    waiting.add(listener)
    for (const line of lines) listener(line)
  })
}

function splitLines(stream: NodeJS.ReadableStream, onLine: (line: string) => void): void {
  let rest = ''
  stream.setEncoding('utf8')
  stream.on('data', (chunk: string) => {
    const parts = (rest + chunk).split('\n')
    rest = parts.pop() ?? ''
    for (const line of parts) onLine(line)
  })
}

async function end(child: ChildProcess, exited: Promise<void>, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) child.kill(signal)
  await exited
}
