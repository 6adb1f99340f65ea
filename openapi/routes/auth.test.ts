import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { fastify } from 'fastify'
import { authenticate, createFirstAdministrator } from '../../connector/access/sign-in.js'
import { Secret } from '../../connector/kernel/secret.js'
import { noApi, noMetrics } from '../../connector/testing/api.js'
import { makePeople } from '../../connector/testing/memory/sign-in.js'
import { guardRoutes } from '../access.js'
import { buildHttp } from '../server.js'

const PASSWORD = 'correct horse battery'
const BOOTSTRAP = 'one-time-token-0001'
const FIRST = { grantType: 'bootstrap', bootstrapToken: BOOTSTRAP, login: 'Admin', password: PASSWORD, name: '管理员' }
const URL = '/api/v1/auth/token'

async function setUp(t: TestContext) {
  const people = makePeople()
  const errors: unknown[] = []
  const app = await buildHttp({
    health: { read: () => Promise.reject(new Error('not asked here')) },
    signIn: people.deps({ bootstrapToken: new Secret(BOOTSTRAP) }),
    api: noApi,
    ...noMetrics,
    onError: (error) => errors.push(error),
  })
  t.after(() => app.close())
  const post = (payload: object) => app.inject({ method: 'POST', url: URL, payload })
  const me = (accessToken: string) =>
    app.inject({ url: '/api/v1/auth/me', headers: { authorization: `Bearer ${accessToken}` } })
  return { app, people, errors, post, me }
}

test('from the bootstrap token to signed in, refreshed and out again', async (t) => {
  const { app, post, me } = await setUp(t)
  const first = await post(FIRST)
  assert.equal(first.statusCode, 200, first.body)
  const { accessToken, refreshToken, tokenType, expiresIn } = first.json()
  assert.deepEqual([tokenType, expiresIn], ['Bearer', 900])

  const admin = (await me(accessToken)).json()
  assert.deepEqual([admin.login, admin.name, admin.isAdministrator], ['admin', '管理员', true])
  assert.ok(
    admin.permissions.some(
      ({ code, name }: { code: string; name: string }) => code === 'users.write' && name === '管理用户',
    ),
  )

  const next = (await post({ grantType: 'refresh', refreshToken })).json()
  assert.equal((await me(accessToken)).statusCode, 401)
  assert.equal((await me(next.accessToken)).statusCode, 200)
  const headers = { authorization: `Bearer ${next.accessToken}` }
  assert.equal((await app.inject({ method: 'DELETE', url: URL, headers })).statusCode, 204)
  assert.equal((await me(next.accessToken)).statusCode, 401)
})

test('a refusal is a problem with code and both languages, and says how to ask', async (t) => {
  const { app, post, me } = await setUp(t)
  await post(FIRST)
  const wrong = await post({ grantType: 'password', login: 'admin', password: 'wrong' })
  assert.equal(wrong.statusCode, 401)
  assert.match(String(wrong.headers['content-type']), /^application\/problem\+json/)
  const { code, message, messageEn, status } = wrong.json()
  assert.deepEqual(
    [code, message, messageEn, status],
    ['ACC-credentials', '登录名或密码不正确', 'login or password is not right', 401],
  )

  for (const answer of [await me('lqa_nobody'), await app.inject('/api/v1/auth/me'), await me('x'.repeat(500))]) {
    assert.equal(answer.statusCode, 401)
    assert.equal(answer.headers['www-authenticate'], 'Bearer')
  }
  for (let count = 0; count < 4; count += 1) await post({ grantType: 'password', login: 'admin', password: 'wrong' })
  const waiting = await post({ grantType: 'password', login: 'admin', password: PASSWORD })
  assert.deepEqual([waiting.statusCode, waiting.json().code, waiting.headers['retry-after']], [429, 'ACC-wait', '2'])
})

test('a body that does not fit is refused with every place, and never repeated', async (t) => {
  const { post } = await setUp(t)
  for (const payload of [
    {},
    { grantType: 'password', login: 'a' },
    { ...FIRST, extra: 1 },
    { grantType: 'other' },
    [1],
  ]) {
    const answer = await post(payload)
    assert.equal(answer.statusCode, 400, answer.body)
    assert.equal(answer.json().code, 'API-schema')
    assert.ok(answer.json().faults.length > 0)
    assert.ok(!answer.body.includes(PASSWORD) && !answer.body.includes(BOOTSTRAP))
  }
})

test('a route of the API that does not say who may call it ends the start', async () => {
  const app = fastify()
  guardRoutes(app, () => Promise.reject(new Error('not asked here')))
  assert.throws(() => app.get('/api/v1/open', async () => 'open'), /\/api\/v1\/open does not say who may call it/)
  app.get('/livez', async () => 'alive')
  await app.close()
})

test('who lacks the permission of a route is refused before its body is read, and unknown users see nothing', async (t) => {
  const people = makePeople()
  const app = fastify()
  t.after(() => app.close())
  const caller = { ...(await signedIn(people)), isAdministrator: false, grants: [] }
  guardRoutes(app, async () => caller)
  let readCount = 0
  app.addHook('preParsing', async () => {
    readCount += 1
  })
  app.post('/api/v1/users', { config: { access: 'users.write' } }, async () => 'created')
  const headers = { authorization: 'Bearer lqa_x' }
  const answer = await app.inject({ method: 'POST', url: '/api/v1/users', headers, payload: {} })
  assert.deepEqual([answer.json().code, readCount], ['ACC-permission', 0])
})

async function signedIn(people: ReturnType<typeof makePeople>) {
  const deps = people.deps({ bootstrapToken: new Secret(BOOTSTRAP) })
  const tokens = await createFirstAdministrator(deps, { ...FIRST })
  return authenticate(deps, tokens.accessToken)
}
