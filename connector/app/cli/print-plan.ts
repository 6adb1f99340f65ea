/** Findings and changes of a settings file as lines, one each, in the order of the file. */
import type { ConfigurationFinding } from '../configuration/findings.js'
import type { Change } from '../configuration/plan.js'

/** Characters of a value that are shown; a hash or a long text is known by its beginning. */
const VALUE_LENGTH_MAX = 40
/** Changes printed one by one; the rest is counted. */
const CHANGE_COUNT_MAX = 200

const MARKS = { create: '+', update: '~', delete: '-' } as const

export function printFinding(file: string, finding: ConfigurationFinding, kind: 'error' | 'warning'): string {
  const { line, column, code, path, message, messageEn } = finding
  return `${file}:${line}:${column} ${kind} ${code} ${path === '' ? '' : `${path}: `}${message} / ${messageEn}`
}

/** Sorted by place. */
export function sortFindings(findings: readonly ConfigurationFinding[]): ConfigurationFinding[] {
  return [...findings].sort((a, b) => a.line - b.line || a.column - b.column)
}

export function printChanges(changes: readonly Change[]): string[] {
  if (changes.length === 0) return ['无变化 / nothing to change']
  const shown = changes.slice(0, CHANGE_COUNT_MAX).map(printChange)
  const hiddenCount = changes.length - shown.length
  return [
    ...shown,
    ...(hiddenCount > 0 ? [`… ${hiddenCount} more`] : []),
    `${countOf(changes, 'create')} to create, ${countOf(changes, 'update')} to update, ${countOf(changes, 'delete')} to delete`,
  ]
}

function printChange({ action, section, key, fields }: Change): string {
  const details =
    action === 'update'
      ? fields.map(({ name, before, after }) => `${name}: ${show(before)} → ${show(after)}`).join('; ')
      : ''
  return `${MARKS[action]} ${section} ${key}${details === '' ? '' : `  ${details}`}`
}

function show(value: string | null): string {
  if (value === null) return '–'
  return value.length > VALUE_LENGTH_MAX ? `${value.slice(0, VALUE_LENGTH_MAX)}…` : value
}

function countOf(changes: readonly Change[], action: Change['action']): number {
  return changes.filter((change) => change.action === action).length
}
