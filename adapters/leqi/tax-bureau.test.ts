import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { inspect } from 'node:util'
import { gzipSync } from 'node:zlib'
import nock from 'nock'
import { UNWATCHED } from '../../connector/issuing/channel-ports.js'
import { amount } from '../../connector/kernel/amount.js'
import type { InvoiceNumber } from '../../connector/kernel/ids.js'
import { Secret } from '../../connector/kernel/secret.js'
import { after, instant } from '../../connector/kernel/time.js'
import { type LeqiDeps, makeLeqiBureau } from './tax-bureau.js'
import {
  aDirectUnit,
  anInvoice,
  aUsingUnit,
  fixedClock,
  freeBudget,
  makeTestIds,
  NOW,
  sealAnswer,
  sealError,
  sm4Of,
  TEST_KEY,
  testSm4,
} from './testing/builders.js'

nock.disableNetConnect()

const HOST = 'https://bureau.example:8443'
const FROZEN = '{"fphm":"26317000000000000001"}'
const UNIT = aUsingUnit()

interface Received {
  path: string
  body: string | null
  headers: Record<string, unknown>
}

type Reply = readonly [status: number, body: string | Buffer, headers?: Record<string, string>]

/** A bureau whose server gives the replies in turn, and what it was sent. */
function setup(t: TestContext, replies: readonly Reply[], change: Partial<LeqiDeps> = {}) {
  const received: Received[] = []
  const logged: unknown[] = []
  for (const [status, body, headers] of replies) {
    const scope = nock(HOST).post(/.*/).reply(status, body, headers)
    // Not a reply function: it would read the bare base64 as the JSON that the content type announces.
    scope.on('request', (request, _interceptor, sent: string) => {
      received.push({ path: request.path, body: testSm4.decrypt(sent), headers: { ...request.getHeaders() } })
    })
  }
  const log = { debug: (...line: unknown[]) => logged.push(line), warn: (...line: unknown[]) => logged.push(line) }
  const bureau = makeLeqiBureau(
    {
      keyOf: () => new Secret(TEST_KEY),
      rateBudget: freeBudget,
      channel: UNWATCHED,
      clock: fixedClock,
      ids: makeTestIds(),
      log,
      ...change,
    },
    {
      caText: null,
      insecureHosts: [],
      upload: { deviceIp: '192.0.2.10', deviceMac: '00-00-5E-00-53-01' },
      retryDelayMs: 0,
    },
  )
  t.after(async () => {
    nock.cleanAll()
    await bureau.close()
  })
  return { bureau, received, logged, options: { deadline: after(NOW, 30_000) } }
}

function upload(t: TestContext, ...replies: readonly Reply[]) {
  const { bureau, options } = setup(t, replies)
  return bureau.upload(UNIT, [FROZEN], options)
}

const ACCEPTED = { returncode: '00', returnmsg: '成功', sllsh: '0123456789abcdef0123456789abcdef' }

// Upload ----------------------------------------------------------------------------------------------------------------

test('uploads the frozen texts as one array and gives the receipt number back', async (t) => {
  const { bureau, received, options } = setup(t, [[200, sealAnswer(ACCEPTED)]])
  const frozen = bureau.draw(UNIT, anInvoice())('26317000000000000001' as InvoiceNumber, NOW)

  const answer = await bureau.upload(UNIT, [frozen, FROZEN], options)

  assert.deepEqual(answer, { kind: 'accepted', receiptNo: ACCEPTED.sllsh, requestId: 'abcdefghijklmnop' })
  assert.equal(received[0]?.path, '/access/v2/invoke/202007/QDFPSC/')
  assert.equal(received[0]?.body, `[${frozen},${FROZEN}]`)
  assert.equal(received[0]?.headers.sydwptbh, UNIT.leqiId)
  assert.equal(received[0]?.headers.sxcsbz, undefined)
})

test('takes an upload answer as accepted only when it was encrypted, readable, 00 and has a receipt', async (t) => {
  const clear = { Response: { RequestId: 'r1', Data: ACCEPTED } }
  const other = sm4Of('fedcba98765432100123456789abcdef')
  const truncated = gzipSync(sealAnswer(ACCEPTED)).subarray(0, 60)
  const untrusted: Record<string, Reply> = {
    'in-clear': [200, JSON.stringify({ httpStatusCode: '200', body: JSON.stringify(clear) })],
    'not-decryptable': [200, sealAnswer(ACCEPTED, other)],
    odd: [200, sealAnswer({ ...ACCEPTED, sllsh: '' })],
    empty: [200, ''],
    'not-json': [200, '<html>502 Bad Gateway</html>'],
    'no-envelope': [200, '{"ok":true}'],
    'no-returncode': [200, sealAnswer({ sllsh: 'a1' })],
    gzip: [200, truncated],
  }
  for (const [reason, reply] of Object.entries(untrusted)) {
    const answer = await upload(t, reply)
    assert.ok(answer.kind === 'in_doubt', reason)
    assert.equal(answer.code, `BUR-ANSWER-${reason}`)
  }
})

test('an answer that is not UTF-8, cut short or too large is in doubt', async (t) => {
  const whole = sealAnswer(ACCEPTED)
  const replies: Reply[] = [
    [200, Buffer.from([0x7b, 0xff, 0xfe, 0x7d])],
    [200, whole.slice(0, -20)],
    [200, `${whole}${' '.repeat(4 * 1024 * 1024)}`],
  ]
  for (const reply of replies) assert.equal((await upload(t, reply)).kind, 'in_doubt')
})

test('reads a gzip answer', async (t) => {
  const zipped = gzipSync(sealAnswer(ACCEPTED))
  for (const headers of [{ 'content-encoding': 'gzip' }, {}]) {
    assert.equal((await upload(t, [200, zipped, headers])).kind, 'accepted')
  }
})

test('tells the four layers of failure apart', async (t) => {
  const platform = (code: unknown) => JSON.stringify({ httpStatusCode: code, body: '' })
  const rate = '当前访问请求较多，请5分钟后重试，将访问并发控制在5以内'
  const cases: [Reply, string, string][] = [
    [[200, platform('4057')], 'unit_fault', 'BUR-4057'],
    [[200, platform(4033)], 'unit_fault', 'BUR-4033'],
    [[403, platform('4067')], 'unit_fault', 'BUR-4067'],
    [[200, platform('500')], 'in_doubt', 'BUR-500'],
    [[200, platform('5001')], 'in_doubt', 'BUR-5001'],
    [[200, platform('-1')], 'in_doubt', 'BUR--1'],
    [[200, platform('4321')], 'in_doubt', 'BUR-4321'],
    [[200, sealError('01', '数据校验失败')], 'refused', 'BUR-ERROR-01'],
    [[200, sealError('77', '未知')], 'in_doubt', 'BUR-ERROR-77'],
    [[200, sealError('01', rate)], 'rate_limited', 'BUR-ERROR-01'],
    [[200, sealAnswer({ returncode: '01', returnmsg: '第1张发票金额有误' })], 'refused', 'BUR-RETURN-01'],
    [[200, sealAnswer({ returncode: '99' })], 'in_doubt', 'BUR-RETURN-99'],
    [[429, '', { 'retry-after': '7' }], 'rate_limited', 'BUR-HTTP-429'],
    [[403, 'Forbidden'], 'in_doubt', 'BUR-HTTP-403'],
    [[302, '', { location: '/login' }], 'in_doubt', 'BUR-HTTP-302'],
    [[502, '<html>'], 'in_doubt', 'BUR-HTTP-502'],
    // Success wrapped in an error status is not believed either.
    [[500, sealAnswer(ACCEPTED)], 'in_doubt', 'BUR-HTTP-500'],
  ]
  for (const [reply, kind, code] of cases) {
    const answer = await upload(t, reply)
    assert.deepEqual([answer.kind, 'code' in answer ? answer.code : ''], [kind, code])
  }
})

test('repeats an upload only when it was never sent', async (t) => {
  const { bureau, received, options } = setup(t, [])
  const interceptors = () => nock(HOST).post(/QDFPSC/)
  interceptors().replyWithError(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }))
  interceptors().reply(200, sealAnswer(ACCEPTED))
  assert.equal((await bureau.upload(UNIT, [FROZEN], options)).kind, 'accepted')

  interceptors().replyWithError(Object.assign(new Error('reset'), { code: 'ECONNRESET' }))
  interceptors().reply(200, sealAnswer(ACCEPTED))
  const answer = await bureau.upload(UNIT, [FROZEN], options)
  assert.deepEqual([answer.kind, 'code' in answer ? answer.code : ''], ['in_doubt', 'BUR-NET-ECONNRESET'])
  assert.equal(nock.pendingMocks().length, 1)
  assert.deepEqual(received, [])
})

test('nothing is sent without a usable key, after the deadline, or beyond a hundred invoices', async (t) => {
  for (const [key, code] of [
    [null, 'BUR-KEY-missing'],
    [new Secret('too short'), 'BUR-KEY-invalid'],
  ] as const) {
    const { bureau, options } = setup(t, [], { keyOf: () => key })
    const answer = await bureau.upload(UNIT, [FROZEN], options)
    assert.ok(answer.kind === 'unit_fault')
    assert.deepEqual([answer.code, answer.park], [code, 'unit_key_fault'])
  }
  const { bureau } = setup(t, [])
  const late = await bureau.upload(UNIT, [FROZEN], { deadline: instant(NOW - 1) })
  assert.equal(late.kind, 'never_sent')
  const many = Array.from({ length: 101 }, () => FROZEN)
  await assert.rejects(bureau.upload(UNIT, many, { deadline: after(NOW, 1_000) }), { name: 'Defect' })
})

// Results ---------------------------------------------------------------------------------------------------------------

test('asks for results by receipt number and gives the rows', async (t) => {
  const row = { fphm: '26317000000000000001', status: '00', message: '上传成功' }
  const { bureau, received, options } = setup(t, [[200, sealAnswer({ returncode: '00', resultList: [row] })]])

  const answer = await bureau.queryResult(UNIT, 'a1', options)

  assert.deepEqual(answer, {
    kind: 'results',
    rows: [{ invoiceNumber: row.fphm, status: 'issued', code: null, message: '上传成功', park: null }],
    requestId: 'abcdefghijklmnop',
  })
  assert.deepEqual([received[0]?.path, received[0]?.body], ['/access/v2/invoke/202007/CXQDFPSCJG/', '{"sllsh":"a1"}'])
})

test('no result yet is no failure, in each way it is said', async (t) => {
  const text = '未查询到发票上传结果，请稍后再试'
  const replies = [
    sealAnswer({ returncode: '01', returnmsg: text }),
    sealError('01', text),
    sealAnswer({ returncode: '04', returnmsg: '' }),
    sealAnswer({ returncode: '00', resultList: [] }),
  ]
  for (const reply of replies) {
    const { bureau, options } = setup(t, [[200, reply]])
    assert.equal((await bureau.queryResult(UNIT, 'a1', options)).kind, 'not_ready')
  }
})

test('verdicts in clear are not believed', async (t) => {
  const row = { fphm: '26317000000000000001', status: '02' }
  const data = { Response: { RequestId: 'r1', Data: { returncode: '00', resultList: [row] } } }
  const { bureau, options } = setup(t, [[200, JSON.stringify({ httpStatusCode: '200', body: data })]])
  assert.equal((await bureau.queryResult(UNIT, 'a1', options)).kind, 'in_doubt')
})

test('a read is tried again after a failure that a change would not survive', async (t) => {
  const quota = { bysxed: '1', kysyed: '1', yxzed: '0', yxzwsyed: '0', ztsxbz: 'N', sq: '202611' }
  const { bureau, options } = setup(t, [
    [502, ''],
    [200, '{"httpStatusCode":"500","body":""}'],
    [200, sealAnswer({ returncode: '00', ...quota })],
  ])
  assert.equal((await bureau.queryQuota(UNIT, options)).kind, 'quota')
})

// Numbers and quota -----------------------------------------------------------------------------------------------------

test('claims a segment under the serial exactly as it is stored', async (t) => {
  const grant = { returncode: '00', fpqshm: '26317000000000000001', fpzzhm: '26317000000000000500', lysl: '500' }
  const { bureau, received, options } = setup(t, [[200, sealAnswer(grant)]])

  const serial = `9876543210fedcba98760123456789abcdef0123${'f'.repeat(32)}`
  const answer = await bureau.claimNumbers(UNIT, { serial, count: 1_000 }, options)

  assert.deepEqual(answer, { kind: 'granted', first: grant.fpqshm, last: grant.fpzzhm, count: 500 })
  assert.equal(received[0]?.body, `{"nsrsbh":"91310115MA1K00015K","lysl":"1000","ywlsh":"${serial}"}`)
})

test('keeps twenty digits that a server sends as JSON numbers', async (t) => {
  const text = '{"returncode":"00","fpqshm":26317000000000000001,"fpzzhm":26317000000000000002,"lysl":2}'
  const inner = JSON.stringify({ Response: { RequestId: 'r1', Data: testSm4.encrypt(text) } })
  const { bureau, options } = setup(t, [[200, JSON.stringify({ httpStatusCode: 200, body: inner })]])

  const answer = await bureau.claimNumbers(UNIT, { serial: 'f'.repeat(32), count: 10 }, options)

  assert.deepEqual(answer, { kind: 'granted', first: '26317000000000000001', last: '26317000000000000002', count: 2 })
})

test('a grant whose figures do not add up is in doubt', async (t) => {
  const grant = { returncode: '00', fpqshm: '26317000000000000001', fpzzhm: '26317000000000000500', lysl: '501' }
  const { bureau, options } = setup(t, [[200, sealAnswer(grant)]])
  const answer = await bureau.claimNumbers(UNIT, { serial: 'f'.repeat(32), count: 1_000 }, options)
  assert.ok(answer.kind === 'in_doubt')
  assert.equal(answer.code, 'BUR-ANSWER-odd')
})

test('downloads quota and tells its interval', async (t) => {
  const grant = { returncode: '00', syqjq: '20261101', syqjz: '20261215' }
  const { bureau, options } = setup(t, [[200, sealAnswer(grant)]])
  const move = { serial: 'f'.repeat(32), direction: 'download', amount: amount('100.00') } as const
  const answer = await bureau.moveQuota(UNIT, move, options)
  assert.deepEqual(answer, { kind: 'granted', validFrom: '2026-11-01', validTo: '2026-12-15' })
})

// Taxpayer and tables ---------------------------------------------------------------------------------------------------

test('asks for profile, risk and tables with the address alone, sandbox flag included', async (t) => {
  const address = {
    id: UNIT.id,
    direct: aDirectUnit({ environment: 'sandbox' }),
    taxNo: UNIT.taxNo,
    leqiId: UNIT.leqiId,
  }
  const jcxx = {
    nsrsbh: 'FIXED',
    nsrmc: '示例',
    nsrlx: '1',
    nsrztdm: '03',
    xdpsdqybz: 'Y',
    hydm: '5294',
    zgswskfjdm: '1',
  }
  const { bureau, received, options } = setup(t, [
    [200, sealAnswer({ returncode: '00', jcxx })],
    [200, sealAnswer({ returncode: '00', nsrsbh: 'FIXED', fxnsrbz: 'N' })],
    [200, sealAnswer({ returncode: '00', slzslList: [] })],
    [200, sealAnswer({ returncode: '00', cezsbmList: [] })],
    [200, gzipSync(sealAnswer({ returncode: '00', sjc: '20261122', ssbmList: [] })), { 'content-encoding': 'gzip' }],
  ])

  const kinds = [
    await bureau.readProfile(address, options),
    await bureau.readRisk(address, options),
    await bureau.readRates(address, options),
    await bureau.readDifferentialCodes(address, options),
    await bureau.readClassifications(address, null, options),
  ].map((answer) => answer.kind)

  assert.deepEqual(kinds, ['read', 'read', 'read', 'read', 'read'])
  const question = '{"nsrsbh":"91310115MA1K00015K"}'
  assert.deepEqual(
    received.map(({ path, body, headers }) => [path.split('/').at(-2), body, headers.sxcsbz]),
    [
      ['CXNSRJBXX', question, '1'],
      ['CXNSRFXXX', question, '1'],
      ['CXKYSL', '{}', '1'],
      ['CXCEZSBM', '{}', '1'],
      ['CXSSFLBM', '{"nsrsbh":"91310115MA1K00015K","sjc":""}', '1'],
    ],
  )
})

test('an incremental code query with nothing new is empty; a full one is not', async (t) => {
  const nothing = sealAnswer({ returncode: '01', returnmsg: '未查询到税收分类编码信息' })
  const { bureau, options } = setup(t, [
    [200, nothing],
    [200, nothing],
  ])
  const increment = await bureau.readClassifications(UNIT, '20261121', options)
  const whole = await bureau.readClassifications(UNIT, null, options)
  assert.deepEqual(increment, { kind: 'read', value: { stamp: '20261121', changed: [] } })
  assert.equal(whole.kind, 'refused')
})

test('tables and profile are taken in clear, as printed examples show them', async (t) => {
  const data = { Response: { RequestId: 'r1', Data: { returncode: '00', slzslList: [] } } }
  const { bureau, options } = setup(t, [[200, JSON.stringify({ httpStatusCode: '200', body: data })]])
  assert.equal((await bureau.readRates(UNIT, options)).kind, 'read')
})

test('a closed door at a read parks the unit', async (t) => {
  const { bureau, options } = setup(t, [[403, 'Forbidden']])
  assert.equal((await bureau.readRisk(UNIT, options)).kind, 'unit_fault')
})

test('neither key nor content is found in logs, answers or the bureau itself', async (t) => {
  const buyer = { ...anInvoice().buyer, name: '不可泄露的购买方' }
  const said = sealAnswer({ returncode: '01', returnmsg: '购买方“不可泄露的购买方”有误' })
  const { bureau, logged, options } = setup(t, [
    [200, sealAnswer(ACCEPTED)],
    [200, said],
    [200, '{"httpStatusCode":"4057","body":""}'],
    [502, ''],
  ])
  const number = '26317000000000000001' as InvoiceNumber
  const frozen = bureau.draw(UNIT, anInvoice({ buyer }))(number, NOW)
  const answers: unknown[] = []
  for (let count = 0; count < 4; count += 1) answers.push(await bureau.upload(UNIT, [frozen], options))

  const inspected = inspect({ bureau, logged, answers }, { depth: 12, showHidden: true })
  const all = `${inspected}\n${JSON.stringify({ logged, answers })}`
  assert.equal(logged.length, 4)
  assert.ok(!all.includes(TEST_KEY))
  assert.ok(!all.includes(Buffer.from(TEST_KEY, 'hex').toString('base64')))
  assert.ok(!inspect(logged, { depth: 12 }).includes('不可泄露的购买方'))
})
