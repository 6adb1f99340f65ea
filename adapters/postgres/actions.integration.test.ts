import assert from 'node:assert/strict'
import { test } from 'node:test'
import { anAction } from '../../connector/testing/conformance/actions.js'
import { withSchema } from '../../connector/testing/database.js'

test('nobody changes, deletes or empties the log of actions', async (t) => {
  const { store, pool } = await withSchema(t)
  await store.database.transaction('other', (tx) => store.actions.append(tx, anAction()))

  for (const statement of [
    "update actions set reason = 'another'",
    'delete from actions',
    'truncate actions',
    'delete from action_chain',
  ]) {
    await assert.rejects(pool.query(statement), /is append-only/, statement)
  }
})

test('an action needs a second person who is another one', async (t) => {
  const { store } = await withSchema(t)
  const approving = store.database.transaction('other', (tx) =>
    store.actions.append(tx, anAction({ actor: 'operator', approver: 'operator' })),
  )

  await assert.rejects(approving, /actions_check/)
})
