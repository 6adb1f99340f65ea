import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openEnvelope, sealRequest } from './envelope.js'
import { aDirectUnit, sealAnswer, sealError, sm4Of, testSm4 } from './testing/builders.js'
import { SERVICES } from './wire.js'

const ANSWER = { returncode: '00', returnmsg: '成功', sllsh: 'a1' }

function seal(change: Parameters<typeof aDirectUnit>[0] = {}) {
  return sealRequest(testSm4, {
    direct: aDirectUnit(change),
    usingLeqiId: '9876543210fedcba9876',
    service: SERVICES.upload,
    text: '[{}]',
    clientTid: '0'.repeat(32),
  })
}

function wrap(inner: unknown, httpStatusCode: unknown = '200'): string {
  return JSON.stringify({ httpStatusCode, body: JSON.stringify(inner) })
}

test('seals a request with the headers of production and a bare base64 body', () => {
  const sealed = seal()

  assert.equal(sealed.url, 'https://bureau.example:8443/access/v2/invoke/202007/QDFPSC/')
  assert.deepEqual(sealed.headers, {
    'content-type': 'application/json',
    jrdwptbh: '0123456789abcdef0123',
    sydwptbh: '9876543210fedcba9876',
    nlbm: '202007',
    fwbm: 'QDFPSC',
    access_signature: '',
    clientTid: '0'.repeat(32),
  })
  assert.equal(testSm4.decrypt(sealed.body), '[{}]')
  assert.doesNotMatch(sealed.body, /["\s]/)
})

test('sends the sandbox flag in the sandbox only, and one slash whatever the address ends with', () => {
  const sandbox = seal({ environment: 'sandbox', apiUrl: 'https://bureau.example/access/sandbox/v2/invoke//' })

  assert.equal(sandbox.headers.sxcsbz, '1')
  assert.equal(sandbox.url, 'https://bureau.example/access/sandbox/v2/invoke/202007/QDFPSC/')
})

test('opens an encrypted answer in each form that documents show', () => {
  const data = testSm4.encrypt(JSON.stringify(ANSWER))
  const response = { Response: { RequestId: 'r1', Data: data } }
  const broken = { Response: { RequestId: 'r1', Data: `${data.slice(0, 20)}\n ${data.slice(20)}` } }
  const forms = [
    wrap(response),
    wrap(response, 200),
    ` ${wrap(response)}\r\n`,
    JSON.stringify({ httpStatusCode: '200', body: response }),
    wrap(broken),
    wrap({ Response: { ...response.Response, Error: null } }),
    wrap({ Response: { ...response.Response, Error: {} } }),
  ]
  for (const form of forms) {
    const opened = openEnvelope(testSm4, form)
    assert.deepEqual(opened, {
      kind: 'answer',
      value: ANSWER,
      returncode: '00',
      message: '成功',
      requestId: 'r1',
      isEncrypted: true,
    })
  }
})

test('an answer in clear is opened and marked as such', () => {
  const forms = [
    wrap({ Response: { RequestId: 'r1', Data: ANSWER } }),
    wrap({ Response: { RequestId: 'r1', Data: JSON.stringify(ANSWER) } }),
    wrap(ANSWER),
    JSON.stringify(ANSWER),
  ]
  for (const form of forms) {
    const opened = openEnvelope(testSm4, form)
    assert.ok(opened.kind === 'answer')
    assert.deepEqual([opened.value, opened.isEncrypted], [ANSWER, false])
  }
})

test('a returncode sent as a number is read as its two characters', () => {
  const opened = openEnvelope(testSm4, sealAnswer({ returncode: 0 }))
  assert.ok(opened.kind === 'answer')
  assert.equal(opened.returncode, '00')
})

test('does not decrypt when the platform or the service failed', () => {
  const platform = { httpStatusCode: 4057, body: '报文解密失败' }
  assert.deepEqual(openEnvelope(testSm4, JSON.stringify(platform)), {
    kind: 'platform',
    code: '4057',
    message: '报文解密失败',
    requestId: null,
  })
  assert.deepEqual(openEnvelope(testSm4, sealError('01', '数据校验失败')), {
    kind: 'error',
    code: '01',
    message: '数据校验失败',
    requestId: 'abcdefghijklmnop',
  })
  const inError = wrap({ Response: { RequestId: 'r1', Error: { Code: '1', Message: 'm' } } }, '500')
  assert.deepEqual(openEnvelope(testSm4, inError), { kind: 'platform', code: '500', message: 'm', requestId: 'r1' })
})

test('names the step at which an answer cannot be read, and throws for none', () => {
  const dataOf = (data: unknown) => wrap({ Response: { RequestId: 'r1', Data: data } })
  const other = sm4Of('fedcba98765432100123456789abcdef')
  const unreadable: [string, string][] = [
    ['', 'empty'],
    ['  \n', 'empty'],
    ['<html><body>Bad Gateway</body></html>', 'not-json'],
    ['{"httpStatusCode":"200","body":', 'not-json'],
    ['[]', 'not-json'],
    ['{"httpStatusCode":"200","body":"<html>"}', 'not-json'],
    ['{"httpStatusCode":"200","body":"[]"}', 'no-envelope'],
    ['{"httpStatusCode":"200","body":"{}"}', 'no-envelope'],
    ['{"status":"ok"}', 'no-envelope'],
    ['{"httpStatusCode":"200","body":"{\\"Response\\":null}"}', 'no-envelope'],
    [dataOf(undefined), 'no-data'],
    [dataOf(''), 'no-data'],
    [dataOf(7), 'no-data'],
    [dataOf('!!!!'), 'not-decryptable'],
    [dataOf('AAAA'), 'not-decryptable'],
    [sealAnswer(ANSWER, other), 'not-decryptable'],
    [dataOf(testSm4.encrypt('00')), 'not-json-inside'],
    [dataOf(testSm4.encrypt('[1]')), 'not-json-inside'],
    [dataOf(testSm4.encrypt('{"returnmsg":"x"}')), 'no-returncode'],
    [dataOf(testSm4.encrypt('{"__proto__":{"returncode":"00"}}')), 'no-returncode'],
  ]
  for (const [text, reason] of unreadable) {
    const opened = openEnvelope(testSm4, text)
    assert.ok(opened.kind === 'unreadable', text)
    assert.equal(opened.reason, reason, text)
  }
})

test('keeps a long text of the bureau short', () => {
  const opened = openEnvelope(testSm4, sealError('01', '长'.repeat(5_000)))
  assert.ok(opened.kind === 'error')
  assert.ok(opened.message.length <= 501)
})
