import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Permission } from '../../connector/access/permissions.js'
import { openApi, type Person } from '../../connector/testing/api.js'
import { waitFor } from '../../connector/testing/wait-for.js'

const MANAGING = ['users.read', 'users.write', 'roles.read', 'roles.write'] as const
const PASSWORD = 'correct horse battery'

/** 总公司 ─┬─ 华东 ─── 上海
 *          └─ 华南 ; a manager of 华东 and below, another one of 华南, one clerk in each organisation. */
async function setUp(t: Parameters<typeof openApi>[0]) {
  const api = await openApi(t)
  const east = await api.addOrganization('华东')
  const shanghai = await api.addOrganization('上海', east)
  const south = await api.addOrganization('华南')
  const manager = await api.addPerson({ organizationId: east, permissions: MANAGING, scope: 'own_and_below' })
  const southern = await api.addPerson({ organizationId: south, permissions: MANAGING, scope: 'own_and_below' })
  const clerk = async (organizationId: string) =>
    api.addPerson({ organizationId, permissions: ['users.read'], scope: 'custom' })
  const clerks = { east: await clerk(east), shanghai: await clerk(shanghai), south: await clerk(south) }
  return { api, east, shanghai, south, manager, southern, clerks }
}

const told = ({ status, body }: { status: number; body: { code?: string } | null }) => [status, body?.code]

function create(
  by: Person,
  name: string,
  permissions: readonly Permission[],
  scope = 'own',
  organizationIds?: string[],
) {
  const body = { name, permissions, scope, ...(organizationIds === undefined ? {} : { organizationIds }) }
  return by.call({ method: 'POST', url: '/roles', body })
}

async function idOf(answer: Promise<{ status: number; body: { id: string } }>): Promise<string> {
  const { status, body } = await answer
  assert.equal(status, 201, JSON.stringify(body))
  return body.id
}

const assign = (by: Person, roleId: string, userIds: readonly string[]) =>
  by.call({ method: 'PUT', url: `/roles/${roleId}/users`, body: { userIds } })

async function share(by: Person, roleId: string, body: object) {
  const { headers } = await by.call({ url: `/roles/${roleId}` })
  return by.call({
    ...{ method: 'PUT', url: `/roles/${roleId}/sharing`, body },
    headers: { 'if-match': String(headers.etag ?? '"1"') },
  })
}

const change = (by: Person, roleId: string, etag: string, body: object) =>
  by.call({ method: 'PUT', url: `/roles/${roleId}`, headers: { 'if-match': etag }, body })

const namesOf = async (by: Person, query = 'pageSize=200') =>
  (await by.call({ url: `/roles?${query}` })).body.items
    .map(({ name }: { name: string }) => name)
    .filter((name: string) => name.length < 36)
    .sort()

const usersSeenBy = async (person: Person) => {
  const { status, body } = await person.call({ url: '/users?pageSize=200' })
  return status === 200 ? body.items.map(({ id }: { id: string }) => id) : status
}

describe('roles', { concurrency: true }, () => {
  test('one permission reaches its own organisation, those below, or the named ones, as the role says', async (t) => {
    const { api, south, manager, clerks } = await setUp(t)
    const { administrator } = api
    const everybody = [manager.id, clerks.east.id, clerks.shanghai.id].sort()
    const seenWith = async (name: string, scope: string, organizationIds?: string[]) => {
      const roleId = await idOf(create(administrator, name, ['users.read'], scope, organizationIds))
      assert.equal((await assign(administrator, roleId, [clerks.east.id])).status, 200)
      const seen = await usersSeenBy(clerks.east)
      await assign(administrator, roleId, [])
      return Array.isArray(seen) ? seen.sort() : seen
    }
    assert.deepEqual(await seenWith('本组织', 'own'), [manager.id, clerks.east.id].sort())
    assert.deepEqual(await seenWith('本组织及下级', 'own_and_below'), everybody)
    const custom = await seenWith('自定义', 'custom', [south])
    assert.ok(custom.includes(clerks.south.id) && !custom.includes(clerks.east.id))
    // Taken away, it counts from the next request on.
    assert.equal(await usersSeenBy(clerks.east), 403)
  })

  test('a role is created, changed for all who have it, and deleted when nobody has it', async (t) => {
    const { api, shanghai, manager, clerks } = await setUp(t)
    const roleId = await idOf(create(manager, '分公司查看', ['users.read'], 'own_and_below'))
    assert.deepEqual((await assign(manager, roleId, [clerks.shanghai.id])).body, { added: 1, removed: 0 })
    assert.deepEqual(await usersSeenBy(clerks.shanghai), [clerks.shanghai.id])

    const other = { name: '分公司角色查看', permissions: ['roles.read'], scope: 'custom', organizationIds: [shanghai] }
    assert.equal((await manager.call({ method: 'PUT', url: `/roles/${roleId}`, body: other })).status, 428)
    const changed = await change(manager, roleId, '"1"', other)
    assert.deepEqual([changed.status, changed.headers.etag, changed.body.organizationIds], [200, '"2"', [shanghai]])
    assert.deepEqual(told(await change(manager, roleId, '"1"', other)), [412, 'API-stale'])
    assert.equal(await usersSeenBy(clerks.shanghai), 403)

    const drop = (etag: string) =>
      manager.call({ method: 'DELETE', url: `/roles/${roleId}`, headers: { 'if-match': etag } })
    const refused = await drop('"2"')
    assert.deepEqual(told(refused), [409, 'ROL-in-use'])
    assert.match(refused.body.messageEn, /^1 users/)
    await assign(manager, roleId, [])
    assert.deepEqual(told(await drop('"1"')), [412, 'API-stale'])
    assert.equal((await drop('"2"')).status, 204)
    assert.deepEqual(told(await manager.call({ url: `/roles/${roleId}` })), [404, 'API-not-found'])
    const { rows } = await api.pool.query('select kind, actor from actions where subject = $1 order by id', [roleId])
    assert.deepEqual(
      rows.map(({ kind }) => kind),
      ['create', 'assign', 'change', 'assign', 'delete'].map((what) => `roles.${what}`),
    )
    assert.ok(rows.every(({ actor }) => actor === manager.login))
  })

  test('a manager sees his own roles and those shared with him; only administrators share', async (t) => {
    const { api, manager, southern } = await setUp(t)
    const { administrator } = api
    await create(manager, '华东的', ['users.read'])
    const roleId = await idOf(create(administrator, '总部的', ['users.read']))
    assert.deepEqual([await namesOf(manager), await namesOf(southern)], [['华东的'], []])
    assert.deepEqual(await namesOf(administrator), ['华东的', '总部的'].sort())
    assert.deepEqual(told(await assign(manager, roleId, [])), [404, 'API-not-found'])

    await share(administrator, roleId, { with: 'chosen', userIds: [southern.id] })
    assert.deepEqual([await namesOf(manager), await namesOf(southern)], [['华东的'], ['总部的']])
    const seen = await southern.call({ url: `/roles/${roleId}` })
    assert.deepEqual(seen.body.sharing, { with: 'chosen', userIds: [southern.id] })
    await share(administrator, roleId, { with: 'all' })
    assert.deepEqual(await namesOf(manager), ['华东的', '总部的'].sort())
    assert.deepEqual(await namesOf(manager, 'name=部'), ['总部的'])
    assert.deepEqual(await namesOf(manager, 'name=%25'), [])

    // Whoever sees it does not own it.
    const body = { name: '我的', permissions: ['users.read'], scope: 'own' }
    assert.deepEqual(told(await change(manager, roleId, '"3"', body)), [403, 'ROL-owner'])
    const dropped = await manager.call({ method: 'DELETE', url: `/roles/${roleId}`, headers: { 'if-match': '"3"' } })
    assert.deepEqual(told(dropped), [403, 'ROL-owner'])
    assert.deepEqual(told(await share(manager, roleId, { with: 'nobody' })), [403, 'ROL-owner'])
    await share(administrator, roleId, { with: 'nobody' })
    assert.deepEqual(await namesOf(manager), ['华东的'])
    const stranger = { with: 'chosen', userIds: ['0199b7a0-0000-7000-8000-000000000001'] }
    assert.deepEqual(told(await share(administrator, roleId, stranger)), [404, 'API-not-found'])
    assert.deepEqual(api.errors, [])
  })

  test('nobody creates a role beyond his own rights, nor makes one such afterwards', async (t) => {
    const { api, south, shanghai, manager, clerks } = await setUp(t)
    const refused = await create(manager, '组织管理', ['users.read', 'organizations.write'])
    assert.deepEqual(told(refused), [403, 'ROL-beyond-own'])
    assert.match(refused.body.messageEn, /organizations\.write/)
    assert.ok(!refused.body.messageEn.includes('users.read'))
    assert.deepEqual(told(await create(manager, '华南', ['users.read'], 'custom', [shanghai, south])), [
      403,
      'ROL-beyond-own',
    ])
    const roleId = await idOf(create(manager, '上海', ['users.read'], 'custom', [shanghai]))
    const given = { name: '上海', permissions: ['users.read'], scope: 'custom', organizationIds: [shanghai] }
    for (const attempt of [
      { ...given, permissions: ['users.read', 'organizations.read'] },
      { ...given, organizationIds: [shanghai, south] },
    ]) {
      assert.deepEqual(told(await change(manager, roleId, '"1"', attempt)), [403, 'ROL-beyond-own'])
    }
    // An administrator gave it to somebody whom the manager does not reach: what is new in it would go there as well.
    assert.equal((await assign(api.administrator, roleId, [clerks.south.id])).status, 200)
    const own = { name: '上海', permissions: ['users.read'], scope: 'own', organizationIds: [] }
    assert.deepEqual(told(await change(manager, roleId, '"1"', own)), [403, 'ROL-beyond-own'])
    assert.equal((await change(manager, roleId, '"1"', { ...given, name: '上海门店' })).status, 200)
    assert.deepEqual(await usersSeenBy(clerks.south), [clerks.shanghai.id])
  })

  test('nobody assigns beyond his own rights: no shared stronger role, to nobody, himself included', async (t) => {
    const { api, south, east, manager, clerks } = await setUp(t)
    const { administrator } = api
    const stronger = await idOf(create(administrator, '更强', ['users.read', 'organizations.write'], 'own'))
    const further = await idOf(create(administrator, '更远', ['users.read'], 'custom', [east, south]))
    const within = await idOf(create(administrator, '之内', ['users.read', 'users.write'], 'own_and_below'))
    for (const roleId of [stronger, further, within]) await share(administrator, roleId, { with: 'all' })
    for (const roleId of [stronger, further]) {
      assert.deepEqual(told(await assign(manager, roleId, [clerks.shanghai.id])), [403, 'ROL-beyond-own'])
      assert.deepEqual(told(await assign(manager, roleId, [manager.id])), [403, 'ROL-beyond-own'])
    }
    assert.equal((await assign(manager, within, [clerks.shanghai.id, manager.id])).status, 200)
    // Where the role reaches depends on who has it: a manager of his own organisation only may not give it what is below.
    const narrow = await api.addPerson({ organizationId: east, permissions: MANAGING, scope: 'own' })
    assert.deepEqual(told(await assign(narrow, within, [manager.id, clerks.east.id])), [403, 'ROL-beyond-own'])
    // What somebody has already is granted by nobody again, and may be taken away.
    assert.equal((await assign(administrator, stronger, [clerks.shanghai.id])).status, 200)
    assert.deepEqual((await assign(manager, stronger, [clerks.shanghai.id])).body, { added: 0, removed: 0 })
    assert.deepEqual((await assign(manager, stronger, [])).body, { added: 0, removed: 1 })
  })

  test('a new user gets roles only within the rights of whoever creates him, and then he is not created at all', async (t) => {
    const { api, shanghai, manager, southern } = await setUp(t)
    const stronger = await idOf(create(api.administrator, '更强', ['organizations.write'], 'own'))
    await share(api.administrator, stronger, { with: 'all' })
    const hidden = await idOf(create(southern, '华南的', ['users.read'], 'own'))
    const within = await idOf(create(manager, '之内', ['users.read'], 'own'))
    const add = (by: Person, roleIds: string[]) =>
      by.call({
        ...{ method: 'POST', url: '/users' },
        body: { organizationId: shanghai, login: 'new.li', name: '新', password: PASSWORD, roleIds },
      })
    assert.deepEqual(told(await add(manager, [within, stronger])), [403, 'ROL-beyond-own'])
    assert.deepEqual(told(await add(manager, [within, hidden])), [404, 'API-not-found'])
    const clerk = await api.addPerson({ organizationId: shanghai, permissions: ['users.write'], scope: 'own' })
    assert.deepEqual(told(await add(clerk, [within])), [403, 'ACC-permission'])
    const { status, body } = await add(manager, [within])
    assert.equal(status, 201)
    const found = await manager.call({ url: `/users?roleId=${within}` })
    assert.deepEqual(
      found.body.items.map(({ id }: { id: string }) => id),
      [body.id],
    )
    assert.deepEqual((await southern.call({ url: `/users?roleId=${within}` })).body.items, [])
    assert.deepEqual(api.errors, [])
  })

  test('nobody takes over somebody with more rights by giving him another password', async (t) => {
    const { api, east, shanghai, manager, clerks } = await setUp(t)
    const reset = (id: string) =>
      manager.call({ method: 'POST', url: `/users/${id}/password`, body: { password: PASSWORD } })
    const stronger = await api.addPerson({
      ...{ organizationId: shanghai, permissions: ['users.read'] as const },
      ...{ scope: 'custom' as const, organizationIds: [api.rootId, east] },
    })
    assert.deepEqual(told(await reset(stronger.id)), [403, 'ROL-beyond-own'])
    assert.equal((await reset(clerks.shanghai.id)).status, 204)
  })

  test('an assignment is a set: asked twice it changes nothing, and those out of reach keep theirs', async (t) => {
    const { api, manager, southern, clerks } = await setUp(t)
    const roleId = await idOf(create(api.administrator, '查看', ['users.read']))
    await share(api.administrator, roleId, { with: 'all' })
    await assign(southern, roleId, [clerks.south.id])
    const ids = [clerks.east.id, clerks.shanghai.id]
    assert.deepEqual((await assign(manager, roleId, ids)).body, { added: 2, removed: 0 })
    assert.deepEqual((await assign(manager, roleId, [...ids, ...ids])).body, { added: 0, removed: 0 })
    assert.deepEqual((await assign(manager, roleId, [clerks.east.id])).body, { added: 0, removed: 1 })
    const countFor = async (person: Person) => (await person.call({ url: `/roles/${roleId}` })).body.userCount
    assert.deepEqual([await countFor(manager), await countFor(southern), await countFor(api.administrator)], [1, 1, 2])
    for (const stranger of [clerks.south.id, api.administrator.id, roleId]) {
      assert.deepEqual(told(await assign(manager, roleId, [clerks.east.id, stranger])), [404, 'API-not-found'])
    }
    assert.equal(await countFor(api.administrator), 2)
  })

  test('a role that is made stronger while somebody assigns it is not his to give any more', async (t) => {
    const { api, shanghai, manager, clerks } = await setUp(t)
    const roleId = await idOf(create(api.administrator, '变化', ['users.read'], 'custom', [shanghai]))
    await share(api.administrator, roleId, { with: 'all' })
    const client = await api.pool.connect()
    await client.query('begin')
    await client.query(`update roles set permissions = '{organizations.write}' where id = $1`, [roleId])
    const holder = await client.query('select pg_backend_pid() as pid')
    const assigned = assign(manager, roleId, [clerks.shanghai.id])
    const loadWaiting = async () => {
      const sql = 'select pid from pg_stat_activity where $1 = any (pg_blocking_pids(pid))'
      return (await api.pool.query(sql, [holder.rows[0].pid])).rows
    }
    await waitFor(async () => ((await loadWaiting()).length === 1 ? true : null), {
      what: 'the assignment to wait for the change',
      describe: async () => JSON.stringify(await loadWaiting()),
      waitMsMax: 20_000,
    })
    await client.query('commit')
    client.release()
    assert.deepEqual(told(await assigned), [403, 'ROL-beyond-own'])
    const { rows } = await api.pool.query('select from user_roles where role_id = $1', [roleId])
    assert.equal(rows.length, 0)
  })

  test('names are taken by owner, and a custom scope names organisations that are there', async (t) => {
    const { api, south, manager, southern } = await setUp(t)
    await create(manager, '查看', ['users.read'])
    assert.deepEqual(told(await create(manager, '查看', ['users.read'])), [409, 'ROL-name'])
    assert.equal((await create(southern, '查看', ['users.read'])).status, 201)
    const { administrator } = api
    assert.deepEqual(told(await create(administrator, '甲', ['users.read'], 'custom')), [422, 'ROL-scope'])
    assert.deepEqual(told(await create(administrator, '甲', ['users.read'], 'own', [south])), [422, 'ROL-scope'])
    const nowhere = ['0199b7a0-0000-7000-8000-000000000001']
    assert.deepEqual(told(await create(administrator, '甲', ['users.read'], 'custom', nowhere)), [
      422,
      'ROL-organization',
    ])
    const wrong = { name: '甲', permissions: ['everything'], scope: 'own' }
    assert.deepEqual(told(await administrator.call({ method: 'POST', url: '/roles', body: wrong })), [
      400,
      'API-schema',
    ])
    assert.deepEqual(api.errors, [])
  })
})
