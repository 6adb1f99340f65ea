/** What every memory of users and sessions promises. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { UserId } from '../../access/caller.js'
import type { NewTokens, SignInStore } from '../../access/ports.js'

const HOUR_MS = 3_600_000

export type OpenSignInStore = (t: TestContext) => Promise<{
  store: SignInStore
  newId: () => string
  disable(login: string): Promise<void>
}>

function someTokens(name: string, change: Partial<NewTokens> = {}): NewTokens {
  return { accessHash: `a ${name}`, accessMs: HOUR_MS, refreshHash: `r ${name}`, refreshMs: HOUR_MS, ...change }
}

export function proveSignIn(open: OpenSignInStore): void {
  async function setUp(t: TestContext) {
    const opened = await open(t)
    // Ids of this store are users' from here on.
    const id = opened.newId() as UserId
    const created = await opened.store.createFirstAdministrator({
      id,
      login: 'Admin.One',
      name: '管理员',
      passwordHash: 'h',
    })
    assert.ok(created)
    const openSession = async (tokens: NewTokens) => {
      const sessionId = opened.newId()
      assert.ok(await opened.store.openSession({ ...tokens, id: sessionId, userId: id, passwordHash: 'h' }))
      return sessionId
    }
    return { ...opened, id, openSession }
  }

  test('the first administrator is created once, however many ask at once', async (t) => {
    const { store, newId } = await open(t)
    const create = (login: string) =>
      store.createFirstAdministrator({ id: newId() as UserId, login, name: '管理员', passwordHash: 'h' })
    const created = await Promise.all(['one', 'two', 'three', 'four'].map(create))
    assert.equal(created.filter(Boolean).length, 1)
    assert.equal(await create('five'), false)
  })

  test('a user is found by his login without regard to case, and an unknown one is not', async (t) => {
    const { store, id } = await setUp(t)
    assert.deepEqual(await store.findCredentials('ADMIN.one'), { userId: id, passwordHash: 'h', isEnabled: true })
    assert.equal(await store.findCredentials('admin'), null)
  })

  test('whoever has another password by now, or was disabled, gets no session for what he proved before', async (t) => {
    const { store, id, newId, disable } = await setUp(t)
    const openWith = (passwordHash: string) =>
      store.openSession({ ...someTokens(passwordHash), id: newId(), userId: id, passwordHash })
    assert.equal(await openWith('former'), false)
    assert.equal(await store.findCaller('a former'), null)
    await disable('admin.one')
    assert.equal(await openWith('h'), false)
  })

  test('an access token belongs to its user until it is too old, the session ends, or he is disabled', async (t) => {
    const { store, id, openSession, disable } = await setUp(t)
    const sessionId = await openSession(someTokens('one'))
    await openSession(someTokens('old', { accessMs: -1 }))
    await openSession(someTokens('other'))

    const caller = await store.findCaller('a one')
    assert.deepEqual([caller?.userId, caller?.login, caller?.isAdministrator], [id, 'admin.one', true])
    assert.equal(caller?.sessionId, sessionId)
    assert.deepEqual([await store.findCaller('a old'), await store.findCaller('r one')], [null, null])
    await store.endSession(sessionId)
    assert.equal(await store.findCaller('a one'), null)
    assert.notEqual(await store.findCaller('a other'), null)
    await disable('admin.one')
    assert.equal(await store.findCaller('a other'), null)
    assert.equal((await store.findCredentials('admin.one'))?.isEnabled, false)
  })

  test('a refresh token is exchanged once; whoever shows it again ends the session for both', async (t) => {
    const { store, openSession } = await setUp(t)
    await openSession(someTokens('one'))

    assert.equal(await store.rotate('r one', someTokens('two')), 'rotated')
    assert.equal(await store.findCaller('a one'), null, 'the tokens before are worth nothing')
    assert.notEqual(await store.findCaller('a two'), null)
    assert.equal(await store.rotate('r one', someTokens('thief')), 'reused')
    assert.deepEqual([await store.findCaller('a two'), await store.findCaller('a thief')], [null, null])
    assert.equal(await store.rotate('r two', someTokens('three')), 'unknown')
  })

  test('of many who exchange one refresh token at once one succeeds', async (t) => {
    const { store, openSession } = await setUp(t)
    await openSession(someTokens('one'))
    const outcomes = await Promise.all(['a', 'b', 'c', 'd'].map((name) => store.rotate('r one', someTokens(name))))
    assert.equal(outcomes.filter((outcome) => outcome === 'rotated').length, 1)
  })

  test('a refresh token that is too old, unknown, or of a disabled user is worth nothing', async (t) => {
    const { store, openSession, disable } = await setUp(t)
    await openSession(someTokens('old', { refreshMs: -1 }))
    await openSession(someTokens('one'))
    await disable('admin.one')
    for (const hash of ['r old', 'r none', 'r one']) {
      assert.equal(await store.rotate(hash, someTokens(`${hash} next`)), 'unknown', hash)
    }
  })

  test('failures are counted by login, whether there is such a user or not, until they are forgotten', async (t) => {
    const { store } = await setUp(t)
    assert.equal(await store.loadFailures('nobody'), null)
    await store.noteFailure('Nobody', HOUR_MS)
    await store.noteFailure('nobody', HOUR_MS)
    await store.noteFailure('somebody', HOUR_MS)

    const failures = await store.loadFailures('nobody')
    assert.equal(failures?.count, 2)
    assert.ok(failures !== null && failures.lastAt <= failures.now)
    await store.noteFailure('nobody', -1)
    assert.equal((await store.loadFailures('nobody'))?.count, 1, 'those before were too old to count')
    await store.noteFailure('somebody', HOUR_MS)
    await store.forgetFailures('NOBODY')
    assert.deepEqual(
      [await store.loadFailures('nobody'), (await store.loadFailures('somebody')) !== null],
      [null, true],
    )
  })
}
