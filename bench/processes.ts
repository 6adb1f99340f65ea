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
  /** Resolves when it is gone and all it said was read: by which signal, or with which exit code. */
  gone: Promise<NodeJS.Signals | number>
  /** The latest lines that it said. */
  lastLines(): readonly string[]
  /** SIGTERM; its exit code, null when a signal ended it. */
  stop(): Promise<number | null>
  kill(): Promise<number | null>
  /** SIGSTOP: nothing of it runs until `goOn`. */
  pause(): void
  goOn(): void
}

/** Lines of a child that are remembered. */
const LINE_COUNT_MAX = 200

/** `hear`: every line that it says. */
export function startChild(
  name: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  hear: (line: string) => void = () => undefined,
): Child {
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const lines: string[] = []
  const waiting = new Set<(line: string) => void>()
  const gone = new Promise<NodeJS.Signals | number>((resolve) => {
    child.once('close', (code, signal) => resolve(signal ?? code ?? 0))
  })
  const onLine = (line: string) => {
    hear(line)
    lines.push(line)
    if (lines.length > LINE_COUNT_MAX) lines.shift()
    for (const listener of waiting) listener(line)
  }
  splitLines(child.stdout, onLine)
  splitLines(child.stderr, onLine)
  const pid = child.pid
  if (pid === undefined) throw new Error(`${name} could not be started`)
  return {
    pid,
    waitForLine: (pattern) => waitForLine(name, child, lines, waiting, pattern),
    gone,
    lastLines: () => lines,
    stop: () => end(child, gone, 'SIGTERM'),
    kill: () => end(child, gone, 'SIGKILL'),
    pause: () => child.kill('SIGSTOP'),
    goOn: () => child.kill('SIGCONT'),
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

async function end(child: ChildProcess, gone: Promise<unknown>, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) child.kill(signal)
  await gone
  return child.exitCode
}
