import assert from 'node:assert/strict'
import { test } from 'node:test'
import { v7 } from 'uuid'
import { withSchema } from '../../connector/testing/database.js'
import { claimDeployment, loadDeployment } from './deployment.js'

test('the first start names the deployment; of two at once both find the same', async (t) => {
  const { store } = await withSchema(t)
  const claim = (key: string) => store.database.transaction('other', (tx) => claimDeployment(tx, v7(), key))
  const before = await store.database.transaction('other', loadDeployment)

  const [one, other] = await Promise.all([claim('one'), claim('other')])
  const later = await claim('later')

  assert.equal(before, null)
  assert.deepEqual(other, one)
  assert.deepEqual(later, one)
  assert.deepEqual(await store.database.transaction('other', loadDeployment), one)
})
