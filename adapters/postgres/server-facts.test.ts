import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MIGRATIONS } from './migrations/migrations.js'
import { compareMigrations, judgeServer, type ServerFacts, ServerRefused } from './server-facts.js'

const GOOD: ServerFacts = {
  version: '15.20',
  versionNumber: 150_020,
  encoding: 'UTF8',
  fsync: 'on',
  synchronousCommit: 'on',
  fullPageWrites: 'on',
  migrations: null,
}

test('a server of today that keeps what it acknowledged may hold the memory', () => {
  assert.deepEqual(judgeServer(GOOD), [])
  assert.deepEqual(judgeServer({ ...GOOD, versionNumber: 140_000, synchronousCommit: 'remote_apply' }), [])
})

test('a server that is too old, of another encoding or careless with crashes is refused for each reason', () => {
  const facts = {
    ...GOOD,
    versionNumber: 130_999,
    encoding: 'SQL_ASCII',
    fsync: 'off',
    synchronousCommit: 'off',
    fullPageWrites: 'off',
  }

  const problems = judgeServer(facts)
  const refused = new ServerRefused(problems)

  assert.equal(problems.length, 5)
  assert.match(refused.messageEn, /DATABASE_URL/)
  for (const word of ['14', 'SQL_ASCII', 'fsync', 'synchronous_commit', 'full_page_writes']) {
    assert.ok(refused.message.includes(word) && refused.messageEn.includes(word), word)
  }
})

test('migrations that have not run and migrations of a newer release are told apart', () => {
  const names = MIGRATIONS.map(({ name }) => name)

  assert.deepEqual(compareMigrations(null), { pending: names, unknown: [] })
  assert.deepEqual(compareMigrations(names), { pending: [], unknown: [] })
  assert.deepEqual(compareMigrations([...names, '9999-future']), { pending: [], unknown: ['9999-future'] })
})
