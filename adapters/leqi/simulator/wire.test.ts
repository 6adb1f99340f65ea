/** The wire, byte by byte: what a client that knows only the protocol document meets. */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { type TestContext, test } from 'node:test'
import { startSimulator } from './simulator.js'
import { type Caller, callRaw, decryptRaw, encryptRaw, type RawOptions } from './testing/raw-client.js'
import { anInvoice } from './testing/sample-invoice.js'
import { makeSeller, startFrozen, TEST_NOW_MS, UNITS } from './testing/seller.js'

/** Protocol 2.3, key 0123456789abcdeffedcba9876543210. */
const VECTORS = [
  ['{}', 'YTY3o8tVQ6g96gvkwx7LGg=='],
  ['{"nsrsbh":"91110000TEST000001"}', 'PqMQ7vtTY8XA02/XhKJpZ+MfsTotBlL9H+ZkrPArofo='],
] as const
const SANDBOX_KEY = 'fedcba98765432100123456789abcdef'
const SALES = UNITS.sales

async function setup(t: TestContext, options: Parameters<typeof startFrozen>[1] = {}) {
  const simulator = await startFrozen(t, options)
  const caller = { url: simulator.url, ...SALES }
  const profile = (call: RawOptions = {}, other: Partial<Caller> = {}) =>
    callRaw({ ...caller, ...other }, 'CXNSRJBXX', { nsrsbh: SALES.taxNo }, call)
  return { simulator, caller, profile }
}

test('speaks the published cipher vectors', async (t) => {
  const { simulator } = await setup(t)
  const headers = { 'content-type': 'application/json', jrdwptbh: SALES.direct, sydwptbh: SALES.using, nlbm: '202007' }
  for (const [plain, base64] of VECTORS) assert.equal(encryptRaw(plain, SALES.key), base64)

  const response = await fetch(`${simulator.url}/access/v2/invoke/202007/CXKYSL/`, {
    method: 'POST',
    headers: { ...headers, fwbm: 'CXKYSL' },
    body: VECTORS[0][1],
  })

  const outer = JSON.parse(await response.text())
  assert.deepEqual(Object.keys(outer), ['httpStatusCode', 'body'])
  assert.equal(outer.httpStatusCode, '200')
  assert.equal(typeof outer.body, 'string')
  const inner = JSON.parse(outer.body)
  assert.deepEqual(Object.keys(inner), ['Response'])
  assert.deepEqual(Object.keys(inner.Response), ['RequestId', 'Data'])
  assert.match(inner.Response.RequestId, /^[0-9a-z]{16}$/)
  assert.match(inner.Response.Data, /^[A-Za-z0-9+/]+={0,2}$/)
  assert.equal(JSON.parse(decryptRaw(inner.Response.Data, SALES.key)).returncode, '00')
})

test('takes the path with and without the last slash, and the cipher text with line breaks', async (t) => {
  const { profile } = await setup(t)
  const broken = encryptRaw(JSON.stringify({ nsrsbh: SALES.taxNo }), SALES.key).replace(/.{20}/g, '$&\r\n ')
  assert.equal((await profile()).data.jcxx.nsrmc, '示例销售有限公司')
  assert.equal((await profile({ path: '/202007/CXNSRJBXX' })).data.returncode, '00')
  assert.equal((await profile({ body: broken })).data.returncode, '00')
})

test('answers 404 and 405 outside the protocol', async (t) => {
  const { profile, simulator } = await setup(t)
  assert.equal((await profile({ method: 'GET' })).status, 405)
  assert.equal((await profile({ path: '/202007/' })).status, 404)
  assert.equal((await fetch(`${simulator.url}/`)).status, 404)
})

const PLATFORM_CASES: readonly [code: string, name: string, options: RawOptions][] = [
  ['4054', 'an unknown direct unit', { headers: { jrdwptbh: 'ffffffffffffffffffff' } }],
  ['4054', 'no direct unit', { headers: { jrdwptbh: null } }],
  ['4055', 'an unknown using unit', { headers: { sydwptbh: 'ffffffffffffffffffff' } }],
  ['4033', 'a using unit of another direct unit', { headers: { sydwptbh: UNITS.chain.using } }],
  ['4049', 'a capability that is not subscribed', { path: '/202008/CXNSRJBXX/', headers: { nlbm: '202008' } }],
  ['4049', 'a capability header unlike the path', { headers: { nlbm: '203067' } }],
  ['4049', 'no capability header', { headers: { nlbm: null } }],
  ['4061', 'an unknown service', { path: '/202007/CXNSRJB/', headers: { fwbm: 'CXNSRJB' } }],
  ['4061', 'a service header unlike the path', { headers: { fwbm: 'CXKYSL' } }],
  ['4061', 'a name of the language itself', { path: '/202007/constructor/', headers: { fwbm: 'constructor' } }],
  ['4057', 'another content type', { headers: { 'content-type': 'text/plain' } }],
  ['4057', 'no base64', { body: '{"nsrsbh":"91310115MA1K00015K"}' }],
  ['4057', 'an empty body', { body: '' }],
  ['4057', 'no JSON inside', { body: encryptRaw('nsrsbh=1', UNITS.sales.key) }],
]
for (const [code, name, options] of PLATFORM_CASES) {
  test(`answers ${code} for ${name}`, async (t) => {
    const { profile } = await setup(t)
    const answer = await profile(options)
    assert.equal(answer.status, 200)
    assert.equal(answer.httpStatusCode, code)
    assert.equal(answer.cipherText, null)
  })
}

test('answers 4057 for another key', async (t) => {
  const { profile } = await setup(t)
  const answer = await profile({}, { key: '00000000000000000000000000000000' })
  assert.equal(answer.httpStatusCode, '4057')
})

test('answers 4067 for an address that is not registered', async (t) => {
  const { profile, simulator } = await setup(t)
  simulator.control.setUnit(SALES.direct, { allowedIps: ['192.0.2.1'] })
  assert.equal((await profile()).httpStatusCode, '4067')
  simulator.control.setUnit(SALES.direct, { allowedIps: ['192.0.2.1', '127.0.0.1'] })
  assert.equal((await profile()).httpStatusCode, '200')
})

test('answers 4032, 40321 and 40322 for units without grant or qualification', async (t) => {
  const { profile, simulator } = await setup(t)
  simulator.control.setUnit(SALES.using, { capabilities: [] })
  assert.equal((await profile()).httpStatusCode, '4032')
  simulator.control.setUnit(SALES.using, { capabilities: null, isDisqualified: true })
  assert.equal((await profile()).httpStatusCode, '40321')
  simulator.control.setUnit(SALES.direct, { isDisqualified: true })
  assert.equal((await profile()).httpStatusCode, '40322')
})

test('keeps the sandbox apart: own key, marks, books', async (t) => {
  const { profile, simulator, caller } = await setup(t)
  const free = { headers: { sxcsbz: '1' } }
  for (const base of ['/access/sandbox/v2/invoke', '/access/newsandbox/v2/invoke']) {
    const sandbox = { base, key: SANDBOX_KEY }
    assert.equal((await profile(free, sandbox)).data.returncode, '00')
    assert.equal((await profile({ headers: { ylbm: '911001' } }, sandbox)).data.returncode, '00')
    assert.equal((await profile({}, sandbox)).httpStatusCode, '4047')
    assert.equal((await profile({ headers: { sxcsbz: '1', ylbm: '911001' } }, sandbox)).httpStatusCode, '4047')
    assert.equal((await profile(free, { base })).httpStatusCode, '4057')
  }
  const sandbox = { ...caller, base: '/access/sandbox/v2/invoke', key: SANDBOX_KEY }
  const serial = `${SALES.using}${SALES.direct}${'s'.repeat(32)}`
  await callRaw(sandbox, 'QDFPPLFM', { nsrsbh: SALES.taxNo, lysl: '10', ywlsh: serial }, free)
  assert.equal(simulator.control.book('sandbox').taxpayers[0]?.segments[0]?.count, 10)
  assert.deepEqual(simulator.control.book().taxpayers, [])

  const { upload } = await makeSeller(simulator)
  const invoice = anInvoice({
    fphm: '26317000000000000001',
    ptbh: SALES.direct,
    xsfnsrsbh: SALES.taxNo,
    kprq: '2026-11-22 15:00:00',
  })
  assert.equal((await callRaw(sandbox, 'QDFPSC', [invoice], free)).httpStatusCode, '4063')
  const inside = { ...invoice, gmfnsrsbh: UNITS.small.taxNo }
  assert.equal((await callRaw(sandbox, 'QDFPSC', [inside], free)).data.returncode, '00')
  assert.equal((await upload(anInvoice({}))).data.returncode, '00')
})

test('sends the classification table compressed, and in pieces afterwards', async (t) => {
  const { simulator, caller } = await setup(t)
  const full = await callRaw(caller, 'CXSSFLBM', { nsrsbh: SALES.taxNo, sjc: '' })
  assert.equal(full.headers.get('content-encoding'), 'gzip')
  assert.equal(full.data.count, String(full.data.ssbmList.length))
  assert.ok(full.data.ssbmList.length > 80)
  const cup = full.data.ssbmList.find((row) => row.sphfwssflhbbm === '1080113000000000000')
  assert.deepEqual([cup?.sphfwfljc, cup?.zzssl, cup?.zsl, cup?.sfhzx], ['非金属矿物制品', '13%', '3%、1%', 'N'])

  const again = await callRaw(caller, 'CXSSFLBM', { nsrsbh: SALES.taxNo, sjc: full.data.sjc })
  assert.deepEqual(again.data, { returncode: '01', returnmsg: '未查询到税收分类编码信息' })

  simulator.control.setClassification('1060408990000000000', { stoppedOn: '2026-12-01' })
  const changed = await callRaw(caller, 'CXSSFLBM', { nsrsbh: SALES.taxNo, sjc: full.data.sjc })
  assert.deepEqual([changed.data.count, changed.data.ssbmList[0]?.tyrq], ['1', '2026-12-01'])
  assert.ok(changed.data.sjc > full.data.sjc)
})

test('tells rates and differential codes as texts', async (t) => {
  const { caller } = await setup(t)
  const rates = await callRaw(caller, 'CXKYSL', {})
  const [first] = rates.data.slzslList
  assert.deepEqual(first, {
    csxz: '1',
    slzsl: '0.13',
    yslbz: 'N',
    dyysl: '16%,17%',
    cszt: '0',
    yxqq: '2019-04-01',
    yxqz: '',
    tyrq: '',
  })
  const codes = await callRaw(caller, 'CXCEZSBM', {})
  const dispatch = codes.data.cezsbmList.find((row) => row.sphfwssflhbbm === '3040803010000000000')
  assert.deepEqual(
    [dispatch?.sfkycekp, dispatch?.ybnsrsl, dispatch?.ybnsrzsl, dispatch?.xgmnsrzsl],
    ['Y', '6%', '5%', '5%、3%、1%'],
  )
})

test('tells profile and risk of the using unit only', async (t) => {
  const { simulator, caller } = await setup(t)
  simulator.control.setTaxpayer(SALES.taxNo, {
    isPilot: false,
    statusCode: '05',
    riskType: '01',
    industryNatures: ['35'],
  })
  const { data } = await callRaw(caller, 'CXNSRJBXX', { nsrsbh: SALES.taxNo })
  assert.deepEqual([data.jcxx.xdpsdqybz, data.jcxx.nsrztdm, data.jcxx.nsrlx, data.jcxx.hydm], ['N', '05', '1', '5299'])
  assert.equal(data.qyhyxzGrid[0]?.qyhyxzdm, '35')
  assert.equal((await callRaw(caller, 'CXNSRFXXX', { nsrsbh: SALES.taxNo })).data.fxnsrlx, '01')
  const foreign = await callRaw(caller, 'CXNSRJBXX', { nsrsbh: UNITS.small.taxNo })
  assert.equal(foreign.data.returncode, '01')
})

test('refuses as an Error when it is told to', async (t) => {
  const { caller } = await setup(t, { refusalForm: 'error' })
  const answer = await callRaw(caller, 'CXNSRJBXX', {})
  assert.equal(answer.httpStatusCode, '200')
  assert.equal(answer.cipherText, null)
  assert.deepEqual(answer.error, { Code: '01', Message: '参数校验异常：纳税人识别号不能为空' })
})

test('limits calls per direct unit and capability until the penalty is over', async (t) => {
  const { profile, simulator } = await setup(t, { ratePerSecond: 2 })
  const chain = { url: simulator.url, ...UNITS.chain }
  const answers = [await profile(), await profile(), await profile()]
  assert.deepEqual(
    answers.map((each) => each.error?.Code ?? 'ok'),
    ['ok', 'ok', '01'],
  )
  assert.equal(answers[2]?.error?.Message, '当前访问请求较多，请5分钟后重试，将访问并发控制在2以内')
  assert.equal((await callRaw(chain, 'CXNSRJBXX', { nsrsbh: UNITS.chain.taxNo })).data.returncode, '00')

  simulator.control.setSettings({ ratePerSecond: 1_000 })
  assert.ok((await profile()).error, 'still limited')
  simulator.control.setClock({ mode: 'offset', offsetMs: 5 * 60_000 })
  assert.equal((await profile()).data.returncode, '00')
  assert.equal(simulator.control.counters().rateRefusalCount, 2)
})

test('tells its own time in the Date header', async (t) => {
  const { profile, simulator } = await setup(t)
  assert.equal((await profile()).headers.get('date'), new Date(TEST_NOW_MS).toUTCString())
  simulator.control.setClock({ mode: 'at', at: '2027-01-01 00:00:00', isFrozen: true })
  assert.equal((await profile()).headers.get('date'), 'Thu, 31 Dec 2026 16:00:00 GMT')
})

test('accepts strangers only when it may register them', async (t) => {
  const stranger = { ...SALES, direct: 'eeeeeeeeeeeeeeeeeeee', using: 'dddddddddddddddddddd' }
  const { profile } = await setup(t)
  assert.equal((await profile({}, stranger)).httpStatusCode, '4054')
  const open = await setup(t, { autoRegister: true })
  assert.equal((await callRaw({ ...stranger, url: open.simulator.url }, 'CXKYSL', {})).data.returncode, '00')
  const own = { nsrsbh: '91310115MA1K00090C' }
  assert.equal((await callRaw({ ...stranger, url: open.simulator.url }, 'CXNSRJBXX', own)).data.jcxx.nsrsbh, own.nsrsbh)
  const other = { nsrsbh: SALES.taxNo }
  assert.equal((await callRaw({ ...stranger, url: open.simulator.url }, 'CXNSRJBXX', other)).data.returncode, '01')
})

test('rejects a taken port and an unusable world', async (t) => {
  const blocker = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => blocker.once('listening', resolve))
  t.after(() => blocker.close())
  const address = blocker.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  await assert.rejects(startSimulator({ port }), /EADDRINUSE/)
  const unit = { leqiId: 'a', name: 'x', taxNo: '91310115MA1K00015K', key: '0'.repeat(32) }
  const world = {
    directUnits: [{ ...unit, usingUnits: [{ leqiId: 'b', taxNo: '91310115MA1K000319' }] }],
    taxpayers: [],
  }
  await assert.rejects(startSimulator({ world }), /using unit b names no taxpayer/)
})
