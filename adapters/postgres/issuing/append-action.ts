/** Adds an entry to the log of actions. The table chains it itself (`chain_action`); here it only is written once. */
import type { NewAction } from '../../../connector/issuing/action-log.js'
import type { Tx } from '../../../connector/issuing/transaction.js'
import { assert } from '../../../connector/kernel/never.js'
import { clientOf } from '../database.js'
import { run, type Statement, toJson, toTimestamp } from '../statement.js'

/** Before the key is looked up: of two that ask under one key the second must see the entry of the first. */
const LOCK_END: Statement = { name: 'actions.lock_end', text: 'select last_id from action_chain for update' }

const APPEND_ACTION: Statement = {
  name: 'actions.append',
  text: `
    with known as materialized (
      select id from actions where key = $1
    ), added as (
      insert into actions (key, at, actor, kind, subject, reason, approver, detail)
      select $1, $2, $3, $4, $5, $6, $7, $8 where not exists (select from known)
      returning id
    )
    select id, true as is_new from added union all select id, false from known`,
}

export async function appendAction(tx: Tx, action: NewAction): Promise<{ id: bigint; isNew: boolean }> {
  const client = clientOf(tx)
  const { key, at, actor, kind, subject, reason, approver, detail } = action
  const values = [key, toTimestamp(at), actor, kind, subject, reason, approver, toJson(detail)]
  const [, [entry]] = await Promise.all([
    run(client, LOCK_END, []),
    run<{ id: string; is_new: boolean }>(client, APPEND_ACTION, values),
  ])
  assert(entry !== undefined, 'an action was neither added nor known')
  return { id: BigInt(entry.id), isNew: entry.is_new }
}
