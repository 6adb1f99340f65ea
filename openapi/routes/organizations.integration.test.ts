import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type NewPerson, openApi, type TestApi } from '../../connector/testing/api.js'

const ALL = ['organizations.read', 'organizations.write'] as const

/** 总公司 ─┬─ 华东 ─── 上海 ─── 财务
 *          └─ 华南 */
async function setUp(t: Parameters<typeof openApi>[0]) {
  const api = await openApi(t)
  const east = await api.addOrganization('华东')
  const shanghai = await api.addOrganization('上海', east)
  const finance = await api.addOrganization('财务', shanghai)
  const south = await api.addOrganization('华南')
  const manager = (scope: NewPerson['scope'], organizationIds: readonly string[] = []) =>
    api.addPerson({ organizationId: shanghai, permissions: ALL, scope, organizationIds })
  return { api, east, shanghai, finance, south, manager }
}

const namesOf = ({ items }: { items: readonly { name: string }[] }) => items.map(({ name }) => name).sort()

describe('the tree of organisations', { concurrency: true }, () => {
  test('each caller sees the part that his data permission covers, and its top has no parent', async (t) => {
    const { api, south, manager } = await setUp(t)
    const own = await manager('own')
    const below = await manager('own_and_below')
    const custom = await manager('custom', [south])

    const treeOf = async (person: typeof own) => (await person.call({ url: '/organizations/tree' })).body
    assert.deepEqual(namesOf(await treeOf(api.administrator)), ['上海', '华东', '华南', '总公司', '财务'].sort())
    assert.deepEqual(namesOf(await treeOf(own)), ['上海'])
    assert.deepEqual(namesOf(await treeOf(below)), ['上海', '财务'].sort())
    assert.deepEqual(namesOf(await treeOf(custom)), ['华南'])
    const [top] = (await treeOf(below)).items
    assert.deepEqual([top.name, top.parentId], ['上海', null])
  })

  test('what a caller may not see is not there for him, whatever he does to it', async (t) => {
    const { api, south, east, finance, manager } = await setUp(t)
    const person = await manager('own')
    for (const id of [south, east, finance, api.rootId]) {
      const headers = { 'if-match': '"1"' }
      const answers = [
        await person.call({ url: `/organizations/${id}` }),
        await person.call({
          method: 'PUT',
          url: `/organizations/${id}`,
          headers,
          body: { name: '别', kind: 'branch' },
        }),
        await person.call({ method: 'DELETE', url: `/organizations/${id}`, headers }),
        await person.call({
          method: 'POST',
          url: '/organizations',
          body: { parentId: id, name: '别', kind: 'branch' },
        }),
      ]
      assert.deepEqual(
        answers.map(({ status, body }) => [status, body.code]),
        Array.from({ length: 4 }, () => [404, 'API-not-found']),
      )
    }
    const everything = await api.administrator.call({ url: '/organizations?pageSize=200' })
    assert.equal(everything.body.total, 5)
    assert.deepEqual(api.errors, [])
  })

  test('a list is filtered by parent, by any part of the name taken literally, and by kind, together', async (t) => {
    const { api, east } = await setUp(t)
    await api.addOrganization('100%控股', east)
    await api.addOrganization('100控股', east)
    const list = async (query: string) => (await api.administrator.call({ url: `/organizations?${query}` })).body
    assert.deepEqual(namesOf(await list(`parentId=${east}`)), ['100%控股', '100控股', '上海'].sort())
    assert.deepEqual(namesOf(await list('name=0%25')), ['100%控股'])
    assert.deepEqual(namesOf(await list(`name=_&parentId=${east}`)), [])
    assert.deepEqual(namesOf(await list(`name=控&kind=branch&parentId=${east}`)), ['100%控股', '100控股'])
    assert.deepEqual(namesOf(await list('kind=department')), [])
  })

  test('pages do not overlap, and say how many there are', async (t) => {
    const { api, south } = await setUp(t)
    for (let count = 0; count < 12; count += 1) await api.addOrganization(`门店 ${count}`, south)
    const list = async (query: string) => (await api.administrator.call({ url: `/organizations?${query}` })).body
    const first = await list(`parentId=${south}`)
    const second = await list(`parentId=${south}&page=2`)
    assert.deepEqual([first.items.length, first.total, first.totalIsExact, first.pageSize], [10, 12, true, 10])
    assert.deepEqual([second.items.length, second.page], [2, 2])
    assert.equal(new Set([...namesOf(first), ...namesOf(second)]).size, 12)
    const { status, body } = await api.administrator.call({ url: '/organizations?pageSize=201' })
    assert.deepEqual([status, body.code, body.faults[0].path], [400, 'API-schema', '/pageSize'])
  })

  test('created, renamed and deleted, each once, and written into the log with the name of whoever did it', async (t) => {
    const { api, shanghai, manager } = await setUp(t)
    const person = await manager('own_and_below')
    const created = await person.call({
      ...{ method: 'POST', url: '/organizations' },
      body: { parentId: shanghai, name: '浦东门店', kind: 'branch' },
    })
    assert.equal(created.status, 201, JSON.stringify(created.body))
    const { id } = created.body
    assert.equal(created.headers.location, `/api/v1/organizations/${id}`)

    const seen = await person.call({ url: `/organizations/${id}` })
    assert.deepEqual([seen.body.name, seen.body.parentId, seen.headers.etag], ['浦东门店', shanghai, '"1"'])
    const change = {
      method: 'PUT',
      url: `/organizations/${id}`,
      body: { name: '浦东分公司', kind: 'subsidiary' },
    } as const
    const ifMatch = (etag: string) => ({ headers: { 'if-match': etag } })
    assert.equal((await person.call(change)).status, 428)
    assert.equal((await person.call({ ...change, ...ifMatch('*') })).status, 400)
    const changed = await person.call({ ...change, ...ifMatch('"1"') })
    assert.deepEqual([changed.status, changed.body.kind, changed.headers.etag], [200, 'subsidiary', '"2"'])
    assert.deepEqual((await person.call({ ...change, ...ifMatch('"1"') })).status, 412)

    const drop = { method: 'DELETE', url: `/organizations/${id}` } as const
    assert.equal((await person.call({ ...drop, ...ifMatch('"1"') })).status, 412)
    assert.equal((await person.call({ ...drop, ...ifMatch('"2"') })).status, 204)
    assert.equal((await person.call({ url: `/organizations/${id}` })).status, 404)

    const { rows } = await api.pool.query('select actor, kind, subject from actions order by id')
    assert.deepEqual(
      rows.map(({ actor, kind, subject }) => [actor, kind, subject]),
      ['create', 'change', 'delete'].map((what) => [person.login, `organizations.${what}`, id]),
    )
  })

  test('two under one parent have two names; under two parents one name is fine', async (t) => {
    const { api, east, south } = await setUp(t)
    const create = (parentId: string, name: string) =>
      api.administrator.call({ method: 'POST', url: '/organizations', body: { parentId, name, kind: 'branch' } })
    const twice = await create(east, '上海')
    assert.deepEqual([twice.status, twice.body.code], [409, 'ORG-name'])
    const other = await create(south, '上海')
    assert.equal(other.status, 201)
    const rename = { name: '华东', kind: 'branch' }
    const renamed = await api.administrator.call({
      ...{ method: 'PUT', url: `/organizations/${south}`, body: rename, headers: { 'if-match': '"1"' } },
    })
    assert.deepEqual([renamed.status, renamed.body.code], [409, 'ORG-name'])
    for (const name of ['a\u0000b', ' a', 'a\n']) assert.equal((await create(east, name)).status, 400)
    assert.equal((await api.administrator.call({ url: '/organizations?name=%00' })).status, 400)
    assert.deepEqual(api.errors, [])
  })

  test('nothing that something hangs on is deleted, not even when the caller cannot see what', async (t) => {
    const { api, shanghai, manager } = await setUp(t)
    const person = await manager('own')
    const headers = { 'if-match': '"1"' }
    const refused = await person.call({ method: 'DELETE', url: `/organizations/${shanghai}`, headers })
    assert.deepEqual([refused.status, refused.body.code], [409, 'ORG-in-use'])
    assert.match(refused.body.messageEn, /1 below it, 1 users, 0 units/)
    const root = await api.administrator.call({ method: 'DELETE', url: `/organizations/${api.rootId}`, headers })
    assert.deepEqual([root.status, root.body.code], [409, 'ORG-root'])
  })
})

test('a tree of more than 5,000 is refused with what to do instead', async (t) => {
  const api: TestApi = await openApi(t)
  await api.pool.query(`insert into organizations (id, parent_id, kind, name)
    select gen_random_uuid(), (select id from organizations where parent_id is null), 'branch', n::text
    from generate_series(1, 5000) n`)
  const { status, body } = await api.administrator.call({ url: '/organizations/tree' })
  assert.deepEqual([status, body.code], [422, 'ORG-tree-too-large'])
  const list = await api.administrator.call({ url: '/organizations?page=501' })
  assert.deepEqual([list.body.items.length, list.body.total, list.body.totalIsExact], [1, 5001, true])
})
