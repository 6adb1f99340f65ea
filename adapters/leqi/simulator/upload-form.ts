/**
 * The form of an uploaded invoice: which fields exist, which must be filled, how long they may be (L-25 and the
 * required ones). Written from the field table on its own; the connector's table is another one on purpose.
 *
 * A form that does not hold refuses the whole call (design D7); everything about the content is judged per invoice.
 * Invariant: after `readInvoice` every field is a text, empty when absent; a JSON number counts as its text.
 * Source: Leqi base capability document V4.000 with the fields of V5.001 and V6.006; lengths: rulebook 2.10.
 */

/** Digits of a money field, two of them decimals (number 18,2). */
const MONEY_PATTERN = /^-?\d{1,16}(\.\d{1,2})?$/
/** number 16,6. */
const RATE_PATTERN = /^\d{1,10}(\.\d{1,6})?$/
const PLACE_PATTERN = /^\d{1,8}$/
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding control characters is what it is for.
const CONTROL_PATTERN = /[\u0000-\u001f\u007f]/
/** Vouchers, payments, extra elements and lines that one invoice may list; beyond it the form is refused unread. */
const SUBLIST_LENGTH_MAX = 20_000
/** Faults told in one refusal; a broken client produces the same one for every line. */
const FORM_FAULT_COUNT_MAX = 5

interface FieldRule {
  /** Most characters. */
  max: number
  isRequired?: true
  as?: 'money' | 'rate' | 'place'
}

const YES_NO = { max: 1 }
const required = (max: number): FieldRule => ({ max, isRequired: true })
const upTo = (max: number): FieldRule => ({ max })
const MONEY: FieldRule = { max: 19, isRequired: true, as: 'money' }
const OPTIONAL_MONEY: FieldRule = { max: 19, as: 'money' }

const HEAD_FIELDS = {
  fphm: required(20),
  lzfpbz: required(1),
  ptbh: required(20),
  fppz: required(2),
  gmfzrrbz: YES_NO,
  tdys: upTo(2),
  qyDm: required(20),
  cezslxDm: upTo(2),
  sgfplxDm: upTo(2),
  ckywsyzcDm: upTo(2),
  zzsjzjtDm: upTo(2),
  xsfnsrsbh: required(20),
  xsfmc: required(300),
  xsfdz: upTo(300),
  xsfdh: upTo(60),
  xsfkhh: upTo(120),
  xsfzh: upTo(50),
  gmfnsrsbh: upTo(20),
  gmfmc: required(300),
  zrrzjlxDm: upTo(3),
  zrrzjhm: upTo(30),
  zrrgjDm: upTo(3),
  gmfdz: upTo(300),
  gmfdh: upTo(60),
  gmfkhh: upTo(120),
  gmfzh: upTo(50),
  gmfjbr: upTo(150),
  jbrsfzjhm: upTo(30),
  jbrsfzjzlDm: upTo(3),
  jbrgjhdqDm: upTo(3),
  jbrnsrsbh: upTo(20),
  gmfjbrlxdh: upTo(60),
  hjje: MONEY,
  hjse: MONEY,
  jshj: MONEY,
  skyhmc: upTo(120),
  skyhzh: upTo(100),
  jsfs: upTo(2),
  ysxwfsd: upTo(11),
  kpr: required(300),
  kprzjhm: upTo(30),
  kprzjlx: upTo(4),
  dylzfphm: upTo(20),
  hzqrxxdbh: upTo(20),
  hzqrduuid: upTo(32),
  bz: upTo(450),
  ip: required(20),
  macdz: required(20),
  cpuid: upTo(20),
  zbxlh: upTo(20),
  kprq: required(19),
  sfzsxsfyhzhbq: YES_NO,
  sfzsgmfyhzhbq: YES_NO,
  sfzsxsfdzdh: YES_NO,
  sfzsgmfdzdh: YES_NO,
  skrxm: upTo(150),
  fhrxm: upTo(75),
  fpkjfsDm: required(1),
  lqkpmsDm: upTo(2),
  mtpzxx: upTo(50),
  sszyfwxybh: upTo(20),
  sfkjsszyfwfppm: YES_NO,
  jyxxlyqdDm: upTo(2),
  xmDm: upTo(6),
  dcxfsywlxbq: upTo(2),
  zwhzyqtbs: upTo(1),
} satisfies Record<string, FieldRule>

const LINE_FIELDS = {
  mxxh: { max: 8, isRequired: true, as: 'place' },
  dylzfpmxxh: { max: 8, as: 'place' },
  hwhyslwfwmc: required(300),
  spfwjc: required(120),
  xmmc: required(600),
  ggxh: upTo(150),
  dw: upTo(300),
  sl: upTo(25),
  dj: upTo(25),
  je: MONEY,
  slv: { max: 17, isRequired: true, as: 'rate' },
  se: MONEY,
  hsje: MONEY,
  kce: OPTIONAL_MONEY,
  sphfwssflhbbm: required(19),
  fphxz: required(2),
  yhzcbs: upTo(2),
  mtzl: upTo(4),
} satisfies Record<string, FieldRule>

const PAYMENT_FIELDS = { zfqdDm: upTo(3), jydh: upTo(40), jylsh: upTo(50) } satisfies Record<string, FieldRule>

const EXTRA_FIELDS = { fjysmc: upTo(200), fjyslx: upTo(200), fjysz: upTo(200) } satisfies Record<string, FieldRule>

/** Both spellings: V4.000/V5.001 and V6.006. Source: Leqi protocol 8. Lengths are judged per invoice (L-103). */
const VOUCHER_FIELDS = {
  xh: upTo(450),
  pzlx: upTo(450),
  fpdm: upTo(450),
  fphm: upTo(450),
  cepzhm: upTo(450),
  kjrq: upTo(450),
  pzhjje: OPTIONAL_MONEY,
  bckcje: OPTIONAL_MONEY,
  bz: upTo(2000),
  cepzlxDm: upTo(450),
  cepzdm: upTo(450),
  ykcje: OPTIONAL_MONEY,
} satisfies Record<string, FieldRule>

type Form<T> = { [K in keyof T]: string }

/** A field table made ready once: an upload of 100 invoices has some fifteen thousand fields. */
interface RowKind<T> {
  /** The list in which such rows stand; empty for the head. */
  list: string
  fields: readonly (readonly [name: keyof T & string, rule: FieldRule])[]
  /**
   * A row whose fields are all empty. Each row read begins as its copy: an object that grows by sixty fields one by
   * one becomes a hash table, slow to build and to look into.
   */
  empty: Form<T>
}

const HEAD = toRowKind('', HEAD_FIELDS)
const LINE = toRowKind('fpmxList', LINE_FIELDS)
const PAYMENT = toRowKind('zfxxList', PAYMENT_FIELDS)
const EXTRA = toRowKind('fjysList', EXTRA_FIELDS)
const VOUCHER = toRowKind('cekcList', VOUCHER_FIELDS)

function toRowKind<T extends Record<string, FieldRule>>(list: string, table: T): RowKind<T> {
  const fields = Object.entries(table)
  // Every name of the table, and nothing else.
  const empty = Object.fromEntries(fields.map(([name]) => [name, ''])) as Form<T>
  return { list, fields, empty }
}

export type LineForm = Form<typeof LINE_FIELDS>
export type VoucherForm = Form<typeof VOUCHER_FIELDS>
export interface UploadedInvoice {
  head: Form<typeof HEAD_FIELDS>
  lines: readonly LineForm[]
  payments: readonly Form<typeof PAYMENT_FIELDS>[]
  extras: readonly Form<typeof EXTRA_FIELDS>[]
  vouchers: readonly VoucherForm[]
}

export type FormReading = { kind: 'read'; invoice: UploadedInvoice } | { kind: 'faulty'; faults: readonly string[] }

interface Reading {
  faults: string[]
  /** Whether the bytes hold a backslash at all; without one no text can hold a control character. */
  mayHoldControls: boolean
}

/**
 * Reads one element of the uploaded list.
 * Errors: the first few form faults, each with the rule's id and the field's name
 */
export function readInvoice(raw: unknown, options: { mayHoldControls: boolean }): FormReading {
  const reading: Reading = { faults: [], mayHoldControls: options.mayHoldControls }
  const root = asRecord(raw)
  if (root === null) return { kind: 'faulty', faults: ['[L-25] 发票应为JSON对象'] }
  const head = readRow(reading, root, HEAD, 0)
  const lines = readList(reading, root, LINE)
  const payments = readList(reading, root, PAYMENT)
  const extras = readList(reading, root, EXTRA)
  const vouchers = readList(reading, root, VOUCHER)
  if (lines.length === 0) reading.faults.push('[L-54] 发票明细列表fpmxList不能为空')
  if (reading.faults.length > 0) return { kind: 'faulty', faults: reading.faults }
  // The samples send lists of one object whose fields are all empty instead of an empty list.
  const filled = <T extends Record<string, string>>(rows: readonly T[]) => rows.filter(isFilled)
  return {
    kind: 'read',
    invoice: { head, lines, payments: filled(payments), extras: filled(extras), vouchers: filled(vouchers) },
  }
}

function readList<T extends Record<string, FieldRule>>(
  reading: Reading,
  root: Record<string, unknown>,
  kind: RowKind<T>,
): Form<T>[] {
  const name = kind.list
  const value = root[name]
  if (value === undefined || value === null || value === '') return []
  if (!Array.isArray(value)) {
    reading.faults.push(`[L-25] ${name}应为列表`)
    return []
  }
  if (value.length > SUBLIST_LENGTH_MAX) {
    reading.faults.push(`[L-54] ${name}超过${SUBLIST_LENGTH_MAX}项`)
    return []
  }
  const rows: Form<T>[] = []
  for (const [index, each] of value.entries()) {
    const record = asRecord(each)
    if (record === null) tell(reading, `[L-25] ${name}第${index + 1}项应为JSON对象`)
    else rows.push(readRow(reading, record, kind, index + 1))
  }
  return rows
}

/** @param place 1, 2, 3 … in its list, for the faults' texts. */
function readRow<T extends Record<string, FieldRule>>(
  reading: Reading,
  record: Record<string, unknown>,
  { list, fields, empty }: RowKind<T>,
  place: number,
): Form<T> {
  const form = { ...empty }
  const where = (name: string) => (list === '' ? name : `${list}第${place}项${name}`)
  for (const [name, rule] of fields) {
    const value = record[name]
    const text = typeof value === 'string' ? value : typeof value === 'number' ? String(value) : ''
    if (text !== '') {
      form[name] = text
      checkText(reading, rule, text, () => where(name))
    } else if (value !== undefined && value !== null && value !== '') {
      tell(reading, `[L-25] ${where(name)}类型不正确`)
    } else if (rule.isRequired === true) {
      tell(reading, `[L-25] ${where(name)}不能为空`)
    }
  }
  return form
}

function checkText(reading: Reading, rule: FieldRule, text: string, name: () => string): void {
  // Characters count, not UTF-16 units; the exact count is only needed where the units already exceed the limit.
  if (text.length > rule.max && countCharacters(text) > rule.max) tell(reading, `[L-25] ${name()}长度超过${rule.max}`)
  if (reading.mayHoldControls && CONTROL_PATTERN.test(text)) tell(reading, `[L-35] ${name()}含有控制字符`)
  if (rule.as === undefined) return
  const pattern = rule.as === 'money' ? MONEY_PATTERN : rule.as === 'rate' ? RATE_PATTERN : PLACE_PATTERN
  if (!pattern.test(text)) tell(reading, `[L-25] ${name()}格式不正确`)
}

/** Characters as the bureau counts them: a Chinese character is one. Source: rulebook 2.10. */
export function countCharacters(text: string): number {
  let count = 0
  for (const _ of text) count += 1
  return count
}

function tell(reading: Reading, fault: string): void {
  if (reading.faults.length < FORM_FAULT_COUNT_MAX) reading.faults.push(fault)
}

function asRecord(value: unknown): Record<string, unknown> | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null
  // A JSON object: string keys, unknown values.
  return value as Record<string, unknown>
}

function isFilled(row: Record<string, string>): boolean {
  return Object.values(row).some((text) => text !== '')
}
