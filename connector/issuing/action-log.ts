/**
 * What people did by hand, written in the transaction that does it: who, what, about what, why, and who agreed (I15).
 * Entries are added and never changed; each one is chained to the one before, so that a change or a loss shows.
 */
import type { Instant } from '../kernel/time.js'
import type { Tx } from './transaction.js'

/** Everything that people may do by hand; a closed list, so that a reader of the log meets no kind he cannot look up. */
const ACTION_KINDS = {
  'doubt.propose': 'somebody proposed to end an invoice in doubt by hand; the subject is its number',
  'doubt.close': 'an invoice in doubt was ended by hand, with the approval of a second person',
  'restore.declare': 'somebody said that the database is an older copy of itself',
  'restore.propose': 'somebody proposed to let a unit issue again after a restore; the subject is its tax number',
  'restore.release': 'a unit issues again after a restore, with the approval of a second person',
  'restore.exclude': 'orders were kept from being issued after a restore; the detail has their keys',
  'letters.hold':
    'letters were kept waiting until somebody releases them; the subject is the filter, the detail has their ids',
  'letters.release': 'letters went back into the intake; subject and detail as above',
  'results.replay':
    'results were sent again, under their own ids; the subject is the filter, the detail has the counts',
  'callbacks.enable': 'a callback endpoint was switched on again; the subject is its business type',
  'organizations.create': 'an organisation was created; the subject is its id',
  'organizations.change': 'an organisation was renamed or became one of another kind; the detail has both',
  'organizations.delete': 'an organisation was deleted; the detail has what it was',
  'users.create': 'a user was created; the subject is his id, here and below',
  'users.change': 'a user has another name, or may or may not see the metrics; the detail has both',
  'users.enable': 'a user may sign in again',
  'users.disable': 'a user may no longer sign in, and his sessions ended',
  'users.administrator': 'a user became an administrator, or is one no longer',
  'users.reset-password': 'somebody gave a user another password',
  'users.own-password': 'a user changed his own password',
  'roles.create': 'a role was created; the subject is its id, here and below',
  'roles.change': 'a role allows something else, or elsewhere; the detail has both',
  'roles.delete': 'a role that nobody had was deleted; the detail has what it was',
  'roles.assign': 'a role was given to users and taken from others; the detail has their ids',
  'roles.share': 'a role may be seen and assigned by others; the detail says by whom',
  'letters.discard': 'letters were ended without becoming orders or invoices; subject and detail as above',
} as const

export type ActionKind = keyof typeof ACTION_KINDS

export interface NewAction {
  kind: ActionKind
  /** Who acts; never empty. */
  actor: string
  /** What it is about, in the words of `kind`. */
  subject: string
  /** null for an ordinary change, which needs none. */
  reason: string | null
  /** Who agreed, where a second person must; never the actor. */
  approver: string | null
  /** What a later reader needs beside it; no secrets, no payloads. */
  detail: Readonly<Record<string, unknown>>
  at: Instant
  /** Under one key an action is written once, however often it is asked for; null when every call is another action. */
  key: string | null
}

export interface ActionLog {
  /** Adds an entry at the end of the chain. `isNew` false: there was one under this key, which stays as it was. */
  append(tx: Tx, action: NewAction): Promise<{ id: bigint; isNew: boolean }>
}
