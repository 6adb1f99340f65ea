import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { UserId } from '../../../connector/access/caller.js'
import { proveSignIn } from '../../../connector/testing/conformance/sign-in.js'
import { withSchema } from '../../../connector/testing/database.js'
import { randomIds } from '../../system/ids.js'
import { makeSignInStore } from './sign-in-store.js'

describe('users and sessions in PostgreSQL', () => {
  proveSignIn(async (t) => {
    const { pool } = await withSchema(t)
    return {
      store: makeSignInStore(pool),
      newId: randomIds.uuid,
      async disable(login) {
        await pool.query('update users set is_enabled = false where login = $1', [login])
      },
    }
  })
})

test('a role reaches as far as its scope says: own, own and below, or those it names', async (t) => {
  const { pool } = await withSchema(t)
  const store = makeSignInStore(pool)
  await pool.query(`
    insert into organizations (id, parent_id, kind, name)
      select '00000000-0000-7000-8000-000000000001', id, 'subsidiary', '北方公司' from organizations;
    insert into organizations (id, parent_id, kind, name) values
      ('00000000-0000-7000-8000-000000000002', '00000000-0000-7000-8000-000000000001', 'branch', '一分部'),
      ('00000000-0000-7000-8000-000000000003', '00000000-0000-7000-8000-000000000002', 'department', '财务部');
    insert into organizations (id, parent_id, kind, name)
      select '00000000-0000-7000-8000-000000000009', id, 'subsidiary', '南方公司' from organizations where parent_id is null;
    insert into users (id, organization_id, login, name, password_hash) values
      ('00000000-0000-7000-8000-00000000000a', '00000000-0000-7000-8000-000000000001', 'clerk', '职员', 'h');
    insert into roles (id, name, permissions, scope) values
      ('00000000-0000-7000-8000-0000000000b1', '本组织', '{users.read}', 'own'),
      ('00000000-0000-7000-8000-0000000000b2', '本组织及下级', '{organizations.read,retired.permission}', 'own_and_below'),
      ('00000000-0000-7000-8000-0000000000b3', '自定义', '{roles.read}', 'custom');
    insert into role_organizations values ('00000000-0000-7000-8000-0000000000b3', '00000000-0000-7000-8000-000000000009');
    insert into user_roles select '00000000-0000-7000-8000-00000000000a', id from roles`)
  const userId = '00000000-0000-7000-8000-00000000000a' as UserId
  const tokens = { accessHash: 'a', accessMs: 60_000, refreshHash: 'r', refreshMs: 60_000 }
  await store.openSession({ ...tokens, id: randomIds.uuid(), userId, passwordHash: 'h' })

  const caller = await store.findCaller('a')

  const grants = (caller?.grants ?? []).map(({ permissions, organizationIds }) => [
    permissions.join(),
    organizationIds
      .map((id) => id.slice(-1))
      .sort()
      .join(''),
  ])
  assert.deepEqual(grants.sort(), [
    ['organizations.read', '123'],
    ['roles.read', '9'],
    ['users.read', '1'],
  ])
  assert.equal(caller?.isAdministrator, false)
})
