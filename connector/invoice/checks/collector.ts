/** Runs checks over a document and keeps what they say. */
import { assert } from '../../kernel/never.js'
import type { Finding } from '../finding.js'
import type { Origins } from '../origins.js'
import { type CheckFacts, keyOf, type Report } from './check.js'
import { cureOf } from './cure.js'
import type { CheckPolicy } from './policy.js'

/** Longest message of a finding, in UTF-16 units; the longest prompt has some 350. */
const MESSAGE_LENGTH_MAX = 500

export interface Collector {
  readonly findings: Finding[]
  run<Subject>(checks: readonly Runnable<Subject>[], subject: Subject): void
}

/** A check as it is run. All have one shape: a call through the literals of the themes takes longer than most checks. */
interface Runnable<Subject> {
  facts: CheckFacts
  run: (subject: Subject, report: Report) => void
}

export function makeRunnable<Subject>(
  checks: readonly (CheckFacts & { run(subject: Subject, report: Report): void })[],
): readonly Runnable<Subject>[] {
  return checks.map((check) => ({ facts: check, run: check.run }))
}

/** One collector per document: a single report function serves all checks, because this is the hot path. */
export function makeCollector(origins: Origins, { disabled }: CheckPolicy): Collector {
  const findings: Finding[] = []
  let current: CheckFacts | null = null
  const report: Report = (path, message, messageEn, remedy) => {
    assert(current !== null, 'a check reports outside its run')
    const cure = remedy ?? cureOf(path, origins)
    const fault = { code: current.id, path, message: clip(message), messageEn: clip(messageEn), ...cure }
    findings.push({ check: current.id, reaction: reactionOf(current), fault })
  }
  return {
    findings,
    run(checks, subject) {
      const mayBeOff = disabled.size > 0
      for (const { facts, run } of checks) {
        if (mayBeOff && isOff(facts, disabled)) continue
        current = facts
        run(subject, report)
      }
    },
  }
}

/** A message repeats what was sent; what was sent may be of any length. */
function clip(message: string): string {
  return message.length <= MESSAGE_LENGTH_MAX ? message : `${message.slice(0, MESSAGE_LENGTH_MAX)}…`
}

/** Only a switchable check can be off; what the bureau's own text demands cannot be waived. */
function isOff(check: CheckFacts, disabled: CheckPolicy['disabled']): boolean {
  return check.isSwitchable === true && (disabled.has(check.id) || disabled.has(keyOf(check)))
}

/** A value that should have been filled or split and was not blocks: it must not be sent as it is. */
function reactionOf({ reaction }: CheckFacts): Finding['reaction'] {
  return reaction === 'warn' || reaction === 'park' ? reaction : 'block'
}
