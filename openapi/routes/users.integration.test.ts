import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { openApi, type Person, type TestApi } from '../../connector/testing/api.js'
import { waitFor } from '../../connector/testing/wait-for.js'

const ALL = ['users.read', 'users.write'] as const
const PASSWORD = 'correct horse battery'
const OTHER_PASSWORD = 'staple of another kind'

/** 总公司 ─┬─ 华东 ─── 上海
 *          └─ 华南 ; one manager of 华东 and below, one user in each organisation. */
async function setUp(t: Parameters<typeof openApi>[0]) {
  const api = await openApi(t)
  const east = await api.addOrganization('华东')
  const shanghai = await api.addOrganization('上海', east)
  const south = await api.addOrganization('华南')
  const manager = await api.addPerson({ organizationId: east, permissions: ALL, scope: 'own_and_below' })
  const create = (by: Person, organizationId: string, login: string, change: object = {}) =>
    by.call({
      ...{ method: 'POST', url: '/users' },
      body: { organizationId, login, name: '职员', password: PASSWORD, ...change },
    })
  const idOf = async (organizationId: string, login: string): Promise<string> => {
    const { status, body } = await create(api.administrator, organizationId, login)
    assert.equal(status, 201, JSON.stringify(body))
    return body.id
  }
  const people = {
    inEast: await idOf(east, 'east.li'),
    inShanghai: await idOf(shanghai, 'shanghai.li'),
    inSouth: await idOf(south, 'south.li'),
  }
  return { api, east, shanghai, south, manager, create, people }
}

const loginsOf = ({ items }: { items: readonly { login: string }[] }) => items.map(({ login }) => login).sort()

function signIn(api: TestApi, login: string, password: string) {
  return api.call({ method: 'POST', url: '/auth/token', body: { grantType: 'password', login, password } })
}

const me = (api: TestApi, token: string) => api.call({ url: '/auth/me', token })
const told = ({ status, body }: { status: number; body: { code?: string } | null }) => [status, body?.code]

describe('users', { concurrency: true }, () => {
  test('a manager sees the users of his organisations, by node, by node and below, by any part of login and name', async (t) => {
    const { api, east, shanghai, south, manager } = await setUp(t)
    const list = async (query: string, by = manager) => loginsOf((await by.call({ url: `/users?${query}` })).body)
    assert.deepEqual(await list('login=.li'), ['east.li', 'shanghai.li'])
    assert.deepEqual(await list(`organizationId=${east}&login=.li`), ['east.li'])
    assert.deepEqual(await list(`organizationId=${east}&withBelow=true&login=.li`), ['east.li', 'shanghai.li'])
    assert.deepEqual(await list(`organizationId=${shanghai}`), ['shanghai.li'])
    assert.deepEqual(await list(`organizationId=${south}`), [])
    assert.deepEqual(await list(`organizationId=${api.rootId}&withBelow=true&login=.li`), ['east.li', 'shanghai.li'])
    assert.deepEqual(await list('login=LI&name=职', api.administrator), ['east.li', 'shanghai.li', 'south.li'])
    assert.deepEqual(await list('login=%25'), [])
    assert.deepEqual(await list('isEnabled=false'), [])
  })

  test('whom a manager may not see is not there for him, whatever he does to him', async (t) => {
    const { api, south, people, manager, create } = await setUp(t)
    const url = `/users/${people.inSouth}`
    const headers = { 'if-match': '"1"' }
    const answers = [
      await manager.call({ url }),
      await manager.call({ method: 'PUT', url, headers, body: { name: '别', canSeeMetrics: false } }),
      await manager.call({ method: 'PUT', url: `${url}/administrator`, headers, body: { isAdministrator: true } }),
      await manager.call({ method: 'POST', url: `${url}/enable` }),
      await manager.call({ method: 'POST', url: `${url}/disable` }),
      await manager.call({ method: 'POST', url: `${url}/password`, body: { password: OTHER_PASSWORD } }),
      await create(manager, south, 'new.li'),
    ]
    assert.deepEqual(
      answers.map(told),
      answers.map(() => [404, 'API-not-found']),
    )
    const seen = await api.administrator.call({ url })
    assert.deepEqual([seen.headers.etag, seen.body.isEnabled, seen.body.isAdministrator], ['"1"', true, false])
    assert.deepEqual(api.errors, [])
  })

  test('a new user signs in with his first password, without a role he may do nothing', async (t) => {
    const { api, shanghai, manager, create } = await setUp(t)
    const created = await create(manager, shanghai, 'Wang.Wei', { name: '王伟' })
    assert.deepEqual([created.status, created.body.login, created.headers.etag], [201, 'wang.wei', '"1"'])
    assert.equal(created.headers.location, `/api/v1/users/${created.body.id}`)
    assert.ok(!JSON.stringify(created.body).includes('hash'))

    const { status, body } = await signIn(api, 'WANG.wei', PASSWORD)
    assert.equal(status, 200)
    const self = await me(api, body.accessToken)
    assert.deepEqual([self.body.name, self.body.permissions], ['王伟', []])
    const token = body.accessToken
    const headers = { 'if-match': '"1"' }
    const id = created.body.id
    for (const call of [
      { url: '/users' },
      { url: `/users/${id}` },
      { method: 'POST', url: '/users', body: {} },
      { method: 'PUT', url: `/users/${id}`, headers, body: { name: '王', canSeeMetrics: true } },
      { method: 'PUT', url: `/users/${id}/administrator`, headers, body: { isAdministrator: true } },
      { method: 'POST', url: `/users/${id}/password`, body: { password: OTHER_PASSWORD } },
      { url: '/organizations' },
      { url: '/organizations/tree' },
    ] as const) {
      assert.deepEqual(told(await api.call({ ...call, token })), [403, 'ACC-permission'], call.url)
    }
  })

  test('a login is taken whatever its case; a weak password and one with the login are refused', async (t) => {
    const { api, east, manager, create } = await setUp(t)
    assert.deepEqual(told(await create(manager, east, 'EAST.Li')), [409, 'USR-login'])
    // Also when the one who has it is not his to see.
    assert.deepEqual(told(await create(manager, east, 'South.Li')), [409, 'USR-login'])
    for (const password of ['short', 'passwordpassword', 'fresh.li is my name']) {
      const refused = await create(manager, east, 'fresh.li', { password })
      assert.deepEqual(told(refused), [422, 'ACC-password'])
      assert.ok(!JSON.stringify(refused.body).includes(password))
    }
    for (const login of [' a', 'a ', 'a\u0000b', 'a\nb']) {
      assert.deepEqual(told(await create(manager, east, login)), [400, 'API-schema'])
    }
    assert.deepEqual(told(await manager.call({ url: '/users?name=%00' })), [400, 'API-schema'])
    assert.deepEqual(api.errors, [])
  })

  test('a change is of what was read, and nobody lets others see the metrics who may not himself', async (t) => {
    const { api, people, manager } = await setUp(t)
    const change = (by: Person, etag: string, body: object) =>
      by.call({ method: 'PUT', url: `/users/${people.inEast}`, headers: { 'if-match': etag }, body })
    const changed = await change(manager, '"1"', { name: '李强', canSeeMetrics: false })
    assert.deepEqual([changed.status, changed.body.name, changed.headers.etag], [200, '李强', '"2"'])
    assert.deepEqual(told(await change(manager, '"1"', { name: '李', canSeeMetrics: false })), [412, 'API-stale'])
    assert.deepEqual(told(await change(manager, '"2"', { name: '李强', canSeeMetrics: true })), [403, 'USR-metrics'])
    const seeing = await change(api.administrator, '"2"', { name: '李强', canSeeMetrics: true })
    assert.equal(seeing.body.canSeeMetrics, true)
    assert.equal((await change(manager, '"3"', { name: '李', canSeeMetrics: true })).status, 200)
  })

  test('a disabled user is out at the next request with both of his tokens, and stays out until he is enabled', async (t) => {
    const { api, people, manager } = await setUp(t)
    const { body: tokens } = await signIn(api, 'shanghai.li', PASSWORD)
    assert.equal((await me(api, tokens.accessToken)).status, 200)
    const disabled = await manager.call({ method: 'POST', url: `/users/${people.inShanghai}/disable` })
    assert.deepEqual([disabled.status, disabled.body.isEnabled], [200, false])

    assert.deepEqual(told(await me(api, tokens.accessToken)), [401, 'ACC-token'])
    const refresh = { grantType: 'refresh', refreshToken: tokens.refreshToken }
    assert.deepEqual(told(await api.call({ method: 'POST', url: '/auth/token', body: refresh })), [401, 'ACC-token'])
    assert.deepEqual(told(await signIn(api, 'shanghai.li', PASSWORD)), [401, 'ACC-credentials'])

    await manager.call({ method: 'POST', url: `/users/${people.inShanghai}/enable` })
    assert.equal((await signIn(api, 'shanghai.li', PASSWORD)).status, 200)
    assert.deepEqual(told(await me(api, tokens.accessToken)), [401, 'ACC-token'])
    assert.deepEqual(told(await api.call({ method: 'POST', url: '/auth/token', body: refresh })), [401, 'ACC-token'])
  })

  test('a reset password ends all sessions and the waiting after failures; only the new one works', async (t) => {
    const { api, people, manager } = await setUp(t)
    const { body: tokens } = await signIn(api, 'east.li', PASSWORD)
    for (let count = 0; count < 5; count += 1) await signIn(api, 'east.li', 'wrong')
    assert.deepEqual(told(await signIn(api, 'east.li', PASSWORD)), [429, 'ACC-wait'])
    const reset = (password: string) =>
      manager.call({ method: 'POST', url: `/users/${people.inEast}/password`, body: { password } })
    assert.deepEqual(told(await reset('EAST.LI is too close')), [422, 'ACC-password'])
    assert.equal((await reset(OTHER_PASSWORD)).status, 204)
    assert.deepEqual(told(await me(api, tokens.accessToken)), [401, 'ACC-token'])
    assert.deepEqual(told(await signIn(api, 'east.li', PASSWORD)), [401, 'ACC-credentials'])
    assert.equal((await signIn(api, 'east.li', OTHER_PASSWORD)).status, 200)
  })

  test('everybody changes his own password with the former one; his other sessions end and this one stays', async (t) => {
    const { api, manager } = await setUp(t)
    const [here, there] = [await signIn(api, 'east.li', PASSWORD), await signIn(api, 'east.li', PASSWORD)]
    const token = here.body.accessToken
    const change = (formerPassword: string, password: string) =>
      api.call({ method: 'PUT', url: '/auth/password', body: { formerPassword, password }, token })
    assert.deepEqual(told(await change('wrong', OTHER_PASSWORD)), [422, 'USR-former-password'])
    assert.deepEqual(told(await change(PASSWORD, 'too short')), [422, 'ACC-password'])
    assert.equal((await change(PASSWORD, OTHER_PASSWORD)).status, 204)
    assert.equal((await me(api, token)).status, 200)
    assert.deepEqual(told(await me(api, there.body.accessToken)), [401, 'ACC-token'])
    assert.equal((await signIn(api, 'east.li', OTHER_PASSWORD)).status, 200)

    for (let count = 0; count < 5; count += 1) await change('wrong', PASSWORD)
    assert.deepEqual(told(await change(OTHER_PASSWORD, PASSWORD)), [429, 'ACC-wait'])
    const own = { method: 'POST', url: `/users/${manager.id}/password`, body: { password: OTHER_PASSWORD } } as const
    assert.deepEqual(told(await manager.call(own)), [409, 'USR-self'])
  })

  test('only an administrator makes, unmakes, changes, disables or lets in an administrator', async (t) => {
    const { api, manager } = await setUp(t)
    const everywhere = await api.addPerson({ organizationId: api.rootId, permissions: ALL, scope: 'own_and_below' })
    const url = `/users/${api.administrator.id}`
    const headers = { 'if-match': '"1"' }
    const answers = [
      await everywhere.call({ method: 'PUT', url, headers, body: { name: '别', canSeeMetrics: false } }),
      await everywhere.call({ method: 'POST', url: `${url}/disable` }),
      await everywhere.call({ method: 'POST', url: `${url}/enable` }),
      await everywhere.call({ method: 'POST', url: `${url}/password`, body: { password: OTHER_PASSWORD } }),
      await everywhere.call({ method: 'PUT', url: `${url}/administrator`, headers, body: { isAdministrator: false } }),
      await everywhere.call({
        ...{ method: 'PUT', url: `/users/${everywhere.id}/administrator` },
        ...{ headers, body: { isAdministrator: true } },
      }),
    ]
    assert.deepEqual(
      answers.map(told),
      answers.map(() => [403, 'USR-administrator']),
    )
    const make = (isAdministrator: boolean, etag: string) =>
      api.administrator.call({
        ...{ method: 'PUT', url: `/users/${manager.id}/administrator` },
        ...{ headers: { 'if-match': etag }, body: { isAdministrator } },
      })
    assert.equal((await make(true, '"1"')).body.isAdministrator, true)
    assert.equal((await manager.call({ url: `/users/${api.administrator.id}` })).status, 200)
    assert.deepEqual(told(await make(false, '"1"')), [412, 'API-stale'])
    assert.equal((await make(false, '"2"')).body.isAdministrator, false)
    assert.equal((await manager.call({ url: `/users/${api.administrator.id}` })).status, 404)
  })

  test('nobody disables himself, and the last enabled administrator stays one', async (t) => {
    const { api } = await setUp(t)
    const { administrator } = api
    const url = `/users/${administrator.id}`
    assert.deepEqual(told(await administrator.call({ method: 'POST', url: `${url}/disable` })), [409, 'USR-self'])
    const unmake = () =>
      administrator.call({
        ...{ method: 'PUT', url: `${url}/administrator` },
        ...{ headers: { 'if-match': '"1"' }, body: { isAdministrator: false } },
      })
    const other = await api.addAdministrator()
    const disabled = await administrator.call({ method: 'POST', url: `/users/${other.id}/disable` })
    assert.equal(disabled.status, 200)
    // A disabled one does not count.
    assert.deepEqual(told(await unmake()), [409, 'USR-last-administrator'])
    await administrator.call({ method: 'POST', url: `/users/${other.id}/enable` })
    assert.equal((await unmake()).status, 200)
  })

  test('of two administrators who disable each other at the same moment one stays', async (t) => {
    const { api } = await setUp(t)
    const other = await api.addAdministrator()
    // Both are let in before either of them is out: nobody gets past the rows while this transaction has them.
    const client = await api.pool.connect()
    await client.query('begin')
    await client.query('select from users where is_administrator for update')
    const holder = await client.query('select pg_backend_pid() as pid')
    const both = Promise.all([
      api.administrator.call({ method: 'POST', url: `/users/${other.id}/disable` }),
      other.call({ method: 'POST', url: `/users/${api.administrator.id}/disable` }),
    ])
    const loadWaitingCount = async () => {
      // The second one may wait for the first one, who waits for this transaction.
      const { rows } = await api.pool.query(
        `with first as (select pid from pg_stat_activity where $1 = any (pg_blocking_pids(pid)))
         select pid from first union
         select pid from pg_stat_activity where pg_blocking_pids(pid) && array(select pid from first)`,
        [holder.rows[0].pid],
      )
      return rows.length
    }
    await waitFor(async () => ((await loadWaitingCount()) === 2 ? true : null), {
      what: 'both requests to wait',
      describe: async () => `${await loadWaitingCount()} wait`,
      waitMsMax: 20_000,
    })
    await client.query('commit')
    client.release()
    const answers = await both
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409])
    assert.ok(answers.some(({ body }) => body.code === 'USR-last-administrator'))
    const { rows } = await api.pool.query(
      'select count(*)::int as count from users where is_administrator and is_enabled',
    )
    assert.equal(rows[0].count, 1)
    assert.deepEqual(api.errors, [])
  })

  test('everything done to a user stands in the log, without a password', async (t) => {
    const { api, people, manager } = await setUp(t)
    const url = `/users/${people.inEast}`
    await manager.call({
      ...{ method: 'PUT', url, headers: { 'if-match': '"1"' } },
      body: { name: '李强', canSeeMetrics: false },
    })
    await manager.call({ method: 'POST', url: `${url}/disable` })
    // Again, which changes nothing.
    await manager.call({ method: 'POST', url: `${url}/disable` })
    await manager.call({ method: 'POST', url: `${url}/enable` })
    await manager.call({ method: 'POST', url: `${url}/password`, body: { password: OTHER_PASSWORD } })
    const { rows } = await api.pool.query(
      'select kind, actor, detail::text from actions where subject = $1 order by id',
      [people.inEast],
    )
    assert.deepEqual(
      rows.map(({ kind, actor }) => [kind, actor]),
      [
        ['users.create', api.administrator.login],
        ...['change', 'disable', 'enable', 'reset-password'].map((what) => [`users.${what}`, manager.login]),
      ],
    )
    assert.ok(rows.every(({ detail }) => !detail.includes(PASSWORD) && !detail.includes(OTHER_PASSWORD)))
  })
})
