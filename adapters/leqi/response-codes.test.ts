import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Opened } from './envelope.js'
import { toFailure, toHttpFailure } from './response-codes.js'

const platform = (code: string, message = ''): Opened => ({ kind: 'platform', code, message, requestId: 'r1' })
const error = (code: string, message = ''): Opened => ({ kind: 'error', code, message, requestId: 'r1' })
const answer = (returncode: string, message = '', isEncrypted = true): Opened => {
  return { kind: 'answer', value: {}, returncode, message, requestId: 'r1', isEncrypted }
}

function classOf(opened: Opened): string | undefined {
  const failure = toFailure(opened)
  if (failure === null) return 'success'
  const park = 'park' in failure && failure.park !== null ? ` ${failure.park}` : ''
  return failure.kind + park
}

test('unit faults of the platform are never processed and park under their cause', () => {
  const unverified = ['4032', '4033', '4047', '4049', '4054', '4055', '4056', '4061', '4063', '4067', '40322']
  for (const code of unverified) assert.equal(classOf(platform(code)), 'unit_fault unit_unverified', code)
  assert.equal(classOf(platform('4057')), 'unit_fault unit_key_fault')
  assert.equal(classOf(platform('40321')), 'unit_fault seller_blocked')
  for (const code of ['4048', '4050', '4066', '40325']) {
    assert.equal(classOf(platform(code)), 'unit_fault unit_unverified', `unlisted ${code} of the range`)
  }
  assert.equal(classOf(error('4057')), 'unit_fault unit_key_fault', 'also where a server says it in Error')
  assert.equal(classOf(answer('4057')), 'refused', 'but not inside an answer that was decrypted')
})

test('the platform’s own failures and every unknown code are in doubt', () => {
  for (const code of ['500', '5001', '-1', '', '4046', '4068', '9999', '4057x', '40x57', 'toString']) {
    assert.equal(classOf(platform(code)), 'in_doubt', code)
  }
  for (const code of ['', '1', '99', '31022']) assert.equal(classOf(error(code)), 'in_doubt', code)
})

test('a returncode other than 00 in a decrypted answer is a refusal of the whole call', () => {
  assert.equal(classOf(answer('00')), 'success')
  for (const code of ['01', '03', '04', '05', '77', 'X']) assert.equal(classOf(answer(code)), 'refused', code)
  assert.equal(classOf(answer('11')), 'refused seller_blocked')
  assert.equal(classOf(error('01', '参数校验异常')), 'refused')
})

test('codes that name a state of processing, and refusals in clear, prove nothing', () => {
  for (const code of ['09', '10', '99']) assert.equal(classOf(answer(code)), 'in_doubt', code)
  assert.equal(classOf(answer('01', '拒绝', false)), 'in_doubt')
})

test('a text may turn a refusal into a wait, never into a verdict', () => {
  const texts: [string, string][] = [
    ['发票额度不足，请先下载', 'refused quota_empty'],
    ['授信额度不在有效期内，请先申报', 'refused quota_empty'],
    ['当前开票方开票日期所属年月已完成对账，不再允许上传此年月发票', 'refused period_closed'],
    ['销售方为风险纳税人', 'refused seller_blocked'],
    ['发票号码不属于该纳税人领用的号段', 'refused manual_hold'],
    ['系统升级维护中', 'refused bureau_unreachable'],
    ['当前访问请求较多，请5分钟后重试，将访问并发控制在8以内', 'rate_limited'],
    ['发票号码为[26317000000000000001]在数据库中已存在', 'number_held'],
    ['购买方名称长度超限', 'refused'],
  ]
  for (const [text, expected] of texts) {
    assert.equal(classOf(answer('01', text)), expected, text)
    assert.equal(classOf(error('01', text)), expected, text)
  }
  assert.equal(classOf(platform('500', '当前访问请求较多，请5分钟后重试')), 'rate_limited')
  assert.equal(classOf(platform('4057', '当前访问请求较多，请5分钟后重试')), 'unit_fault unit_key_fault')
  assert.equal(classOf(answer('00', '发票额度不足')), 'success')
})

test('says code, text and request so that a person can act', () => {
  assert.deepEqual(toFailure(error('01', '数量与单价不符')), {
    kind: 'refused',
    code: 'BUR-ERROR-01',
    message: '数量与单价不符',
    requestId: 'r1',
    park: null,
  })
  assert.deepEqual(toFailure(platform('-1')), {
    kind: 'in_doubt',
    code: 'BUR--1',
    message: '未知错误',
    requestId: 'r1',
  })
  assert.equal(toFailure(error('<b>\n9'))?.code, 'BUR-ERROR-b9')
  assert.deepEqual(toFailure({ kind: 'unreadable', reason: 'not-json', requestId: null }), {
    kind: 'in_doubt',
    code: 'BUR-ANSWER-not-json',
    message: '税局应答不是JSON',
    requestId: null,
  })
})

test('an HTTP status proves nothing about a change, save 429; a closed door stops reads', () => {
  const write = { isRead: false }
  const read = { isRead: true }
  for (const status of [301, 302, 400, 401, 403, 404, 407, 500, 502, 503, 504]) {
    assert.equal(toHttpFailure(status, null, write).kind, 'in_doubt', String(status))
  }
  assert.equal(toHttpFailure(403, null, read).kind, 'unit_fault')
  assert.equal(toHttpFailure(502, null, read).kind, 'in_doubt')
})

test('keeps the pause a gateway asks for within one second and ten minutes', () => {
  const pauseOf = (header: string | null) => {
    const failure = toHttpFailure(429, header, { isRead: false })
    return failure.kind === 'rate_limited' ? failure.retryAfterMs : null
  }
  assert.deepEqual(['30', '0', '86400', 'soon', null].map(pauseOf), [30_000, 1_000, 600_000, 300_000, 300_000])
})
