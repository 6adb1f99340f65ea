/** Every change that somebody makes by the administration stands in the log of actions, in the transaction that makes it. */
import type { ActionKind, ActionLog } from '../issuing/action-log.js'
import type { Clock } from '../kernel/time.js'
import type { Caller } from './caller.js'
import type { Scope } from './scope.js'

interface Noted {
  kind: ActionKind
  /** Id of what was changed. */
  subject: string
  detail: Readonly<Record<string, unknown>>
}

export async function noteAction(
  { actions, clock }: { actions: ActionLog; clock: Clock },
  { tx }: Scope,
  { login }: Caller,
  noted: Noted,
): Promise<void> {
  await actions.append(tx, {
    ...noted,
    actor: login,
    ...{ reason: null, approver: null, at: clock.now(), key: null },
  })
}
