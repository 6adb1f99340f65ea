/** Wire invoices that the bureau takes, and one for every rule that it does not; built from the rulebook, figure by figure. */
import type { SimulatorControl } from '../control.js'
import { aLine, anInvoice, anUntaxedLine, figures, type WireInvoice } from './sample-invoice.js'
import { UNITS, type UnitName } from './seller.js'

export interface RuleCase {
  /** What is wrong, in a few words. */
  name: string
  rule: string
  seller?: UnitName
  invoice: () => WireInvoice
  /** What the world must be like before, and how it gets well again. */
  before?: (control: SimulatorControl) => void
  after?: (control: SimulatorControl) => void
}

const SALES = UNITS.sales.taxNo
const PERSON = { gmfzrrbz: 'Y', gmfmc: '张先生（个人）', gmfnsrsbh: '' }
const CARD = '11010519491231002X'
const withCard = { ...PERSON, gmfnsrsbh: CARD, zrrzjlxDm: '201', zrrzjhm: CARD, zrrgjDm: '156' }
const special = { fppz: '01' }

const discounted = aLine({ fphxz: '02', ...figures('1000.00', '130.00', '1130.00') })
const discount = aLine({ fphxz: '01', ...figures('-150.00', '-19.50', '-169.50'), ggxh: '', dw: '' })

const COAL = { sphfwssflhbbm: '1020101000000000000', spfwjc: '煤炭', xmmc: '原煤', mtzl: '0300' }
const QUALITY = '每千克煤炭发热量：5500千卡、干基全硫：0.8%、干燥无灰基挥发分：30.5%'
const coalLine = aLine({ ...COAL, ...figures('10000000.00', '1300000.00', '11300000.00') })

/** Labour dispatch, 10,500.00 with 8,400.00 deducted at 5 %. */
const dispatch = (change: Record<string, string> = {}) =>
  aLine({
    sphfwssflhbbm: '3040803010000000000',
    spfwjc: '人力资源服务',
    xmmc: '劳务派遣',
    slv: '0.05',
    yhzcbs: '09',
    kce: '8400.00',
    ...figures('10400.00', '100.00', '10500.00'),
    ...change,
  })
const voucher = (change: Record<string, string> = {}) => ({
  xh: '1',
  pzlx: '01',
  fphm: '25312000000000000001',
  kjrq: '2026-11-01',
  pzhjje: '9000.00',
  bckcje: '8400.00',
  bz: '',
  ...change,
})
const differential = (head: Record<string, unknown> = {}, line = dispatch()) =>
  anInvoice({ cezslxDm: '02', cekcList: [voucher()], ...head }, [line])

const TELECOM_LINE = { sphfwssflhbbm: '3030100000000000000', spfwjc: '电信服务', xmmc: '月租费' }
const basicTelecom = aLine({ ...TELECOM_LINE, slv: '0.09', ...figures('100.00', '9.00', '109.00') })
const HOUSE = { sphfwssflhbbm: '5010102000000000000', spfwjc: '不动产', xmmc: '住宅', yhzcbs: '' }
const house = dispatch({ ...HOUSE, slv: '0.09', ...figures('10326.61', '173.39', '10500.00') })
const WATER = { sphfwssflhbbm: '1100301010000000000', spfwjc: '水冰雪', xmmc: '自来水' }
const water = dispatch({ ...WATER, slv: '0.03', yhzcbs: '08', ...figures('10438.83', '61.17', '10500.00') })

export const RIGHT: Omit<RuleCase, 'rule'>[] = [
  { name: 'a plain ordinary invoice', invoice: () => anInvoice({}) },
  { name: 'a special invoice', invoice: () => anInvoice(special) },
  { name: 'figures as JSON numbers', invoice: () => anInvoice({ hjje: 100, hjse: 13, jshj: 113 }) },
  { name: 'a buyer without tax number', invoice: () => anInvoice({ gmfnsrsbh: '' }) },
  { name: 'a person by surname', invoice: () => anInvoice(PERSON) },
  { name: 'a person with an identity card', invoice: () => anInvoice(withCard) },
  { name: 'an agent without country', invoice: () => anInvoice({ jbrsfzjzlDm: '210', jbrsfzjhm: 'H12345678' }) },
  { name: 'a discount', invoice: () => anInvoice({}, [discounted, discount]) },
  {
    name: 'a discount of 100 % beside another line',
    invoice: () => anInvoice({}, [discounted, fullDiscount(), aLine()]),
  },
  {
    name: 'payments',
    invoice: () => anInvoice({ lqkpmsDm: '01', zfxxList: [{ zfqdDm: '010', jydh: '4200000000202611220000000001' }] }),
  },
  { name: 'an exempt line beside a taxed one', invoice: () => anInvoice({}, [aLine(), exempt()]) },
  { name: 'an untaxed line alone', invoice: () => anInvoice({}, [anUntaxedLine('6010000000000000000', '预付卡销售')]) },
  {
    name: 'untaxed water beside a taxed line',
    invoice: () => anInvoice({}, [anUntaxedLine('6110000000000000000', '不征税自来水'), aLine()]),
  },
  {
    name: 'the aviation fund beside an air ticket',
    invoice: () => anInvoice({}, [anUntaxedLine('6130000000000000000', '代收民航发展基金'), airTicket()]),
  },
  { name: 'coal with its quality', invoice: () => anInvoice({ mtpzxx: QUALITY }, [coalLine]) },
  { name: 'a little coal', invoice: () => anInvoice({}, [aLine(COAL)]) },
  { name: 'the difference taxed', invoice: () => differential() },
  { name: 'a voucher in the later spelling', invoice: () => differential({ cekcList: [laterSpelling()] }) },
  {
    name: 'the full price taxed with a deduction',
    invoice: () => differential({ cezslxDm: '01' }, dispatch(figures('10000.00', '500.00', '10500.00'))),
  },
  {
    name: 'a telecom summary code of a telecom seller',
    seller: 'telecom',
    invoice: () => anInvoice({}, [basicTelecom]),
  },
  {
    name: 'untaxed telecom beside taxed telecom',
    seller: 'telecom',
    invoice: () => anInvoice({}, [anUntaxedLine('3030000000000000000', '电信服务'), basicTelecom]),
  },
  { name: 'a house of an asset manager', seller: 'assets', invoice: () => differential({}, house) },
  { name: 'water of a property manager', seller: 'property', invoice: () => differential({}, water) },
  {
    name: 'one per cent of a small-scale seller',
    seller: 'small',
    invoice: () => anInvoice({}, [aLine({ slv: '0.01', ...figures('100.00', '1.00', '101.00') })]),
  },
  {
    name: 'a former rate with authorisation',
    invoice: () => anInvoice({}, [formerRate()]),
    before: (control) => control.setTaxpayer(SALES, { hasFormerRateAuthorisation: true }),
    after: (control) => control.setTaxpayer(SALES, { hasFormerRateAuthorisation: false }),
  },
]

const trait = (rule: string, name: string, wrong: object, right: object): RuleCase => ({
  name,
  rule,
  invoice: () => anInvoice({}),
  before: (control) => control.setTaxpayer(SALES, wrong),
  after: (control) => control.setTaxpayer(SALES, right),
})

export const WRONG: RuleCase[] = [
  trait('L-01', 'a high-risk seller', { riskType: '01' }, { riskType: '' }),
  trait('L-02', 'a red warning', { warningLevel: '01' }, { warningLevel: '' }),
  trait('L-03', 'a marked seller', { isRisk: true }, { isRisk: false }),
  trait('L-04', 'a suspended seller', { statusCode: '04' }, { statusCode: '03' }),
  trait('L-05', 'no pilot company', { isPilot: false }, { isPilot: true }),
  trait('L-06', 'an expired type label', { typeValidTo: '2026-10-31' }, { typeValidTo: null }),
  { rule: 'L-09', name: 'a number of 19 digits', invoice: () => anInvoice({ fphm: '2631700000000000001' }) },
  { rule: 'L-09', name: 'a number of another year', invoice: () => anInvoice({ fphm: '25317000000000000001' }) },
  { rule: 'L-10', name: 'a number of no segment', invoice: () => anInvoice({ fphm: '26317000000000900000' }) },
  { rule: 'L-12', name: 'a date in another form', invoice: () => anInvoice({ kprq: '2026/11/22 15:00:00' }) },
  { rule: 'L-12', name: 'a date in the future', invoice: () => anInvoice({ kprq: '2026-11-22 16:10:00' }) },
  { rule: 'L-13', name: 'a date 48 hours ago', invoice: () => anInvoice({ kprq: '2026-11-20 16:00:00' }) },
  {
    rule: 'L-14',
    name: 'a confirmed month',
    invoice: () => anInvoice({}),
    before: (control) => control.setPeriod(SALES, { period: '202611', isConfirmed: true }),
    after: (control) => control.setPeriod(SALES, { period: '202611', isConfirmed: false }),
  },
  { rule: 'L-18', name: 'an unknown kind', invoice: () => anInvoice({ fppz: '09' }) },
  { rule: 'L-18', name: 'an unknown letter', invoice: () => anInvoice({ lzfpbz: '2' }) },
  { rule: 'L-19', name: 'a specific element', invoice: () => anInvoice({ tdys: '03' }) },
  { rule: 'L-22', name: 'an unknown export policy', invoice: () => anInvoice({ ckywsyzcDm: '09' }) },
  { rule: 'L-26', name: 'an unknown settlement', invoice: () => anInvoice({ jsfs: '07' }) },
  { rule: 'L-28', name: 'issuing by a third party', invoice: () => anInvoice({ fpkjfsDm: '4' }) },
  { rule: 'L-29', name: 'a payment without number', invoice: () => payments([{ zfqdDm: '010', jydh: '' }]) },
  { rule: 'L-29', name: 'an unknown channel', invoice: () => payments([{ zfqdDm: '015', jydh: '1' }]) },
  { rule: 'L-31', name: 'a payment mode without payments', invoice: () => anInvoice({ lqkpmsDm: '01' }) },
  { rule: 'L-33', name: 'an unknown display mark', invoice: () => anInvoice({ sfzsxsfyhzhbq: 'X' }) },
  {
    rule: 'L-37',
    name: 'a special invoice without tax number',
    invoice: () => anInvoice({ ...special, gmfnsrsbh: '' }),
  },
  { rule: 'L-38', name: 'a tax number of 14 characters', invoice: () => anInvoice({ gmfnsrsbh: '91310115MA1K00' }) },
  {
    rule: 'L-38',
    name: 'a tax number in small letters',
    invoice: () => anInvoice({ gmfnsrsbh: '91310115ma1k00023e' }),
  },
  { rule: 'L-39', name: 'an unknown person mark', invoice: () => anInvoice({ gmfzrrbz: 'X' }) },
  { rule: 'L-40', name: 'a person of one character', invoice: () => anInvoice({ ...PERSON, gmfmc: '张（个人）' }) },
  { rule: 'L-41', name: 'a person without the suffix', invoice: () => anInvoice({ ...PERSON, gmfmc: '张先生' }) },
  { rule: 'L-41', name: 'the suffix twice', invoice: () => anInvoice({ ...PERSON, gmfmc: '张先生（个人）（个人）' }) },
  { rule: 'L-43', name: 'a company with an identity', invoice: () => anInvoice({ zrrzjlxDm: '201' }) },
  { rule: 'L-44', name: 'half an identity', invoice: () => anInvoice({ ...withCard, zrrgjDm: '' }) },
  { rule: 'L-45', name: 'a military card', invoice: () => anInvoice({ ...withCard, zrrzjlxDm: '202' }) },
  {
    rule: 'L-46',
    name: 'a foreigner with an identity card',
    invoice: () => anInvoice({ ...withCard, zrrgjDm: '840' }),
  },
  { rule: 'L-47', name: 'a card that is not the tax number', invoice: () => anInvoice({ ...withCard, gmfnsrsbh: '' }) },
  { rule: 'L-48', name: 'a Taiwan permit of another country', invoice: () => identity('213', '12345678', '156') },
  { rule: 'L-49', name: 'a Hong Kong permit of Macau', invoice: () => identity('210', 'H12345678', '446') },
  { rule: 'L-49', name: 'a permit of neither', invoice: () => identity('210', 'X12345678', '344') },
  { rule: 'L-50', name: 'a residence card of neither', invoice: () => identity('237', '830000199001010017', '344') },
  {
    rule: 'L-51',
    name: 'a passport without tax number',
    invoice: () => ({ ...identity('208', 'P1', '840'), gmfnsrsbh: '' }),
  },
  { rule: 'L-52', name: 'an agent without number', invoice: () => anInvoice({ jbrsfzjzlDm: '201' }) },
  {
    rule: 'L-52',
    name: 'an agent with a permit of neither',
    invoice: () => anInvoice({ jbrsfzjzlDm: '210', jbrsfzjhm: 'X12345678' }),
  },
  {
    rule: 'L-52',
    name: 'an agent with a wrong country',
    invoice: () => anInvoice({ jbrsfzjzlDm: '227', jbrsfzjhm: 'E1', jbrgjhdqDm: '840' }),
  },
  { rule: 'L-53', name: 'a special invoice to a person', invoice: () => anInvoice({ ...withCard, ...special }) },
  {
    rule: 'L-54',
    name: '5,001 lines',
    invoice: () =>
      anInvoice(
        {},
        Array.from({ length: 5_001 }, () => aLine(figures('0.01', '0.00', '0.01'))),
      ),
  },
  { rule: 'L-55', name: 'another short name', invoice: () => oneLine({ spfwjc: '日用杂品' }) },
  { rule: 'L-56', name: 'a name without the stars', invoice: () => oneLine({ hwhyslwfwmc: '咖啡杯' }) },
  { rule: 'L-57', name: 'a quantity without price', invoice: () => oneLine({ dj: '' }) },
  { rule: 'L-57', name: 'a price that is no number', invoice: () => oneLine({ dj: '5e1' }) },
  { rule: 'L-58', name: 'an unknown code', invoice: () => oneLine({ sphfwssflhbbm: '1999999999999999999' }) },
  {
    rule: 'L-58',
    name: 'a stopped code',
    invoice: () => oneLine({ sphfwssflhbbm: '1060408990000000000', spfwjc: '玩具' }),
    before: (control) => control.setClassification('1060408990000000000', { stoppedOn: '2026-11-22' }),
  },
  {
    rule: 'L-59',
    name: 'a summary code',
    invoice: () => oneLine({ sphfwssflhbbm: '1000000000000000000', spfwjc: '货物' }),
  },
  { rule: 'L-60', name: 'a telecom code of another seller', invoice: () => anInvoice({}, [basicTelecom]) },
  {
    rule: 'L-61',
    name: 'a telecom node with tax',
    seller: 'telecom',
    invoice: () => oneLine({ ...TELECOM_LINE, sphfwssflhbbm: '3030000000000000000' }),
  },
  {
    rule: 'L-62',
    name: 'prepaid cards of a telecom seller on a special invoice',
    seller: 'telecom',
    invoice: () => anInvoice(special, [anUntaxedLine('6010000000000000000', '预付卡销售')]),
  },
  {
    rule: 'L-63',
    name: 'a rate outside the table',
    invoice: () => oneLine({ slv: '0.12', ...figures('100.00', '12.00', '112.00') }),
  },
  {
    rule: 'L-63',
    name: 'a stopped rate',
    invoice: () => oneLine({ slv: '0.17', ...figures('100.00', '17.00', '117.00') }),
  },
  {
    rule: 'L-64',
    name: 'a rate of other codes',
    invoice: () => oneLine({ slv: '0.06', ...figures('100.00', '6.00', '106.00') }),
  },
  { rule: 'L-65', name: 'a former rate without authorisation', invoice: () => anInvoice({}, [formerRate()]) },
  { rule: 'L-66', name: 'an unknown nature', invoice: () => oneLine({ fphxz: '03' }) },
  { rule: 'L-66', name: 'a discounted line at the end', invoice: () => anInvoice({}, [discounted]) },
  { rule: 'L-66', name: 'a discount first', invoice: () => anInvoice({}, [discount, aLine()]) },
  { rule: 'L-66', name: 'two discounts for one line', invoice: () => anInvoice({}, [discounted, discount, discount]) },
  {
    rule: 'L-67',
    name: 'a discount with a unit',
    invoice: () => anInvoice({}, [discounted, { ...discount, dw: '个' }]),
  },
  {
    rule: 'L-68',
    name: 'a pair with a deduction',
    invoice: () => anInvoice({}, [{ ...discounted, kce: '1.00' }, discount]),
  },
  {
    rule: 'L-69',
    name: 'a discount of another name',
    invoice: () => anInvoice({}, [discounted, aLine({ ...discount, xmmc: '杯' })]),
  },
  {
    rule: 'L-70',
    name: 'a discount above its line',
    invoice: () => anInvoice({}, [discounted, tooMuch(), aLine(), aLine()]),
  },
  {
    rule: 'L-71',
    name: 'a preference of other codes',
    invoice: () => oneLine({ yhzcbs: '08', slv: '0.03', ...figures('100.00', '3.00', '103.00') }),
  },
  { rule: 'L-71', name: 'an unknown preference', invoice: () => oneLine({ yhzcbs: '19' }) },
  {
    rule: 'L-72',
    name: 'exempt with a rate',
    invoice: () => anInvoice({}, [exempt({ slv: '0.09', ...figures('80.00', '7.20', '87.20') })]),
  },
  { rule: 'L-72', name: '5 % simplified at 3 %', invoice: () => anInvoice({}, [simplified('09', '0.03', '3.00')]) },
  { rule: 'L-73', name: 'exempt with tax', invoice: () => anInvoice({}, [exempt(figures('79.99', '0.01', '80.00'))]) },
  { rule: 'L-74', name: '1.5 %', invoice: () => anInvoice({}, [simplified('10', '0.015', '1.50')]) },
  {
    rule: 'L-75',
    name: 'a 6 code without 04',
    invoice: () => anInvoice({}, [anUntaxedLine('6010000000000000000', '预付卡销售', { yhzcbs: '' })]),
  },
  {
    rule: 'L-76',
    name: 'untaxed beside taxed',
    invoice: () => anInvoice({}, [anUntaxedLine('6010000000000000000', '预付卡销售'), aLine()]),
  },
  {
    rule: 'L-76',
    name: 'the aviation fund beside a cup',
    invoice: () => anInvoice({}, [anUntaxedLine('6130000000000000000', '代收民航发展基金'), airTicket(), aLine()]),
  },
  { rule: 'L-77', name: 'exempt on a special invoice', invoice: () => anInvoice(special, [exempt()]) },
  { rule: 'L-79', name: 'price times quantity', invoice: () => oneLine({ dj: '50.0051' }) },
  { rule: 'L-80', name: 'tax of a line', invoice: () => oneLine({ se: '13.07', hsje: '113.07' }) },
  { rule: 'L-81', name: 'tax of the invoice', invoice: () => anInvoice({}, Array.from({ length: 227 }, longLine)) },
  { rule: 'L-82', name: 'sum of net', invoice: () => anInvoice({ hjje: '100.02', jshj: '113.02' }) },
  { rule: 'L-83', name: 'net + tax ≠ gross', invoice: () => anInvoice({ jshj: '113.01' }) },
  { rule: 'L-84', name: 'net + tax ≠ gross of a line', invoice: () => oneLine({ hsje: '113.01' }) },
  { rule: 'L-85', name: 'gross worked back', invoice: () => oneLine({ se: '13.02', hsje: '113.02' }) },
  { rule: 'L-86', name: 'sum of tax', invoice: () => anInvoice({ hjse: '13.01', jshj: '113.01' }) },
  { rule: 'L-87', name: 'totals of zero', invoice: () => anInvoice({}, [discounted, fullDiscount()]) },
  {
    rule: 'L-88',
    name: 'a negative line',
    invoice: () => anInvoice({}, [aLine(), aLine(figures('-10.00', '-1.30', '-11.30'))]),
  },
  {
    rule: 'L-90',
    name: 'tax of a difference',
    invoice: () => differential({}, dispatch(figures('10399.93', '100.07', '10500.00'))),
  },
  { rule: 'L-91', name: 'a gap in the places', invoice: () => anInvoice({}, [aLine(), aLine({ mxxh: '3' })]) },
  {
    rule: 'L-92',
    name: 'two differential lines',
    invoice: () => anInvoice({ cezslxDm: '02' }, [dispatch(), dispatch()]),
  },
  { rule: 'L-93', name: 'a type without deduction', invoice: () => differential({}, dispatch({ kce: '' })) },
  { rule: 'L-93', name: 'a deduction without type', invoice: () => oneLine({ kce: '1.00' }) },
  { rule: 'L-93', name: 'a deduction above gross', invoice: () => differential({}, dispatch({ kce: '10500.01' })) },
  { rule: 'L-94', name: 'net ≠ gross − tax', invoice: () => differential({}, dispatch({ je: '10400.01' })) },
  {
    rule: 'L-95',
    name: 'a code that knows no difference',
    invoice: () => differential({}, { ...aLine({ kce: '50.00' }) }),
  },
  {
    rule: 'L-96',
    name: 'the difference of building works',
    invoice: () => differential({}, dispatch({ sphfwssflhbbm: '3050100000000000000', spfwjc: '建筑服务' })),
  },
  {
    rule: 'L-97',
    name: 'a levy rate without simplification',
    invoice: () => differential({}, dispatch({ yhzcbs: '' })),
  },
  { rule: 'L-98', name: 'water of a retailer', invoice: () => differential({}, water) },
  { rule: 'L-99', name: 'a house of a retailer', invoice: () => differential({}, house) },
  {
    rule: 'L-100',
    name: 'vouchers that do not add up',
    invoice: () => differential({ cekcList: [voucher({ bckcje: '8399.99' })] }),
  },
  { rule: 'L-100', name: 'no vouchers', invoice: () => differential({ cekcList: [] }) },
  {
    rule: 'L-100',
    name: 'a deduction above its voucher',
    invoice: () => differential({ cekcList: [voucher({ pzhjje: '8000.00' })] }),
  },
  {
    rule: 'L-101',
    name: 'a forbidden cell',
    invoice: () => differential({ cekcList: [voucher({ fpdm: '031002600111' })] }),
  },
  {
    rule: 'L-101',
    name: 'an unknown kind of voucher',
    invoice: () => differential({ cekcList: [voucher({ pzlx: '10' })] }),
  },
  {
    rule: 'L-102',
    name: 'an unnamed voucher',
    invoice: () => differential({ cekcList: [voucher({ pzlx: '09', fphm: '', kjrq: '' })] }),
  },
  {
    rule: 'L-103',
    name: 'a date of a voucher',
    invoice: () => differential({ cekcList: [voucher({ kjrq: '2026-02-30' })] }),
  },
  { rule: 'L-104', name: 'coal without its kind', invoice: () => oneLine({ ...COAL, mtzl: '' }) },
  { rule: 'L-104', name: 'a cup with a kind of coal', invoice: () => oneLine({ mtzl: '0300' }) },
  { rule: 'L-105', name: 'much coal without quality', invoice: () => anInvoice({}, [coalLine]) },
  { rule: 'L-105', name: 'quality without coal', invoice: () => anInvoice({ mtpzxx: QUALITY }) },
  {
    rule: 'L-106',
    name: 'quality in other words',
    invoice: () => anInvoice({ mtpzxx: QUALITY.replace('：', ':') }, [coalLine]),
  },
  {
    rule: 'L-107',
    name: 'quality and remark too long',
    invoice: () => anInvoice({ mtpzxx: QUALITY, bz: '备'.repeat(420) }, [coalLine]),
  },
  {
    rule: 'L-109',
    name: 'more than the quota',
    invoice: () => oneLine({ ...figures('90000000.00', '11700000.00', '101700000.00') }),
  },
  {
    rule: 'L-110',
    name: 'outside the window',
    invoice: () => anInvoice({}),
    before: (control) => control.setQuota(SALES, { window: { from: '20261101', to: '20261115' } }),
    after: (control) => control.setQuota(SALES, { window: { from: '20261101', to: '20261130' } }),
  },
  { rule: 'L-137', name: 'a red without sheet', invoice: () => anInvoice({ lzfpbz: '1' }) },
]

function oneLine(change: Record<string, string>): WireInvoice {
  return anInvoice({}, [aLine(change)])
}

function payments(list: object[]): WireInvoice {
  return anInvoice({ lqkpmsDm: '01', zfxxList: list })
}

function identity(kind: string, number: string, country: string): WireInvoice {
  return anInvoice({ ...PERSON, gmfnsrsbh: number, zrrzjlxDm: kind, zrrzjhm: number, zrrgjDm: country })
}

function exempt(change: Record<string, string> = {}) {
  const free = { slv: '0', yhzcbs: '03', ...figures('80.00', '0.00', '80.00') }
  return aLine({ sphfwssflhbbm: '1010112040000000000', spfwjc: '蔬菜', xmmc: '白菜', ...free, ...change })
}

function simplified(preference: string, rate: string, tax: string) {
  const code = { sphfwssflhbbm: '3040502020400000000', spfwjc: '经营租赁', xmmc: '商铺出租' }
  return aLine({ ...code, yhzcbs: preference, slv: rate, ...figures('100.00', tax, `10${tax}`) })
}

function airTicket() {
  const code = { sphfwssflhbbm: '3010301010100000000', spfwjc: '运输服务', xmmc: '机票' }
  return aLine({ ...code, slv: '0.09', ...figures('1000.00', '90.00', '1090.00') })
}

function formerRate() {
  return aLine({ slv: '0.16', ...figures('100.00', '16.00', '116.00') })
}

function fullDiscount() {
  return { ...discount, ...figures('-1000.00', '-130.00', '-1130.00') }
}

function tooMuch() {
  return { ...discount, ...figures('-1100.00', '-143.00', '-1243.00') }
}

function longLine() {
  return aLine(figures('176.88', '23.00', '199.88'))
}

function laterSpelling() {
  const { pzlx, ...rest } = voucher()
  return { ...rest, cepzlxDm: pzlx, ykcje: '0.00' }
}
