/** Numbers, quota, uploads and results: what is kept, what is refused, and what a repetition gets. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { callRaw, encryptRaw } from '../testing/raw-client.js'
import { aLine, anInvoice, anUntaxedLine, figures, type WireInvoice } from '../testing/sample-invoice.js'
import { aSerial, makeSeller, startFrozen, UNITS } from '../testing/seller.js'

const SALES = UNITS.sales
const HOUR_MS = 3_600_000

test('gives the same segment for the same serial, and none for another count', async (t) => {
  const simulator = await startFrozen(t)
  const caller = { url: simulator.url, ...SALES }
  const claim = (lysl: string | number, ywlsh: string, nsrsbh: string = SALES.taxNo) =>
    callRaw(caller, 'QDFPPLFM', { nsrsbh, lysl, ywlsh }).then((answer) => answer.data)
  const serial = aSerial(SALES)
  const first = await claim('1000', serial)
  assert.deepEqual(first, {
    returncode: '00',
    returnmsg: '成功',
    fpqshm: '26317000000000000001',
    fpzzhm: '26317000000000001000',
    lysl: '1000',
  })
  assert.deepEqual(await claim(1000, serial), first)
  assert.match((await claim('999', serial)).returnmsg, /^\[L-16\]/)
  assert.equal((await claim('1', aSerial(SALES))).fpqshm, '26317000000000001001')
  assert.equal((await claim('5000', aSerial(SALES))).returncode, '00')
  assert.match((await claim('5001', aSerial(SALES))).returnmsg, /^\[L-16\]/)
  for (const count of ['0', '-1', '1.5', '', 'x']) assert.equal((await claim(count, aSerial(SALES))).returncode, '01')
  assert.equal((await claim('1', 'x'.repeat(72))).returncode, '01')
  assert.equal((await claim('1', aSerial(SALES), UNITS.small.taxNo)).returncode, '01')
})

test('never gives one number to two sellers, and numbers by year and province', async (t) => {
  const simulator = await startFrozen(t)
  const claim = async (unit: (typeof UNITS)[keyof typeof UNITS]) => {
    const request = { nsrsbh: unit.taxNo, lysl: '10', ywlsh: aSerial(unit) }
    return (await callRaw({ url: simulator.url, ...unit }, 'QDFPPLFM', request)).data.fpqshm
  }
  assert.equal(await claim(UNITS.sales), '26317000000000000001')
  assert.equal(await claim(UNITS.telecom), '26317000000000000011')
  assert.equal(await claim(UNITS.chain), '26447000000000000001')
  simulator.control.setClock({ mode: 'at', at: '2027-01-01 00:00:00', isFrozen: true })
  assert.equal(await claim(UNITS.sales), '27317000000000000001')
})

test('moves quota once per serial and never beyond the bounds', async (t) => {
  const simulator = await startFrozen(t)
  const caller = { url: simulator.url, ...SALES }
  simulator.control.setQuota(SALES.taxNo, { total: '1000.00', otherUsed: '100.00' })
  const move = async (sqlx: string, sqed: string, ywlsh = aSerial(SALES)) =>
    (await callRaw(caller, 'XZTHSXED', { nsrsbh: SALES.taxNo, ptbh: SALES.direct, sqlx, sqed, ywlsh })).data
  const query = async () => (await callRaw(caller, 'CXSXED', { nsrsbh: SALES.taxNo })).data
  const serial = aSerial(SALES)
  const granted = { returncode: '00', returnmsg: '成功', syqjq: '20261101', syqjz: '20261130' }

  assert.deepEqual(await move('0', '600.00', serial), granted)
  assert.deepEqual(await move('0', '600', serial), granted)
  assert.match((await move('0', '600.01', serial)).returnmsg, /^\[L-113\]/)
  assert.match((await move('1', '600.00', serial)).returnmsg, /^\[L-113\]/)
  assert.match((await move('0', '300.01')).returnmsg, /^\[L-113\]/)
  assert.match((await move('1', '600.01')).returnmsg, /^\[L-113\]/)
  assert.deepEqual(await move('1', '100.00'), { returncode: '00', returnmsg: '成功' })
  for (const amount of ['0.00', '-1', '1e2', '']) assert.equal((await move('0', amount)).returncode, '01')
  const { ztsxbz, bysxed, kysyed, yxzed, yxzwsyed, sq } = await query()
  assert.deepEqual(
    [ztsxbz, bysxed, kysyed, yxzed, yxzwsyed, sq],
    ['N', '1000.00', '400.00', '500.00', '500.00', '202611'],
  )

  simulator.control.setTaxpayer(SALES.taxNo, { isQuotaSuspended: true })
  assert.match((await move('0', '1.00')).returnmsg, /^\[L-112\]/)
  assert.equal((await query()).ztsxbz, 'Y')
  assert.equal((await move('1', '1.00')).returncode, '00')
})

test('shows an on-demand taxpayer the sixteen nines, and still wants a download', async (t) => {
  const simulator = await startFrozen(t)
  const caller = { url: simulator.url, ...SALES }
  simulator.control.setTaxpayer(SALES.taxNo, { hasUnlimitedQuota: true })
  simulator.control.setQuota(SALES.taxNo, { total: '0.00' })
  const { verdict } = await makeSeller(simulator, 'sales', { quota: '100.00' })
  const { bysxed, kysyed, yxzwsyed } = (await callRaw(caller, 'CXSXED', { nsrsbh: SALES.taxNo })).data
  assert.deepEqual([bysxed, kysyed, yxzwsyed], ['9999999999999999', '9999999999999999', '100.00'])
  assert.equal((await verdict(anInvoice({}))).status, '00')
  assert.match((await verdict(anInvoice({}))).message, /\[L-109\]/)
})

test('ends the usage window on the filing deadline until the return is filed', async (t) => {
  const simulator = await startFrozen(t)
  simulator.control.setClock({ mode: 'at', at: '2026-12-01 09:00:00', isFrozen: true })
  simulator.control.setTaxpayer(SALES.taxNo, { isFiled: false })
  const move = async () => {
    const request = { nsrsbh: SALES.taxNo, ptbh: SALES.direct, sqlx: '0', sqed: '1.00', ywlsh: aSerial(SALES) }
    return (await callRaw({ url: simulator.url, ...SALES }, 'XZTHSXED', request)).data.syqjz
  }
  assert.equal(await move(), '20261215')
  simulator.control.setTaxpayer(SALES.taxNo, { isFiled: true })
  assert.equal(await move(), '20261231')
})

test('counts net, and only the sixteen untaxed codes', async (t) => {
  const simulator = await startFrozen(t)
  const { verdict } = await makeSeller(simulator, 'telecom', { quota: '250.00' })
  assert.equal((await verdict(anInvoice({}))).status, '00')
  assert.equal((await verdict(anInvoice({}, [anUntaxedLine('3030000000000000000', '电信服务')]))).status, '00')
  assert.equal((await verdict(anInvoice({}, [anUntaxedLine('6010000000000000000', '预付卡销售')]))).status, '00')
  const [account] = simulator.control.book().taxpayers
  assert.equal(account?.quota[0]?.used, '200.00')
  assert.match((await verdict(anInvoice({}))).message, /^\[L-109\]/)
  assert.equal((await verdict(anInvoice({}, [aLine(figures('50.00', '6.50', '56.50'))]))).status, '00')
})

test('tells 01 until the delay is over, then the verdict, for twelve hours', async (t) => {
  const simulator = await startFrozen(t, { verdictDelay: { minMs: 10_000, maxMs: 10_000, hiddenMs: 5_000 } })
  const { upload, result } = await makeSeller(simulator)
  const { data } = await upload(anInvoice({}), anInvoice({ fppz: '09' }))
  assert.match(data.sllsh, /^[0-9a-f]{32}$/)
  const at = async (offsetMs: number) => {
    simulator.control.setClock({ mode: 'offset', offsetMs })
    const told = (await result(data.sllsh)).data
    return told.resultList?.map((row) => row.status) ?? told.returnmsg
  }
  const notFound = '未查询到发票上传结果，请稍后再试'
  assert.equal(await at(4_999), notFound)
  assert.deepEqual(await at(5_000), ['01', '01'])
  assert.deepEqual(await at(14_999), ['01', '01'])
  assert.deepEqual(await at(15_000), ['00', '02'])
  assert.deepEqual(await at(12 * HOUR_MS - 1), ['00', '02'])
  assert.equal(await at(12 * HOUR_MS), notFound)
})

test('delays repeat with the seed', async (t) => {
  const statuses = async (seed: number) => {
    const simulator = await startFrozen(t, { seed, verdictDelay: { minMs: 0, maxMs: 10_000, hiddenMs: 0 } })
    const { upload, result } = await makeSeller(simulator)
    const { data } = await upload(...Array.from({ length: 40 }, () => anInvoice({})))
    simulator.control.setClock({ mode: 'offset', offsetMs: 5_000 })
    return (await result(data.sllsh)).data.resultList.map((row) => row.status).join('')
  }
  assert.equal(await statuses(7), await statuses(7))
  assert.notEqual(await statuses(7), await statuses(8))
})

test('answers 03 for a stored number and leaves the stored invoice untouched', async (t) => {
  const simulator = await startFrozen(t)
  const { verdict } = await makeSeller(simulator)
  const { fphm } = await verdict(anInvoice({ bz: '原始' }))
  const stored = simulator.control.invoice(fphm)
  const same = await verdict(anInvoice({ fphm, bz: '原始' }))
  assert.deepEqual(same, { fphm, status: '03', message: `发票号码为[${fphm}]在数据库中已存在` })
  assert.equal((await verdict(anInvoice({ fphm, bz: '另一张' }))).status, '03')
  const after = simulator.control.invoice(fphm)
  assert.deepEqual(after, { ...stored, repeatCount: 2, differentRepeatCount: 1 })
  assert.equal(simulator.control.book().taxpayers[0]?.quota[0]?.used, '100.00')
})

test('takes the number of a failed upload again', async (t) => {
  const simulator = await startFrozen(t)
  const { verdict } = await makeSeller(simulator)
  const failed = await verdict(anInvoice({ fppz: '09' }))
  assert.equal(failed.status, '02')
  assert.equal(simulator.control.invoice(failed.fphm), null)
  assert.deepEqual(await verdict(anInvoice({ fphm: failed.fphm })), {
    fphm: failed.fphm,
    status: '00',
    message: '上传成功',
  })
})

test('never tells or takes what belongs to another seller', async (t) => {
  const simulator = await startFrozen(t)
  const sales = await makeSeller(simulator, 'sales')
  const telecom = await makeSeller(simulator, 'telecom')
  const accepted = await sales.upload(anInvoice({}))
  assert.equal((await telecom.result(accepted.data.sllsh)).data.returncode, '01')
  const fphm = (await sales.result(accepted.data.sllsh)).data.resultList[0]?.fphm ?? ''
  const stolen = await telecom.verdict(anInvoice({ fphm }))
  assert.deepEqual([stolen.status, stolen.message], ['02', '[L-10] 发票号码不在当前开票方领用的号段内'])
  assert.equal(simulator.control.invoice(fphm)?.sellerTaxNo, SALES.taxNo)
})

test('refuses numbers of a void segment', async (t) => {
  const simulator = await startFrozen(t)
  const { verdict } = await makeSeller(simulator)
  simulator.control.voidSegments(SALES.taxNo)
  assert.match((await verdict(anInvoice({}))).message, /\[L-10\] 发票号码所在号段已作废/)
})

test('takes last year’s invoice after New Year, and closes the month on the 13th', async (t) => {
  const simulator = await startFrozen(t)
  simulator.control.setClock({ mode: 'at', at: '2026-12-31 23:00:00', isFrozen: true })
  const { verdict, nextNumber } = await makeSeller(simulator)
  const [first, second] = [nextNumber(), nextNumber()]
  simulator.control.setClock({ mode: 'at', at: '2027-01-01 01:00:00', isFrozen: true })
  assert.equal((await verdict(anInvoice({ fphm: first, kprq: '2026-12-31 23:30:00' }))).status, '00')
  const newYear = await verdict(anInvoice({ fphm: second, kprq: '2027-01-01 00:30:00' }))
  assert.match(newYear.message, /\[L-110\].*\[L-109\].*\[L-09\]/)
  simulator.control.setClock({ mode: 'at', at: '2027-01-13 00:00:00', isFrozen: true })
  const late = await verdict(anInvoice({ fphm: second, kprq: '2026-12-31 23:30:00' }))
  assert.match(late.message, /\[L-13\].*\[L-14\] 当前开票方开票日期所属年月已完成对账，不再允许上传此年月发票/)
})

const WHOLE_CALL: readonly [rule: string, name: string, invoices: () => WireInvoice[]][] = [
  ['L-15', 'an empty list', () => []],
  ['L-15', '101 invoices', () => Array.from({ length: 101 }, () => anInvoice({}))],
  [
    'L-10',
    'a number twice',
    () => [anInvoice({ fphm: '26317000000000000001' }), anInvoice({ fphm: '26317000000000000001' })],
  ],
  ['L-17', 'the platform id of the using unit', () => [anInvoice({ ptbh: SALES.using })]],
  ['L-23', 'another seller', () => [anInvoice({}), anInvoice({ xsfnsrsbh: UNITS.small.taxNo })]],
  ['L-25', 'no buyer name', () => [anInvoice({ gmfmc: '' })]],
  ['L-25', 'no issue date', () => [anInvoice({ kprq: undefined })]],
  ['L-25', 'a remark of 451 characters', () => [anInvoice({ bz: '备'.repeat(451) })]],
  ['L-25', 'three decimals', () => [anInvoice({ hjje: '100.001' })]],
  ['L-25', 'an exponent', () => [anInvoice({ hjje: '1e2' })]],
  ['L-25', 'an object where a text belongs', () => [anInvoice({ gmfmc: { name: 'x' } })]],
  ['L-25', 'a quantity of 26 characters', () => [anInvoice({}, [aLine({ sl: '1'.repeat(26) })])]],
  ['L-25', 'lines that are no list', () => [{ ...anInvoice({}), fpmxList: Object({}) }]],
  ['L-35', 'a control character', () => [anInvoice({ bz: '第一行\n第二行' })]],
  ['L-54', 'no lines', () => [anInvoice({}, [])]],
]
for (const [rule, name, invoices] of WHOLE_CALL) {
  test(`refuses the whole call for ${name}`, async (t) => {
    const simulator = await startFrozen(t)
    const { upload } = await makeSeller(simulator)
    const { data } = await upload(...invoices())
    assert.equal(data.returncode, '01')
    assert.ok(data.returnmsg.includes(`[${rule}]`), data.returnmsg)
    assert.equal(data.sllsh, undefined)
    assert.deepEqual(simulator.control.book().invoices, [])
  })
}

test('takes 450 characters beyond the basic plane, and a backslash that is none of an escape', async (t) => {
  const simulator = await startFrozen(t)
  const { verdict } = await makeSeller(simulator)
  assert.equal((await verdict(anInvoice({ bz: '𠮷'.repeat(450) }))).status, '00')
  assert.equal((await verdict(anInvoice({ bz: 'C:\\u0041' }))).status, '00')
})

test('refuses unicode escapes', async (t) => {
  const simulator = await startFrozen(t)
  const { caller, nextNumber, taxNo } = await makeSeller(simulator)
  const head = { fphm: nextNumber(), ptbh: caller.direct, xsfnsrsbh: taxNo, kprq: '2026-11-22 15:00:00' }
  const text = JSON.stringify([anInvoice(head)]).replace('咖', '\\u5496')
  const { data } = await callRaw(caller, 'QDFPSC', null, { body: encryptRaw(text, caller.key) })
  assert.match(data.returnmsg, /^\[L-35\]/)
})

test('answers a repeated upload as the switch says', async (t) => {
  const simulator = await startFrozen(t)
  const { upload, result } = await makeSeller(simulator)
  const batch = [anInvoice({ fphm: '26317000000000000001' }), anInvoice({ fphm: '26317000000000000002' })]
  const first = await upload(...batch)

  simulator.control.setSettings({ repeatedUpload: 'same-receipt' })
  assert.equal((await upload(...batch)).data.sllsh, first.data.sllsh)
  simulator.control.setSettings({ repeatedUpload: 'refuse-call' })
  assert.deepEqual((await upload(...batch)).data, {
    returncode: '01',
    returnmsg: '发票号码为[26317000000000000001]在数据库中已存在',
  })
  simulator.control.setSettings({ repeatedUpload: '02' })
  const { resultList } = (await result((await upload(...batch)).data.sllsh)).data
  assert.deepEqual(
    resultList.map((row) => row.status),
    ['02', '02'],
  )
})
