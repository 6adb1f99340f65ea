import assert from 'node:assert/strict'
import { test } from 'node:test'
import pg from 'pg'
import { CommitUnknown } from '../../connector/issuing/transaction.js'
import { troubleOf } from './server-errors.js'

function refusal(code: string): pg.DatabaseError {
  return Object.assign(new pg.DatabaseError('refused', 0, 'error'), { code })
}

function broken(code: string): Error {
  return Object.assign(new Error('broken'), { code })
}

test('a server that is going, coming, overrun, or only a standby, is away; one without disk space is full', () => {
  const away = ['57P01', '57P02', '57P03', '08006', '08P01', '58030', '53300', '25006']
  assert.deepEqual(
    away.map(refusal).map(troubleOf),
    away.map(() => 'away'),
  )
  assert.equal(troubleOf(refusal('53100')), 'full')
})

test('a connection that broke, or never came about, is away, whatever it is told by', () => {
  const told = [
    ...['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN'].map(broken),
    new Error('Connection terminated unexpectedly'),
    new Error('timeout exceeded when trying to connect'),
    new Error('Query read timeout'),
    new CommitUnknown(new Error('gone')),
  ]
  assert.deepEqual(
    told.map(troubleOf),
    told.map(() => 'away'),
  )
})

test('an error of the work itself says nothing of other work', () => {
  const own = [
    refusal('23505'),
    refusal('40001'),
    refusal('22P02'),
    refusal('57014'),
    new Error('a defect'),
    'text',
    null,
  ]
  assert.deepEqual(
    own.map(troubleOf),
    own.map(() => null),
  )
})
