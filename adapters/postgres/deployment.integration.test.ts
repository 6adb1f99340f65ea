import assert from 'node:assert/strict'
import { test } from 'node:test'
import { v7 } from 'uuid'
import { withSchema } from '../../connector/testing/database.js'
import { claimDeployment, loadDeployment } from './deployment.js'

test('replicas of one deployment share a schema; another deployment or another key is refused', async (t) => {
  const { store } = await withSchema(t)
  const id = v7()
  const claim = (owner: string, key: string) => store.database.transaction((tx) => claimDeployment(tx, owner, key))
  const before = await store.database.transaction(loadDeployment)

  await Promise.all([claim(id, 'check'), claim(id, 'check')])

  assert.equal(before, null)
  await assert.rejects(claim(v7(), 'check'), { code: 'STO-other-deployment', messageEn: /LEQI_DB_SCHEMA/ })
  await assert.rejects(claim(id, 'other'), { code: 'STO-other-key', messageEn: /LEQI_MASTER_KEY/ })
  assert.deepEqual(await store.database.transaction(loadDeployment), { id, keyCheck: 'check' })
})
