/**
 * Draws an invoice: with its number and the instant of freezing it becomes the one wire text that is ever sent for it.
 *
 * Pure and deterministic: the same input gives the same bytes. The text is stored before the first byte leaves and is
 * never made again, so nothing here may look at a clock or a table that changes.
 * Strings are put together by hand, a third of the time of building an object first; `JSON.stringify` quotes what
 * people wrote. Chinese is sent as it is, never as `\u` escapes, and control characters are dropped: both are the
 * bureau's rules.
 * Source: Leqi base capability document V4.000, QDFPSC; protocol 2.3; rulebook 2.10–2.13.
 */

import type { Buyer, Invoice, InvoiceLine, LineNature, Voucher } from '../../connector/invoice/invoice.js'
import type { Blank } from '../../connector/issuing/bureau.js'
import { type Amount, formatAmount } from '../../connector/kernel/amount.js'
import { Decimal } from '../../connector/kernel/decimal.js'
import { assert } from '../../connector/kernel/never.js'
import { chinaDateTime } from '../../connector/kernel/time.js'
import type { UsingUnit } from '../../connector/taxpayer/taxpayer.js'
import { toProvincialAuthority } from './region-codes.js'

/** Characters of `ip` and `macdz`: an IPv4 address fits, an IPv6 address does not. */
const DEVICE_LENGTH_MAX = 20

/** What the name of a natural person must end with; Leqi users append it themselves. Source: rulebook 2.12. */
const PERSON_SUFFIX = '（个人）'

/** 发票开具方式: issued from the company's own platform. */
const OWN_PLATFORM = '5'
/** 乐企开票模式: issued on payment, own use; only together with payments. */
const ISSUED_ON_PAYMENT = '01'

const NATURE: Readonly<Record<LineNature, string>> = { normal: '00', discount: '01', discounted: '02' }

/** Control characters, and halves of surrogate pairs, which JSON could only carry as `\u` escapes. */
const UNSENDABLE = /[\p{Cc}\p{Cs}]/gu

/** Fields of V4.000 that this connector never fills, by the place where they stand. */
const UNUSED = {
  special: ['tdys'],
  policies: ['sgfplxDm', 'ckywsyzcDm', 'zzsjzjtDm'],
  agent: ['gmfjbr', 'jbrsfzjhm', 'jbrsfzjzlDm', 'jbrgjhdqDm', 'jbrnsrsbh', 'gmfjbrlxdh'],
  settlement: ['skyhmc', 'skyhzh', 'jsfs', 'ysxwfsd'],
  drawerIdAndRed: ['kprzjhm', 'kprzjlx', 'dylzfphm', 'hzqrxxdbh', 'hzqrduuid'],
  device: ['cpuid', 'zbxlh'],
  flags: ['sfzsxsfyhzhbq', 'sfzsgmfyhzhbq'],
  extra: ['fjysmc', 'fjyslx', 'fjysz'],
  originalLine: ['dylzfpmxxh'],
} as const

export interface RenderOptions {
  /** IPv4 address and MAC of the issuing device. */
  deviceIp: string
  deviceMac: string
  /** Figures as JSON strings (what the bureau's samples show) or as JSON numbers. */
  wireNumbers?: 'string' | 'number'
  /** Optional fields without a value as `""` (the samples), or left out. */
  emptyOptional?: 'empty' | 'omit'
  /** Names of the voucher fields: base capability V4.000 or V6.006. */
  voucherKeys?: 'v4' | 'v6'
}

export type DrawInvoice = (unit: UsingUnit, invoice: Invoice) => Blank

/**
 * Makes the renderer.
 * Shape   JSON object of one invoice, fields in the order of V4.000
 * Units   amounts in yuan with exactly two decimals, issue time in China time
 * Errors  RangeError for an unusable device; Defect for a red invoice or a unit whose region is not known
 */
export function makeUploadRenderer(options: RenderOptions): DrawInvoice {
  assertDevice('deviceIp', options.deviceIp)
  assertDevice('deviceMac', options.deviceMac)
  const pen = makePen(options)
  const device = pen.text(',"ip":"', options.deviceIp) + pen.text(',"macdz":"', options.deviceMac) + pen.unused.device
  return (unit, invoice) => {
    assert(invoice.letter === 'blue', 'only blue invoices are rendered')
    const head =
      `","lzfpbz":"0"${pen.text(',"ptbh":"', unit.direct.leqiId)}` +
      `,"fppz":"${invoice.kind === 'special' ? '01' : '02'}"${toPersonFlag(pen, invoice.buyer)}` +
      `${pen.unused.special}${pen.text(',"qyDm":"', regionOf(unit))}${pen.text(',"cezslxDm":"', invoice.differential?.type ?? null)}` +
      pen.unused.policies
    const parties = toSeller(pen, unit, invoice) + toBuyer(pen, invoice.buyer)
    const totals =
      pen.amount(',"hjje":"', invoice.netAmount) +
      pen.amount(',"hjse":"', invoice.taxAmount) +
      pen.amount(',"jshj":"', invoice.grossAmount)
    const issue =
      pen.unused.settlement +
      pen.text(',"kpr":"', invoice.drawer === '' ? unit.settings.drawer : invoice.drawer) +
      pen.unused.drawerIdAndRed +
      `${pen.text(',"bz":"', invoice.remark)}${device}`
    const staff =
      `${pen.unused.flags}${pen.text(',"skrxm":"', invoice.payee)}${pen.text(',"fhrxm":"', invoice.reviewer)}` +
      `,"fpkjfsDm":"${OWN_PLATFORM}"`
    const beforeTime = toFlat(`${head}${parties}${totals}${issue},"kprq":"`)
    const afterTime = toFlat(`"${staff}${toLists(pen, invoice)}}`)
    return (number, issuedAt) => `{"fphm":"${number}${beforeTime}${chinaDateTime(issuedAt)}${afterTime}`
  }
}

/** A joined text is a tree of its parts until it is first read; a blank may be kept, so it is read and the parts freed. */
function toFlat(text: string): string {
  text.charCodeAt(0)
  return text
}

/**
 * Writes `,"name":value`; what an empty or a numeric value looks like is decided once. Every `start` is `,"name":"`,
 * written out where it is used: an upload has some fourteen thousand fields, and putting each start together anew
 * takes as long as all that follows it.
 */
interface Pen {
  voucherKeys: 'v4' | 'v6'
  text(start: string, value: string | null): string
  /** A text that is known to need no escaping. */
  plain(start: string, value: string): string
  amount(start: string, value: Amount): string
  /** A plain decimal or whole number. */
  figure(start: string, value: string): string
  /** Fields this connector never fills, ready made. */
  unused: Readonly<Record<keyof typeof UNUSED, string>>
}

function makePen(options: RenderOptions): Pen {
  const isOmitted = options.emptyOptional === 'omit'
  const isNumber = options.wireNumbers === 'number'
  const run = (names: readonly string[]) => (isOmitted ? '' : names.map((name) => `,"${name}":""`).join(''))
  const figure = (start: string, value: string) => (isNumber ? start.slice(0, -1) + value : `${start}${value}"`)
  return {
    voucherKeys: options.voucherKeys ?? 'v4',
    text(start, value) {
      if (value === null || value === '') return isOmitted ? '' : `${start}"`
      return isPlain(value) ? `${start}${value}"` : start.slice(0, -1) + toEscapedText(value)
    },
    plain(start, value) {
      return value === '' && isOmitted ? '' : `${start}${value}"`
    },
    amount: (start, value) => figure(start, formatAmount(value)),
    figure,
    unused: {
      special: run(UNUSED.special),
      policies: run(UNUSED.policies),
      agent: run(UNUSED.agent),
      settlement: run(UNUSED.settlement),
      drawerIdAndRed: run(UNUSED.drawerIdAndRed),
      device: run(UNUSED.device),
      flags: run(UNUSED.flags),
      extra: run(UNUSED.extra),
      originalLine: run(UNUSED.originalLine),
    },
  }
}

/** A JSON string without `\u` escapes. Most texts need nothing at all, so that is looked at first. */
function toEscapedText(text: string): string {
  return JSON.stringify(text.replace(UNSENDABLE, ''))
}

/** Neither quote, backslash, control character nor surrogate. A loop: a regular expression takes twice as long here. */
function isPlain(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index)
    if (code < 0x20 || code === 0x22 || code === 0x5c) return false
    if (code >= 0x7f && (code < 0xa0 || (code >= 0xd800 && code <= 0xdfff))) return false
  }
  return true
}

function toPersonFlag(pen: Pen, { isPerson }: Buyer): string {
  return isPerson === null ? pen.text(',"gmfzrrbz":"', null) : `,"gmfzrrbz":"${isPerson ? 'Y' : 'N'}"`
}

/** Contract: the bureau's own name of the taxpayer; address, phone and bank of the issuing settings. */
function toSeller(pen: Pen, unit: UsingUnit, { seller }: Invoice): string {
  const { settings } = unit
  return (
    pen.text(',"xsfnsrsbh":"', seller.taxNo) +
    pen.text(',"xsfmc":"', unit.profile?.name ?? seller.name) +
    pen.text(',"xsfdz":"', seller.address ?? settings.address) +
    pen.text(',"xsfdh":"', seller.phone ?? settings.phone) +
    pen.text(',"xsfkhh":"', seller.bank ?? settings.bank) +
    pen.text(',"xsfzh":"', seller.account ?? settings.account)
  )
}

function toBuyer(pen: Pen, buyer: Buyer): string {
  const isPerson = buyer.isPerson === true
  const needsSuffix = isPerson && !buyer.name.endsWith(PERSON_SUFFIX)
  return (
    pen.text(',"gmfnsrsbh":"', buyer.taxNo) +
    pen.text(',"gmfmc":"', needsSuffix ? buyer.name + PERSON_SUFFIX : buyer.name) +
    // Type, number and nationality: all three or none, and only for a natural person.
    pen.text(',"zrrzjlxDm":"', isPerson ? buyer.idType : null) +
    pen.text(',"zrrzjhm":"', isPerson ? buyer.idNo : null) +
    pen.text(',"zrrgjDm":"', isPerson ? buyer.nationality : null) +
    pen.text(',"gmfdz":"', buyer.address) +
    pen.text(',"gmfdh":"', buyer.phone) +
    pen.text(',"gmfkhh":"', buyer.bank) +
    pen.text(',"gmfzh":"', buyer.account) +
    pen.unused.agent
  )
}

function toLists(pen: Pen, invoice: Invoice): string {
  const { payments, extras, differential, lines } = invoice
  const paid = payments.map((each) =>
    toRow(pen.text(',"zfqdDm":"', each.channel) + pen.text(',"jydh":"', each.transactionNo)),
  )
  const mode = payments.length === 0 ? pen.text(',"lqkpmsDm":"', null) : `,"lqkpmsDm":"${ISSUED_ON_PAYMENT}"`
  const extra = extras.map((each) =>
    toRow(pen.text(',"fjysmc":"', each.name) + pen.text(',"fjyslx":"', each.type) + pen.text(',"fjysz":"', each.value)),
  )
  // The samples fill an unused list of extra elements with one empty row, and leave the other unused lists out.
  const noExtra = pen.unused.extra
  const extraRows = extra.length === 0 && noExtra !== '' ? [toRow(noExtra)] : extra
  const vouchers = differential?.vouchers ?? []
  return (
    mode +
    toList('zfxxList', paid) +
    (invoice.coalQuality === null ? '' : pen.text(',"mtpzxx":"', invoice.coalQuality)) +
    toLines(pen, lines) +
    toList('fjysList', extraRows) +
    toList(
      'cekcList',
      vouchers.map((each) => toVoucher(pen, each)),
    )
  )
}

function toLines(pen: Pen, lines: readonly InvoiceLine[]): string {
  let rows = ''
  let rate = { of: Decimal.ZERO, text: '0' }
  for (const line of lines) {
    // Lines of one order mostly share their rate.
    if (line.taxRate !== rate.of) rate = { of: line.taxRate, text: line.taxRate.toString() }
    rows += `${rows === '' ? '{' : ',{'}${toLine(pen, line, rate.text)}}`
  }
  return rows === '' ? '' : `,"fpmxList":[${rows}]`
}

/** The members of a row; the first has no comma. */
function toLine(pen: Pen, line: InvoiceLine, rate: string): string {
  const { deduction } = line
  return (
    pen.figure('"mxxh":"', String(line.lineNo)) +
    pen.unused.originalLine +
    toNames(pen, line) +
    pen.text(',"ggxh":"', line.model) +
    pen.text(',"dw":"', line.unit) +
    pen.text(',"sl":"', line.quantity) +
    pen.text(',"dj":"', line.unitPrice) +
    pen.amount(',"je":"', line.netAmount) +
    pen.figure(',"slv":"', rate) +
    pen.amount(',"se":"', line.taxAmount) +
    pen.amount(',"hsje":"', line.grossAmount) +
    (deduction === null ? pen.text(',"kce":"', null) : pen.amount(',"kce":"', deduction)) +
    pen.text(',"sphfwssflhbbm":"', line.taxCode) +
    `,"fphxz":"${NATURE[line.nature]}"` +
    pen.text(',"yhzcbs":"', line.preference) +
    pen.text(',"mtzl":"', line.coalKind)
  )
}

/** Short name and name stand in a line twice, once composed: they are looked at once. */
function toNames(pen: Pen, { shortName, name }: InvoiceLine): string {
  const composed = `*${shortName}*${name}`
  if (isPlain(shortName) && isPlain(name)) {
    return pen.plain(',"hwhyslwfwmc":"', composed) + pen.plain(',"spfwjc":"', shortName) + pen.plain(',"xmmc":"', name)
  }
  return pen.text(',"hwhyslwfwmc":"', composed) + pen.text(',"spfwjc":"', shortName) + pen.text(',"xmmc":"', name)
}

/** V6.006 renames kind and code, and has one field for the number of either sort of voucher. */
function toVoucher(pen: Pen, voucher: Voucher): string {
  const isLater = pen.voucherKeys === 'v6'
  const ids = isLater
    ? pen.text(',"cepzlxDm":"', voucher.kind) +
      pen.text(',"cepzdm":"', voucher.invoiceCode) +
      pen.text(',"cepzhm":"', voucher.voucherNumber ?? voucher.invoiceNumber)
    : pen.text(',"pzlx":"', voucher.kind) +
      pen.text(',"fpdm":"', voucher.invoiceCode) +
      pen.text(',"fphm":"', voucher.invoiceNumber) +
      pen.text(',"cepzhm":"', voucher.voucherNumber)
  return toRow(
    pen.figure(',"xh":"', String(voucher.lineNo)) +
      ids +
      pen.text(',"kjrq":"', voucher.issuedOn) +
      pen.amount(',"pzhjje":"', voucher.totalAmount) +
      pen.amount(',"bckcje":"', voucher.deductedAmount) +
      pen.text(',"bz":"', voucher.remark),
  )
}

/** An object from its members, each written with a leading comma. */
function toRow(members: string): string {
  return `{${members.slice(1)}}`
}

function toList(name: string, rows: readonly string[]): string {
  return rows.length === 0 ? '' : `,"${name}":[${rows.join(',')}]`
}

function regionOf(unit: UsingUnit): string {
  if (unit.region !== null) return unit.region
  assert(unit.profile !== null, 'a unit without region needs its profile before it issues')
  return toProvincialAuthority(unit.profile.taxBureauCode)
}

function assertDevice(name: string, value: string): void {
  const isUsable = value !== '' && value.length <= DEVICE_LENGTH_MAX && isPlain(value)
  if (!isUsable) throw new RangeError(`${name} must have 1 to ${DEVICE_LENGTH_MAX} printable characters`)
}
