/**
 * What every verb of the command line is given and gives back. A verb is one file with one function; it is imported
 * when it is called, so that `--help` is quick and a broken adapter breaks only the verbs that use it.
 */
import type { ConfigSource } from '../config.js'
import type { SignalSource } from '../lifecycle.js'

/** 0: all is well · 1: something wrong was found · 2: it could not run. */
export type ExitCode = 0 | 1 | 2

export interface VerbContext {
  source: ConfigSource
  /** A line of the answer, to standard output. */
  print(line: string): void
  /** A line about what is wrong, to standard error. */
  complain(line: string): void
  signals: SignalSource
  /** Leaves at once; only a second signal does. */
  exitNow(code: number): void
}

/** A verb that ends early with a reason for people. */
export class VerbRefused extends Error {
  override name = 'VerbRefused'
  readonly exitCode: 1 | 2
  readonly messageEn: string

  constructor(exitCode: 1 | 2, message: string, messageEn: string) {
    super(message)
    this.exitCode = exitCode
    this.messageEn = messageEn
  }
}

/** What a verb that is announced and not there yet ends with. */
export function refuseUnbuilt(verb: string): never {
  throw new VerbRefused(2, `${verb} 尚未实现`, `${verb} is not built yet`)
}
