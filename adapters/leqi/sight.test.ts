import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BureauFailure } from '../../connector/issuing/bureau.js'
import type { HttpOutcome } from './client.js'
import { type SeenCall, toSight } from './sight.js'

const DATE = 'Sun, 22 Nov 2026 08:00:00 GMT'

function answered(date: string | null): HttpOutcome {
  return { kind: 'response', status: 200, bytes: Buffer.alloc(0), retryAfter: null, date }
}

const inDoubt = (code: string): BureauFailure => ({ kind: 'in_doubt', code, message: '张三', requestId: null })
const neverSent = (code: string): BureauFailure => ({ kind: 'never_sent', code, message: '', retryAfterMs: null })
const unitFault = (code: string): BureauFailure => ({
  kind: 'unit_fault',
  code,
  message: '张三',
  park: 'unit_unverified',
})

const UPLOAD: SeenCall = { isRead: false, isGivenUp: false }
const READ: SeenCall = { isRead: true, isGivenUp: false }

const wayOf = (failure: BureauFailure | null, call = UPLOAD) => toSight(null, failure, call).way

test('not reached, cut, timed out and 5xx break the way', () => {
  const broken = [neverSent('BUR-NET-ECONNREFUSED'), neverSent('BUR-NET-ENOTFOUND'), inDoubt('BUR-NET-TimeoutError')]
  const servers = ['BUR-HTTP-502', 'BUR-500', 'BUR-5001', 'BUR-ERROR-5001'].map(inDoubt)
  assert.deepEqual(new Set([...broken, ...servers].map((failure) => wayOf(failure))), new Set(['broken']))
})

test('a refusal of any kind is an answer, and what nobody understands tells nothing', () => {
  const refused: BureauFailure = { kind: 'refused', code: 'BUR-RETURN-01', message: '', requestId: null, park: null }
  assert.deepEqual([wayOf(null), wayOf(refused)], ['open', 'open'])
  const unclear = ['BUR-ANSWER-not-json', 'BUR--1', 'BUR-9999', 'BUR-HTTP-404'].map((code) => wayOf(inDoubt(code)))
  assert.deepEqual(new Set(unclear), new Set(['unclear']))
  assert.equal(wayOf(inDoubt('BUR-NET-AbortError'), { ...UPLOAD, isGivenUp: true }), 'unclear', 'the caller gave up')
  for (const code of ['BUR-STOP-rate_limited', 'BUR-RATE-budget', 'BUR-DEADLINE']) {
    assert.equal(wayOf(neverSent(code)), 'unclear')
  }
})

test('an answer to a question that cannot be read says something of the key; one to an upload is only in doubt', () => {
  for (const reason of ['not-json', 'no-data', 'not-decryptable', 'not-json-inside', 'in-clear']) {
    const failure = inDoubt(`BUR-ANSWER-${reason}`)
    assert.deepEqual([wayOf(failure, READ), wayOf(failure, UPLOAD)], ['garbled', 'unclear'], reason)
  }
})

test('a unit fault closes the way as far as it reaches', () => {
  const reachOf = (failure: BureauFailure) => {
    const sight = toSight(null, failure, UPLOAD)
    return sight.way === 'closed' ? [sight.reach, sight.cause] : sight.way
  }
  assert.deepEqual(reachOf(unitFault('BUR-4033')), ['using_unit', 'unit_unverified'])
  assert.deepEqual(reachOf(unitFault('BUR-ERROR-4055')), ['using_unit', 'unit_unverified'])
  for (const code of ['BUR-4047', 'BUR-4050', 'BUR-4054', 'BUR-4067', 'BUR-40322']) {
    assert.deepEqual(reachOf(unitFault(code)), ['direct_unit', 'unit_unverified'], code)
  }
  assert.deepEqual(reachOf({ ...unitFault('BUR-4057'), park: 'unit_key_fault' } as BureauFailure), [
    'direct_unit',
    'unit_key_fault',
  ])
  assert.equal(reachOf(unitFault('BUR-4063')), 'open', 'the buyer of one invoice is no fault of the unit')
})

test('a gateway’s closed door and settings that cannot work close it, whatever the call proves', () => {
  for (const failure of [
    inDoubt('BUR-HTTP-401'),
    { ...unitFault('BUR-HTTP-403'), park: 'unit_key_fault' } as BureauFailure,
    neverSent('BUR-URL-insecure'),
    neverSent('BUR-PROXY'),
  ]) {
    const sight = toSight(null, failure, UPLOAD)
    assert.ok(sight.way === 'closed')
    assert.deepEqual([sight.reach, sight.cause], ['direct_unit', 'unit_key_fault'], failure.code)
  }
})

test('a rate refusal asks for its pause', () => {
  const limited: BureauFailure = { kind: 'rate_limited', code: 'BUR-HTTP-429', message: '', retryAfterMs: 7_000 }
  const sight = toSight(null, limited, UPLOAD)
  assert.ok(sight.way === 'busy')
  assert.equal(sight.pauseMs, 7_000)
})

test('the bureau’s own words, which may quote buyers, go no further', () => {
  for (const failure of [inDoubt('BUR-500'), unitFault('BUR-4033'), unitFault('BUR-4052')]) {
    assert.doesNotMatch(JSON.stringify(toSight(null, failure, UPLOAD)), /张三/)
  }
})

test('the bureau’s time is that of its header, if it can be read', () => {
  assert.equal(toSight(answered(DATE), null, UPLOAD).bureauDate, Date.UTC(2026, 10, 22, 8))
  for (const date of [null, '', 'yesterday']) assert.equal(toSight(answered(date), null, UPLOAD).bureauDate, null)
})
