/**
 * The fields of an uploaded invoice (QDFPSC) as data: name, longest text, presence, form, version, in wire order.
 *
 * The renderer's tests and the simulator read the same facts here; neither takes a rule from the other.
 * `presence` follows the bureau's tables: `conditional` fields are required only under a rule of the rulebook.
 * Lengths count characters (rules 2.10). A field that is not of V4.000 is never sent by this connector.
 * Source: Leqi base capability document V4.000, with the additions of V5.001 and V6.006.
 */
import type { WireFigure } from './wire.js'

export interface UploadField {
  name: string
  /** Characters, sign and point included. */
  maxLength: number
  presence: 'always' | 'conditional' | 'optional'
  /** `amount`: number 18,2; `rate`: number 16,6; `decimal`: plain decimal text; `count`: whole number. */
  form: 'text' | 'amount' | 'rate' | 'decimal' | 'count' | 'dateTime' | 'date'
  since: 'V4.000' | 'V5.001' | 'V6.006'
}

/** Characters of a money field: 18 digits, point and sign. */
const AMOUNT_LENGTH = 20
/** Characters of a rate: 16 digits, point and sign. */
const RATE_LENGTH = 18

const always = (name: string, maxLength: number, form: UploadField['form'] = 'text') =>
  ({ name, maxLength, presence: 'always', form, since: 'V4.000' }) as const satisfies UploadField
const conditional = (name: string, maxLength: number, form: UploadField['form'] = 'text') =>
  ({ name, maxLength, presence: 'conditional', form, since: 'V4.000' }) as const satisfies UploadField
const optional = (
  name: string,
  maxLength: number,
  form: UploadField['form'] = 'text',
  since: UploadField['since'] = 'V4.000',
) => ({ name, maxLength, presence: 'optional', form, since }) as const satisfies UploadField

/** The head of an invoice. */
export const UPLOAD_HEAD_FIELDS: readonly UploadField[] = [
  always('fphm', 20),
  always('lzfpbz', 1),
  always('ptbh', 20),
  always('fppz', 2),
  optional('gmfzrrbz', 1),
  optional('tdys', 2),
  always('qyDm', 20),
  optional('cezslxDm', 2),
  optional('sgfplxDm', 2),
  optional('ckywsyzcDm', 2),
  optional('zzsjzjtDm', 2),
  always('xsfnsrsbh', 20),
  always('xsfmc', 300),
  optional('xsfdz', 300),
  optional('xsfdh', 60),
  optional('xsfkhh', 120),
  optional('xsfzh', 50),
  conditional('gmfnsrsbh', 20),
  always('gmfmc', 300),
  conditional('zrrzjlxDm', 3),
  conditional('zrrzjhm', 30),
  conditional('zrrgjDm', 3),
  optional('gmfdz', 300),
  optional('gmfdh', 60),
  optional('gmfkhh', 120),
  optional('gmfzh', 50),
  optional('gmfjbr', 150),
  conditional('jbrsfzjhm', 30),
  conditional('jbrsfzjzlDm', 3),
  optional('jbrgjhdqDm', 3),
  optional('jbrnsrsbh', 20),
  optional('gmfjbrlxdh', 60),
  always('hjje', AMOUNT_LENGTH, 'amount'),
  always('hjse', AMOUNT_LENGTH, 'amount'),
  always('jshj', AMOUNT_LENGTH, 'amount'),
  optional('skyhmc', 120),
  optional('skyhzh', 100),
  optional('jsfs', 2),
  optional('ysxwfsd', 11),
  always('kpr', 300),
  conditional('kprzjhm', 30),
  conditional('kprzjlx', 4),
  conditional('dylzfphm', 20),
  conditional('hzqrxxdbh', 20),
  conditional('hzqrduuid', 32),
  optional('bz', 450),
  always('ip', 20),
  always('macdz', 20),
  optional('cpuid', 20),
  optional('zbxlh', 20),
  always('kprq', 19, 'dateTime'),
  optional('sfzsxsfyhzhbq', 1),
  optional('sfzsgmfyhzhbq', 1),
  optional('sfzsxsfdzdh', 1, 'text', 'V5.001'),
  optional('sfzsgmfdzdh', 1, 'text', 'V5.001'),
  optional('skrxm', 150),
  optional('fhrxm', 75),
  always('fpkjfsDm', 1),
  conditional('lqkpmsDm', 2),
  conditional('mtpzxx', 50),
  optional('sszyfwxybh', 20, 'text', 'V5.001'),
  optional('sfkjsszyfwfppm', 1, 'text', 'V5.001'),
  optional('jyxxlyqdDm', 2, 'text', 'V6.006'),
  optional('xmDm', 6, 'text', 'V6.006'),
  optional('dcxfsywlxbq', 2, 'text', 'V6.006'),
  optional('zwhzyqtbs', 1, 'text', 'V6.006'),
]

/** A row of `fpmxList`, 明细. */
export const UPLOAD_LINE_FIELDS: readonly UploadField[] = [
  always('mxxh', 8, 'count'),
  conditional('dylzfpmxxh', 8, 'count'),
  always('hwhyslwfwmc', 300),
  always('spfwjc', 120),
  always('xmmc', 600),
  optional('ggxh', 150),
  optional('dw', 300),
  conditional('sl', 25, 'decimal'),
  conditional('dj', 25, 'decimal'),
  always('je', AMOUNT_LENGTH, 'amount'),
  always('slv', RATE_LENGTH, 'rate'),
  always('se', AMOUNT_LENGTH, 'amount'),
  always('hsje', AMOUNT_LENGTH, 'amount'),
  optional('kce', AMOUNT_LENGTH, 'amount'),
  always('sphfwssflhbbm', 19),
  always('fphxz', 2),
  optional('yhzcbs', 2),
  conditional('mtzl', 4),
]

/** A row of `zfxxList`, 支付信息. */
export const UPLOAD_PAYMENT_FIELDS: readonly UploadField[] = [
  conditional('zfqdDm', 3),
  conditional('jydh', 40),
  optional('jylsh', 50, 'text', 'V6.006'),
]

/** A row of `fjysList`, 附加要素. */
export const UPLOAD_EXTRA_FIELDS: readonly UploadField[] = [
  optional('fjysmc', 200),
  optional('fjyslx', 200),
  optional('fjysz', 200),
]

/** A row of `cekcList`, 差额扣除; V6.006 renames `pzlx` to `cepzlxDm` and `fpdm` to `cepzdm`. */
export const UPLOAD_VOUCHER_FIELDS: readonly UploadField[] = [
  optional('xh', 8, 'count'),
  optional('pzlx', 2),
  optional('fpdm', 12),
  optional('fphm', 30),
  optional('cepzhm', 40),
  optional('kjrq', 10, 'date'),
  optional('pzhjje', AMOUNT_LENGTH, 'amount'),
  optional('bckcje', AMOUNT_LENGTH, 'amount'),
  optional('bz', 450),
  optional('cepzlxDm', 2, 'text', 'V6.006'),
  optional('cepzdm', 20, 'text', 'V6.006'),
  optional('ykcje', AMOUNT_LENGTH, 'amount', 'V6.006'),
]

/** One uploaded invoice as it stands on the wire: the fields above and its four lists. */
export interface UploadInvoice {
  [field: string]: WireFigure | UploadRow[] | undefined
  fpmxList: UploadRow[]
  zfxxList?: UploadRow[]
  fjysList?: UploadRow[]
  cekcList?: UploadRow[]
}
export type UploadRow = Record<string, WireFigure>
