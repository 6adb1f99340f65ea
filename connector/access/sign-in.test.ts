import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Refusal } from '../kernel/refusal.js'
import { Secret } from '../kernel/secret.js'
import { makePeople } from '../testing/memory/sign-in.js'
import { authenticate, createFirstAdministrator, failureWaitMs, refresh, signIn, signOut } from './sign-in.js'

const PASSWORD = 'correct horse battery'
const BOOTSTRAP = 'one-time-token-0001'
const GIVEN = { bootstrapToken: BOOTSTRAP, login: 'admin', name: '管理员', password: PASSWORD }
const MINUTE_MS = 60_000

async function setUp() {
  const people = makePeople()
  const deps = people.deps({ bootstrapToken: new Secret(BOOTSTRAP) })
  const tokens = await createFirstAdministrator(deps, GIVEN)
  return { people, deps, tokens }
}

const refusedAs = (code: string) => (error: unknown) => error instanceof Refusal && error.code === code

test('the bootstrap token makes one administrator, and never a second', async () => {
  const { deps, tokens } = await setUp()
  assert.ok((await authenticate(deps, tokens.accessToken)).isAdministrator)
  await assert.rejects(createFirstAdministrator(deps, { ...GIVEN, login: 'second' }), refusedAs('ACC-bootstrap'))
})

test('a wrong bootstrap token, or none configured, makes nobody; a bad password does not use it up', async () => {
  const people = makePeople()
  const deps = people.deps({ bootstrapToken: new Secret(BOOTSTRAP) })
  await assert.rejects(createFirstAdministrator(deps, { ...GIVEN, bootstrapToken: 'x' }), refusedAs('ACC-bootstrap'))
  await assert.rejects(createFirstAdministrator(people.deps(), GIVEN), refusedAs('ACC-bootstrap'))
  await assert.rejects(createFirstAdministrator(deps, { ...GIVEN, password: 'short' }), refusedAs('ACC-password'))
  assert.equal(people.users.size, 0)
  await createFirstAdministrator(deps, GIVEN)
  assert.equal(people.users.size, 1)
})

test('a wrong password, an unknown user and a disabled one are answered alike, after the same work', async () => {
  const { people, deps } = await setUp()
  const answers: unknown[] = []
  const attempt = async (login: string, password: string) => {
    const before = people.hashedCount()
    const error = await signIn(deps, login, password).catch((refused: Refusal) => refused)
    assert.ok(error instanceof Refusal)
    answers.push([error.kind, error.code, error.message, error.messageEn, people.hashedCount() - before])
  }
  await attempt('admin', 'wrong')
  await attempt('nobody', PASSWORD)
  const admin = people.users.get('admin')
  assert.ok(admin !== undefined)
  admin.isEnabled = false
  await attempt('admin', PASSWORD)
  assert.equal(new Set(answers.map((answer) => JSON.stringify(answer))).size, 1)
})

test('each failure from the fifth on costs a wait, the tenth a stop of 15 minutes, known user or not', async () => {
  assert.deepEqual([0, 4, 5, 6, 9, 10, 50].map(failureWaitMs), [
    0,
    0,
    2_000,
    4_000,
    32_000,
    15 * MINUTE_MS,
    15 * MINUTE_MS,
  ])
  for (const login of ['admin', 'nobody']) {
    const { people, deps } = await setUp()
    for (let count = 0; count < 5; count += 1) {
      await assert.rejects(signIn(deps, login, 'wrong'), refusedAs('ACC-credentials'))
    }
    const refused = await signIn(deps, login, PASSWORD).catch((error: Refusal) => error)
    assert.ok(refused instanceof Refusal && refused.code === 'ACC-wait')
    assert.equal(refused.retryAfterMs, 2_000)
    people.pass(2_000)
    await assert.rejects(signIn(deps, login, 'wrong'), refusedAs('ACC-credentials'))
    people.pass(2_000)
    await assert.rejects(signIn(deps, login, 'wrong'), refusedAs('ACC-wait'))
  }
})

test('a success clears the failures before it', async () => {
  const { people, deps } = await setUp()
  for (let count = 0; count < 5; count += 1) await signIn(deps, 'admin', 'wrong').catch(() => undefined)
  people.pass(MINUTE_MS)
  await signIn(deps, 'admin', PASSWORD)
  await assert.rejects(signIn(deps, 'admin', 'wrong'), refusedAs('ACC-credentials'))
  await signIn(deps, 'admin', PASSWORD)
})

test('an access token lasts 15 minutes; its refresh token brings the next pair, once', async () => {
  const { people, deps, tokens } = await setUp()
  people.pass(15 * MINUTE_MS)
  await assert.rejects(authenticate(deps, tokens.accessToken), refusedAs('ACC-token'))
  const next = await refresh(deps, tokens.refreshToken)
  assert.equal((await authenticate(deps, next.accessToken)).login, 'admin')
  await assert.rejects(refresh(deps, tokens.refreshToken), refusedAs('ACC-token'))
  await assert.rejects(authenticate(deps, next.accessToken), refusedAs('ACC-token'))
  await assert.rejects(refresh(deps, next.refreshToken), refusedAs('ACC-token'))
})

test('whoever signs out is out at once, and only this session', async () => {
  const { deps, tokens } = await setUp()
  const other = await signIn(deps, 'ADMIN', PASSWORD)
  await signOut(deps, await authenticate(deps, tokens.accessToken))
  await assert.rejects(authenticate(deps, tokens.accessToken), refusedAs('ACC-token'))
  await assert.rejects(refresh(deps, tokens.refreshToken), refusedAs('ACC-token'))
  assert.equal((await authenticate(deps, other.accessToken)).login, 'admin')
})
