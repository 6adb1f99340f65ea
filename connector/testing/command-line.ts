/** Runs the command line inside the test's own process, with an environment of its own and its words written down. */
import { EventEmitter } from 'node:events'
import { readFileSync } from 'node:fs'
import { runCli } from '../app/cli/program.js'
import type { ExitCode } from '../app/cli/verbs.js'

export interface CommandLine {
  run(...args: string[]): Promise<ExitCode>
  /** What was printed and complained so far. */
  out: string[]
  err: string[]
  signals: EventEmitter
  /** Resolves with the first printed line that matches. */
  waitForLine(pattern: RegExp): Promise<string>
}

export function makeCommandLine(env: Record<string, string> = {}): CommandLine {
  const out: string[] = []
  const err: string[] = []
  const signals = new EventEmitter()
  const printed = new EventEmitter()
  const context = {
    source: { env, readTextFile: (path: string) => readFileSync(path, 'utf8'), listInterfaces: () => ({}) },
    print: (line: string) => {
      out.push(line)
      printed.emit('line', line)
    },
    complain: (line: string) => {
      err.push(line)
    },
    signals,
    exitNow: (code: number) => {
      throw new Error(`left with ${code}`)
    },
  }
  return {
    run: (...args) => runCli(args, context),
    out,
    err,
    signals,
    waitForLine: (pattern) =>
      new Promise((resolve) => {
        const listener = (line: string) => {
          if (!pattern.test(line)) return
          printed.off('line', listener)
          resolve(line)
        }
        printed.on('line', listener)
        out.forEach(listener)
      }),
  }
}
