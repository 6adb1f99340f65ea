import assert from 'node:assert/strict'
import { test } from 'node:test'
import { amount } from '../../../connector/kernel/amount.js'
import { instant } from '../../../connector/kernel/time.js'
import { aUsingUnit, NOW } from '../testing/builders.js'
import { parseClaim } from './numbers.js'
import { moveRequest, parseMove, parseQuota } from './quota.js'
import { classificationsQuery, parseClassifications, parseDifferentialCodes, parseRates } from './tables.js'
import { parseProfile, parseRisk } from './taxpayer.js'
import { parseReceipt, parseResults, uploadRequest } from './upload.js'
import { type Parsed, toRate } from './wire-values.js'

const ASKED = { taxNo: '91310115MA1K00015K', isSandbox: false, at: NOW }

function take<T>(result: Parsed<T>): T {
  assert.ok(result.kind === 'parsed', result.kind === 'odd' ? result.what : '')
  return result.value
}

function oddOf(result: Parsed<unknown>): string | null {
  return result.kind === 'odd' ? result.what : null
}

// Claims ----------------------------------------------------------------------------------------------------------------

const GRANT = { fpqshm: '26317000000000000001', fpzzhm: '26317000000000001000', lysl: '1000' }

test('takes a segment whose ends, count and year agree, by twenty-digit arithmetic', () => {
  const claim = (change: object, count = 1_000) => parseClaim({ ...GRANT, ...change }, { count, at: NOW })

  assert.deepEqual(take(claim({})), { first: GRANT.fpqshm, last: GRANT.fpzzhm, count: 1_000 })
  assert.deepEqual(take(claim({ lysl: 1_000 }, 5_000)).count, 1_000)
  assert.deepEqual(take(claim({ fpzzhm: GRANT.fpqshm, lysl: 1 })).count, 1)
})

test('takes no segment when any figure is odd', () => {
  const odd: object[] = [
    { fpqshm: undefined },
    { fpqshm: '2631700000000000001' },
    { fpqshm: 26_317_000 },
    { fpzzhm: '26317000000000001001' },
    { fpzzhm: '26317000000000000999' },
    { lysl: '999' },
    { lysl: '1001' },
    { lysl: '1e3' },
    { lysl: '' },
    { lysl: '-1000' },
    { fpqshm: '23317000000000000001', fpzzhm: '23317000000000001000' },
    { fpqshm: '29317000000000000001', fpzzhm: '29317000000000001000' },
  ]
  for (const change of odd) {
    const asked = { count: 1_000, at: NOW }
    assert.notEqual(oddOf(parseClaim({ ...GRANT, ...change }, asked)), null, JSON.stringify(change))
  }
  const backwards = { fpqshm: GRANT.fpzzhm, fpzzhm: GRANT.fpqshm, lysl: '1' }
  assert.notEqual(oddOf(parseClaim(backwards, { count: 1_000, at: NOW })), null)
})

test('a claim made in the old year may be answered in the new one', () => {
  const january = instant(Date.UTC(2027, 0, 1, 0, 0, 5))
  assert.equal(take(parseClaim(GRANT, { count: 1_000, at: january })).count, 1_000)
})

// Quota -----------------------------------------------------------------------------------------------------------------

const QUOTA = {
  ztsxbz: 'N',
  bysxed: '750000.00',
  kysyed: 250000.5,
  yxzed: '500000',
  yxzwsyed: '1234.56',
  sq: '202611',
}

test('reads quota figures as texts and as numbers', () => {
  assert.deepEqual(take(parseQuota(QUOTA)), {
    isSuspended: false,
    monthTotal: amount('750000.00'),
    availableAmount: amount('250000.50'),
    downloadedAmount: amount('500000.00'),
    downloadedUnusedAmount: amount('1234.56'),
    period: '2026-11',
    isUnlimited: false,
  })
})

test('sixteen nines mean no limit, with or without decimals', () => {
  for (const bysxed of ['9999999999999999', '9999999999999999.00']) {
    assert.equal(take(parseQuota({ ...QUOTA, bysxed, kysyed: bysxed })).isUnlimited, true)
  }
})

test('takes no quota when any figure is odd', () => {
  const odd: Record<string, unknown>[] = [
    { bysxed: '' },
    { kysyed: null },
    { kysyed: '1,000.00' },
    { kysyed: '1.234' },
    { yxzed: 'NaN' },
    { yxzwsyed: { value: 1 } },
    { ztsxbz: '' },
    { ztsxbz: 'X' },
    { sq: '2026' },
    { sq: '202613' },
  ]
  for (const change of odd) assert.notEqual(oddOf(parseQuota({ ...QUOTA, ...change })), null, JSON.stringify(change))
})

test('asks for a move under the stored serial, with two decimals even as a number', () => {
  const serial = `9876543210fedcba98760123456789abcdef0123${'f'.repeat(32)}`
  const move = { serial, direction: 'download', amount: amount('100000.00') } as const
  const ids = '"nsrsbh":"91310115MA1K00015K","ptbh":"0123456789abcdef0123"'

  assert.equal(moveRequest(aUsingUnit(), move, false), `{${ids},"sqlx":"0","sqed":"100000.00","ywlsh":"${serial}"}`)
  assert.equal(
    moveRequest(aUsingUnit(), { ...move, direction: 'return' }, true),
    `{${ids},"sqlx":"1","sqed":100000.00,"ywlsh":"${serial}"}`,
  )
})

test('reads the interval of a download, and knows when none was told', () => {
  const interval = { validFrom: '2026-11-01', validTo: '2026-12-15' }
  assert.deepEqual(take(parseMove({ syqjq: '20261101', syqjz: 20261215 })), interval)
  assert.deepEqual(take(parseMove({ syqjq: '2026-11-01 00:00:00', syqjz: '2026-12-15' })), interval)
  assert.deepEqual(take(parseMove({})), { validFrom: null, validTo: null })
  assert.notEqual(oddOf(parseMove({ syqjq: '20261301', syqjz: '20261215' })), null)
  assert.notEqual(oddOf(parseMove({ syqjq: '20261215', syqjz: '20261101' })), null)
})

// Upload and verdicts ---------------------------------------------------------------------------------------------------

test('an upload carries the frozen texts as they are, one to a hundred', () => {
  assert.equal(uploadRequest(['{"je":"1.00"}', '{"je": 2 }']), '[{"je":"1.00"},{"je": 2 }]')
  assert.throws(() => uploadRequest([]), { name: 'Defect' })
  assert.throws(() => uploadRequest(Array.from({ length: 101 }, () => '{}')), { name: 'Defect' })
})

test('an upload without a receipt number is odd', () => {
  assert.equal(take(parseReceipt({ sllsh: ' 0af1 ' })), '0af1')
  for (const sllsh of [undefined, null, '', '  ', {}, 'x'.repeat(65)]) {
    assert.equal(oddOf(parseReceipt({ sllsh })), 'sllsh')
  }
})

test('a verdict comes from the status alone', () => {
  const number = (end: number) => `2631700000000000${String(end).padStart(4, '0')}`
  const row = (end: number, status: unknown, message = '', Code?: string) => {
    return { fphm: number(end), status, message, ...(Code !== undefined && { Code }) }
  }
  const { rows, skippedCount } = take(
    parseResults({
      resultList: [
        row(1, '00'),
        row(2, '01'),
        row(3, '02', '数量乘单价与金额不符', 'E7'),
        row(4, '03', '重复上传'),
        row(5, 0),
        row(6, '99'),
        row(7, undefined),
        row(8, '02', '发票额度不足'),
        row(9, '02', '发票号码为[x]在数据库中已存在'),
        row(10, '00', '发票额度不足'),
        row(11, '1'),
        row(12, 'constructor'),
        { fphm: '123', status: '00' },
        'rubbish',
      ],
    }),
  )

  assert.deepEqual(
    rows.map(({ status, code, park }) => [status, code, park]),
    [
      ['issued', null, null],
      ['pending', null, null],
      ['refused', 'E7', null],
      ['repeated', null, null],
      ['issued', null, null],
      ['unknown', null, null],
      ['unknown', null, null],
      ['refused', null, 'quota_empty'],
      ['held', null, null],
      ['issued', null, null],
      ['unknown', null, null],
      ['unknown', null, null],
    ],
  )
  assert.equal(skippedCount, 2)
})

test('a number named twice with different verdicts has none', () => {
  const resultList = [
    { fphm: '26317000000000000001', status: '02', message: 'x' },
    { fphm: '26317000000000000001', status: '00' },
    { fphm: '26317000000000000002', status: '00' },
    { fphm: '26317000000000000002', status: '00' },
  ]
  const { rows } = take(parseResults({ resultList }))
  assert.deepEqual(
    rows.map((row) => [row.invoiceNumber, row.status]),
    [
      ['26317000000000000001', 'unknown'],
      ['26317000000000000002', 'issued'],
    ],
  )
})

test('a list may come as the text of a list or as one row', () => {
  const row = { fphm: '26317000000000000001', status: '00' }
  for (const resultList of [[row], JSON.stringify([row]), row, JSON.stringify(row)]) {
    assert.equal(take(parseResults({ resultList })).rows.length, 1)
  }
  assert.equal(oddOf(parseResults({ resultList: 'rubbish' })), 'resultList')
  assert.deepEqual(take(parseResults({})).rows, [])
})

// Taxpayer --------------------------------------------------------------------------------------------------------------

const PROFILE = {
  jcxx: {
    nsrsbh: ASKED.taxNo,
    nsrmc: '示例销售有限公司',
    nsrlx: '1',
    hydm: '5294',
    zgswskfjdm: '13101150000',
    xdpsdqybz: 'Y',
    nsrztdm: '03',
    yxqq: '2020-01-01',
    yxqz: null,
  },
  qyhyxzGrid: [
    { qyhyxzdm: '36,35', yxqq: '2024-01-01', yxqz: '' },
    { qyhyxzdm: '01', yxqq: '2020-01-01', yxqz: '2020-12-31' },
    { qyhyxzdm: '02', yxqq: '2027-01-01' },
  ],
}

test('reads a taxpayer’s profile with the natures valid today', () => {
  const expected = {
    name: '示例销售有限公司',
    taxpayerType: '1',
    industry: '5294',
    industryNatures: ['36', '35'],
    taxBureauCode: '13101150000',
    isPilot: true,
    statusCode: '03',
    typeValidFrom: '2020-01-01',
    typeValidTo: null,
    fetchedAt: NOW,
  }
  assert.deepEqual(take(parseProfile(PROFILE, ASKED)), expected)
  const flat = { ...PROFILE.jcxx, nsrlx: 1, nsrztdm: 3, qyhyxzGrid: PROFILE.qyhyxzGrid }
  assert.deepEqual(take(parseProfile(flat, ASKED)), expected)
})

test('a profile of another taxpayer is never taken, save in the sandbox with its fixed one', () => {
  const other = { ...PROFILE, jcxx: { ...PROFILE.jcxx, nsrsbh: '91310115MA1K00099X' } }
  assert.equal(oddOf(parseProfile(other, ASKED)), 'nsrsbh')
  assert.equal(take(parseProfile(other, { ...ASKED, isSandbox: true })).name, '示例销售有限公司')
  assert.equal(oddOf(parseRisk({ nsrsbh: '91310115MA1K00099X', fxnsrbz: 'N' }, ASKED)), 'nsrsbh')
})

test('a profile without a readable name, type, state or pilot flag is odd', () => {
  for (const change of [{ nsrmc: '' }, { nsrlx: '9' }, { nsrztdm: 'x' }, { xdpsdqybz: '' }]) {
    assert.notEqual(oddOf(parseProfile({ jcxx: { ...PROFILE.jcxx, ...change } }, ASKED)), null)
  }
})

test('reads risk with one- and two-character codes; without the flag it is odd', () => {
  const risk = { nsrsbh: ASKED.taxNo, fxnsrlx: '01', nsryjjb: '2', fxnsrbz: 'Y', nsrxydj: 'A' }
  assert.deepEqual(take(parseRisk(risk, ASKED)), {
    riskType: '01',
    warningLevel: '02',
    isRisk: true,
    fetchedAt: NOW,
  })
  const none = take(parseRisk({ nsrsbh: ASKED.taxNo, fxnsrbz: 'N', fxnsrlx: null }, ASKED))
  assert.deepEqual([none.riskType, none.warningLevel, none.isRisk], ['', '', false])
  assert.equal(oddOf(parseRisk({ nsrsbh: ASKED.taxNo }, ASKED)), 'fxnsrbz')
})

// Tables ----------------------------------------------------------------------------------------------------------------

test('reads rates, and leaves out and counts rows that cannot be read', () => {
  const row = { csxz: '1', slzsl: '0.13', yslbz: 'N', cszt: '0', yxqq: '2019-04-01', yxqz: '', tyrq: '' }
  const table = take(
    parseRates({
      count: 4,
      slzslList: [row, { ...row, csxz: 2, slzsl: 0.03, yslbz: 'Y', cszt: 1, tyrq: '2026-01-01' }, { csxz: '1' }, 7],
    }),
  )
  const common = { validFrom: '2019-04-01', validTo: null }
  assert.deepEqual(
    table.rows.map((each) => ({ ...each, rate: each.rate.toString() })),
    [
      { ...common, nature: 'rate', rate: '0.13', isFormer: false, isEnabled: true, stoppedOn: null },
      { ...common, nature: 'levy', rate: '0.03', isFormer: true, isEnabled: false, stoppedOn: '2026-01-01' },
    ],
  )
  assert.equal(table.skippedCount, 2)
  assert.equal(oddOf(parseRates({ slzslList: 'x' })), 'slzslList')
})

test('a rate is a fraction however it is written', () => {
  for (const text of ['13%', '13％', '13', '0.13', '0.130']) assert.equal(toRate(text)?.toString(), '0.13', text)
  assert.equal(toRate('1.5%')?.toString(), '0.015')
  assert.equal(toRate('0.5%')?.toString(), '0.005')
  assert.equal(toRate('0')?.toString(), '0')
  for (const text of ['', '免税', '-3%', '100%', '130']) assert.equal(toRate(text), null, text)
})

test('reads classification codes and the stamp to go on from', () => {
  const { stamp, rows, skippedCount } = take(
    parseClassifications({
      sjc: '20261122080000',
      count: '2',
      ssbmList: [
        {
          sphfwssflhbbm: '1060105010000000000',
          sphfwmc: '日用杯',
          sphfwfljc: '日用杂品',
          zzssl: '13%、9%',
          zsl: '3%',
          zzstsgl: '免税、不征税',
          cezs: 'N',
          jzjtdm: '01,02',
          sfhzx: 'N',
          qyrq: '2016-05-01',
          tyrq: null,
        },
        { sphfwssflhbbm: '106', sphfwmc: '不完整' },
      ],
    }),
  )
  assert.deepEqual([stamp, skippedCount], ['20261122080000', 1])
  assert.deepEqual(rows, [
    {
      code: '1060105010000000000',
      name: '日用杯',
      shortName: '日用杂品',
      taxRates: [toRate('13%'), toRate('9%')],
      levyRates: [toRate('3%')],
      specialManagement: ['免税', '不征税'],
      isSummary: false,
      allowsDifferential: false,
      refundCodes: ['01', '02'],
      validFrom: '2016-05-01',
      stoppedOn: null,
    },
  ])
  assert.equal(oddOf(parseClassifications({ ssbmList: [] })), 'sjc')
})

test('asks for the whole code table with an empty stamp', () => {
  assert.equal(classificationsQuery('T', null), '{"nsrsbh":"T","sjc":""}')
  assert.equal(classificationsQuery('T', '2026'), '{"nsrsbh":"T","sjc":"2026"}')
})

test('reads differential codes under both spellings of the list', () => {
  const row = {
    sphfwssflhbbm: '3040801010000000000',
    sfkycekp: 'Y',
    cekpsfkykzp: 'N',
    qekpsfkykzp: 'Y',
    ybnsrsl: '6%',
    ybnsrzsl: '5%、3%',
    xgmnsrzsl: '',
  }
  for (const answer of [{ cezsbmList: [row] }, { cezzbmList: [row] }]) {
    const [code] = take(parseDifferentialCodes(answer)).rows
    assert.ok(code)
    assert.deepEqual(
      [code.allowsDifferentialIssue, code.differentialAllowsSpecial, code.fullAllowsSpecial],
      [true, false, true],
    )
    assert.deepEqual(
      [code.generalRates, code.generalLevyRates, code.smallScaleLevyRates].map((rates) => rates.join()),
      ['0.06', '0.05,0.03', ''],
    )
  }
})
