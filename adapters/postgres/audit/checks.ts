/**
 * The invariants as questions: each selects, as `example`, what breaks it. Views of the audit schema where the question
 * is one that outsiders ask as well, tables where it is about our own books.
 */
import { HISTORY_CHECKS } from './history-checks.js'
import { RESOURCE_CHECKS } from './resource-checks.js'
import { VERDICT_CHECKS } from './verdict-checks.js'

export type InvariantId =
  | 'I1'
  | 'I2'
  | 'I3'
  | 'I4'
  | 'I5'
  | 'I6'
  | 'I7'
  | 'I8'
  | 'I9'
  | 'I10'
  | 'I13'
  | 'I14'
  | 'I15'
  | 'I16'

export interface AuditCheck {
  invariant: InvariantId
  /** What is wrong with each example, in plain words. */
  what: string
  /** One column, `example`. `{audit}` stands for the schema of the views. */
  sql: string
}

export const AUDIT_CHECKS: readonly AuditCheck[] = [...VERDICT_CHECKS, ...RESOURCE_CHECKS, ...HISTORY_CHECKS]
