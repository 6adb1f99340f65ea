/** Head fields: kind, lengths, payments, remark, extras, characters. L-18, L-22, L-25, L-29, L-32, L-34, L-35. */
import { type Decimal, pow10 } from '../../kernel/decimal.js'
import type { Party } from '../invoice.js'
import type { DraftCheck, DraftLineCheck, InvoiceCheck, InvoiceLineCheck, Report } from './check.js'
import { UNIT_REMEDY } from './check.js'
import { PAYMENT_CHANNELS } from './code-lists.js'
import { MONEY_DIGITS, TEXT_LENGTHS_MAX } from './field-limits.js'
import { isBlank, isLongerThan } from './texts.js'

const AMOUNT_LIMIT_FEN = pow10(MONEY_DIGITS.total)
const AMOUNT_FLOOR_FEN = -AMOUNT_LIMIT_FEN

/** No text means it, and no database stores it. */
const NUL = '\0'
const BUYER_TEXTS = ['name', 'taxNo', 'idNo', 'address', 'phone', 'bank', 'account'] as const
const HEAD_TEXTS = ['remark', 'drawer', 'payee', 'reviewer', 'coalQuality'] as const
const VOUCHER_TEXTS = ['invoiceCode', 'invoiceNumber', 'voucherNumber', 'remark'] as const

/** The bureau's names of the draft's fields, by the last part of their path; `nameOf` says whose they are. */
const FIELD_NAMES: Readonly<Record<string, string>> = {
  name: '名称',
  taxNo: '识别号',
  address: '地址',
  phone: '电话',
  bank: '开户行',
  account: '账号',
  idNo: '证件号码',
  payee: '收款人',
  reviewer: '复核人',
  drawer: '开票人',
  remark: '备注',
  coalQuality: '煤炭品质信息',
  transactionNo: '交易单号',
  type: '类型',
  value: '值',
  model: '规格型号',
  unit: '单位',
  amount: '金额',
  discountAmount: '折扣金额',
  orderDiscount: '整单优惠',
  expectedGross: '含税总额',
  deduction: '扣除额',
  invoiceCode: '发票代码',
  invoiceNumber: '发票号码',
  voucherNumber: '差额凭证号码',
}

const KINDS: ReadonlySet<string> = new Set(['ordinary', 'special'])
const LETTERS: ReadonlySet<string> = new Set(['blue', 'red'])
const DIFFERENTIAL_TYPES: ReadonlySet<string> = new Set(['01', '02'])

export const HEAD_DRAFT_CHECKS: readonly DraftCheck[] = [
  {
    id: 'L-18',
    appliesTo: 'draft',
    title: '发票票种、蓝字发票标志',
    condition: 'the kind is neither special nor ordinary, or the letter neither blue nor red',
    reaction: 'block',
    section: '12.3',
    sources: ['S1'],
    passes: 'a blue special invoice',
    fails: 'a kind of another capability',
    run: ({ draft }, report) => {
      if (!KINDS.has(draft.kind)) report('/kind', `未知的发票票种 ${draft.kind}`, `unknown kind ${draft.kind}`)
      if (!LETTERS.has(draft.letter))
        report('/letter', `未知的蓝红字标志 ${draft.letter}`, `unknown letter ${draft.letter}`)
    },
  },
  {
    id: 'L-22',
    appliesTo: 'draft',
    title: '差额征税类型、收购、出口、即征即退代码',
    condition: 'the differential type is neither 01 nor 02 (the other three are never sent by the base capability)',
    reaction: 'block',
    section: '2.6',
    sources: ['S1'],
    passes: 'a differential of type 02',
    fails: 'a differential of type 03',
    run: ({ draft: { differential } }, report) => {
      if (differential !== null && !DIFFERENTIAL_TYPES.has(differential.type)) {
        report(
          '/differential/type',
          `差额征税类型 ${differential.type} 不是 01 或 02`,
          `the differential type ${differential.type} is neither 01 nor 02`,
        )
      }
    },
  },
  {
    id: 'L-25',
    appliesTo: 'draft',
    title: '各项文字长度',
    condition: 'a text of the head is longer than its field',
    reaction: 'block',
    section: '2.10',
    sources: ['S1'],
    passes: 'a buyer account of 50 characters',
    fails: 'a buyer account of 51 characters',
    run: ({ draft: { buyer, payee, reviewer } }, report) => {
      checkLength(report, '/buyer', 'address', buyer.address, TEXT_LENGTHS_MAX.address)
      checkLength(report, '/buyer', 'phone', buyer.phone, TEXT_LENGTHS_MAX.phone)
      checkLength(report, '/buyer', 'bank', buyer.bank, TEXT_LENGTHS_MAX.bank)
      checkLength(report, '/buyer', 'account', buyer.account, TEXT_LENGTHS_MAX.account)
      checkLength(report, '/buyer', 'idNo', buyer.idNo, TEXT_LENGTHS_MAX.idNo)
      checkLength(report, '', 'payee', payee, TEXT_LENGTHS_MAX.payee)
      checkLength(report, '', 'reviewer', reviewer, TEXT_LENGTHS_MAX.reviewer)
    },
  },
  {
    id: 'L-25',
    part: 'money',
    appliesTo: 'draft',
    title: '整单金额',
    condition: 'an amount of the head has parts of a fen, or more than 18 digits',
    reaction: 'block',
    section: '2.1',
    sources: ['S1'],
    passes: 'an order discount of 0.01',
    fails: 'an order discount of 0.001',
    run: ({ draft: { orderDiscount, expectedGross, differential } }, report) => {
      checkMoney(report, '', 'orderDiscount', orderDiscount)
      checkMoney(report, '', 'expectedGross', expectedGross)
      checkMoney(report, '/differential', 'deduction', differential?.deduction ?? null)
    },
  },
  {
    id: 'L-29',
    appliesTo: 'draft',
    title: '支付渠道、交易单号',
    condition: 'one without the other, a channel outside the list, or a transaction number of more than 40 characters',
    reaction: 'block',
    section: '2.13',
    sources: ['S1'],
    passes: 'a payment by 009 支付宝 with its transaction number',
    fails: 'a payment by 009 支付宝 without a transaction number',
    run: ({ draft: { payments } }, report) => {
      payments.forEach(({ channel, transactionNo }, index) => {
        const path = `/payments/${index}`
        if (!PAYMENT_CHANNELS.has(channel)) {
          report(
            `${path}/channel`,
            `支付渠道 ${channel || '为空'} 不在代码表中`,
            `payment channel '${channel}' is not in the list`,
          )
        }
        if (isBlank(transactionNo)) {
          report(`${path}/transactionNo`, '有支付渠道而没有交易单号', 'a payment channel without a transaction number')
        }
        checkLength(report, path, 'transactionNo', transactionNo, TEXT_LENGTHS_MAX.transactionNo)
      })
    },
  },
  {
    id: 'L-32',
    appliesTo: 'draft',
    title: '备注',
    condition: 'more than 450 characters on a blue invoice, 382 on a red one',
    reaction: 'block',
    section: '2.10',
    sources: ['S1'],
    passes: 'a remark of 450 characters, each of two UTF-16 units',
    fails: 'a remark of 451 characters',
    run: ({ draft: { remark, letter } }, report) => {
      checkLength(
        report,
        '',
        'remark',
        remark,
        letter === 'red' ? TEXT_LENGTHS_MAX.remarkRed : TEXT_LENGTHS_MAX.remarkBlue,
      )
    },
  },
  {
    id: 'L-34',
    appliesTo: 'draft',
    title: '附加要素',
    condition: 'a name, type or value of more than 200 characters',
    reaction: 'block',
    section: '2.10',
    sources: ['S1'],
    passes: 'an extra value of 200 characters',
    fails: 'an extra value of 201 characters',
    run: ({ draft: { extras } }, report) => {
      extras.forEach((extra, index) => {
        checkLength(report, `/extras/${index}`, 'name', extra.name, TEXT_LENGTHS_MAX.extra)
        checkLength(report, `/extras/${index}`, 'type', extra.type, TEXT_LENGTHS_MAX.extra)
        checkLength(report, `/extras/${index}`, 'value', extra.value, TEXT_LENGTHS_MAX.extra)
      })
    },
  },
  {
    id: 'L-35',
    part: 'broken',
    appliesTo: 'draft',
    title: '全文字符',
    condition: 'a NUL character in a text of the head; other control characters are dropped',
    reaction: 'block',
    section: '2.10',
    sources: ['inferred'],
    isSwitchable: true,
    passes: 'a remark with a line break and an emoji',
    fails: 'a remark with a NUL character',
    run: ({ draft }, report) => {
      const { buyer } = draft
      for (const field of BUYER_TEXTS) checkBroken(report, '/buyer', field, buyer[field])
      for (const field of HEAD_TEXTS) checkBroken(report, '', field, draft[field])
      draft.payments.forEach(({ transactionNo }, index) => {
        checkBroken(report, `/payments/${index}`, 'transactionNo', transactionNo)
      })
      draft.extras.forEach(({ name, type, value }, index) => {
        checkBroken(report, '/extras', String(index), name + type + value)
      })
      draft.differential?.vouchers.forEach((voucher, index) => {
        for (const field of VOUCHER_TEXTS) {
          checkBroken(report, `/differential/vouchers/${index}`, field, voucher[field])
        }
      })
    },
  },
]

export const HEAD_LINE_CHECKS: readonly DraftLineCheck[] = [
  {
    id: 'L-25',
    part: 'line',
    appliesTo: 'draft line',
    title: '规格型号、单位、金额',
    condition: 'a model or unit is longer than its field, or an amount has parts of a fen or more than 18 digits',
    reaction: 'block',
    section: '2.1, 2.10',
    sources: ['S1'],
    passes: 'a line with a model of 150 characters',
    fails: 'a line whose amount has three decimals',
    run: ({ line, path }, report) => {
      if (line.model !== null) checkLength(report, path, 'model', line.model, TEXT_LENGTHS_MAX.model)
      if (line.unit !== null) checkLength(report, path, 'unit', line.unit, TEXT_LENGTHS_MAX.unit)
      if (line.amount !== null) checkMoney(report, path, 'amount', line.amount)
      if (line.discountAmount !== null) checkMoney(report, path, 'discountAmount', line.discountAmount)
    },
  },
  {
    id: 'L-35',
    part: 'line',
    appliesTo: 'draft line',
    title: '明细字符',
    condition: 'a NUL character in a text of a line; other control characters are dropped',
    reaction: 'block',
    section: '2.10',
    sources: ['inferred'],
    isSwitchable: true,
    passes: 'an item name with a tabulator',
    fails: 'an item name with a NUL character',
    run: ({ line, path }, report) => {
      checkBroken(report, path, 'name', line.name)
      checkBroken(report, path, 'model', line.model)
      checkBroken(report, path, 'unit', line.unit)
    },
  },
]

export const HEAD_INVOICE_CHECKS: readonly InvoiceCheck[] = [
  {
    id: 'L-25',
    part: 'seller',
    appliesTo: 'invoice',
    title: '销售方地址、电话、开户行、账号',
    condition: "a text of the seller's settings is longer than its field",
    reaction: 'block',
    section: '2.10',
    sources: ['S1'],
    passes: 'a seller phone of 60 characters',
    fails: 'a seller phone of 61 characters',
    run: ({ invoice: { seller } }, report) => {
      if (hasOverlongContact(seller)) {
        report(
          '',
          '销售方的地址、电话、开户行或账号超过规定长度（300、60、120、50 个字符）',
          "the seller's address, phone, bank or account is longer than 300, 60, 120 or 50 characters",
          UNIT_REMEDY,
        )
      }
    },
  },
  {
    id: 'L-25',
    part: 'total',
    appliesTo: 'invoice',
    title: '合计金额、合计税额、价税合计',
    condition: 'a total of more than 18 digits',
    reaction: 'block',
    section: '2.1',
    sources: ['S1'],
    passes: 'a total of eighteen digits',
    fails: 'a total of nineteen digits',
    run: ({ invoice: { netAmount, taxAmount, grossAmount } }, report) => {
      if (isTooLarge(netAmount) || isTooLarge(taxAmount) || isTooLarge(grossAmount)) {
        report('', `合计金额超过 ${MONEY_DIGITS.total} 位`, `a total has more than ${MONEY_DIGITS.total} digits`)
      }
    },
  },
]

export const HEAD_INVOICE_LINE_CHECKS: readonly InvoiceLineCheck[] = [
  {
    id: 'L-25',
    part: 'amounts',
    appliesTo: 'invoice line',
    title: '明细金额、税额、含税金额',
    condition: 'an amount of a line of more than 18 digits',
    reaction: 'block',
    section: '2.1',
    sources: ['S1'],
    passes: 'a line amount of eighteen digits',
    fails: 'a line amount of nineteen digits',
    run: ({ line, path, name, nameEn }, report) => {
      if (isTooLarge(line.netAmount) || isTooLarge(line.taxAmount) || isTooLarge(line.grossAmount)) {
        report(
          `${path}/amount`,
          `${name}金额超过 ${MONEY_DIGITS.total} 位`,
          `an amount of ${nameEn} has more than ${MONEY_DIGITS.total} digits`,
        )
      }
    },
  },
]

/** Here and below the path is put together for a fault alone: it would take longer than the check. */
function checkLength(report: Report, owner: string, field: string, text: string | null, max: number): void {
  if (text !== null && isLongerThan(text, max)) {
    const path = `${owner}/${field}`
    report(path, `${nameOf(path)}超过 ${max} 个字符`, `${path} has more than ${max} characters`)
  }
}

function checkBroken(report: Report, owner: string, field: string, text: string | null): void {
  if (text?.includes(NUL)) {
    const path = `${owner}/${field}`
    report(path, `${nameOf(path)}含有 NUL 字符，内容已损坏`, `${path} holds a NUL character, it is broken`)
  }
}

/** How a Chinese message calls the field at a path: its owner and its name. Only ever asked for a fault. */
function nameOf(path: string): string {
  const [, owner = '', index = ''] = path.replace('/differential/vouchers', '/vouchers').split('/')
  const field = FIELD_NAMES[path.slice(path.lastIndexOf('/') + 1)] ?? '文字'
  const place = Number(index) + 1
  switch (owner) {
    case 'buyer':
      return `购买方${field}`
    case 'shipping':
      return `运费行${field}`
    case 'lines':
      return `第 ${place} 行${field}`
    case 'payments':
      return `第 ${place} 笔支付的${field}`
    case 'extras':
      return `第 ${place} 项附加要素的${field}`
    case 'vouchers':
      return `第 ${place} 张凭证的${field}`
    default:
      return field
  }
}

/** A draft's amount as the bureau's fields can hold it. A price may have more decimals, an amount may not. */
function checkMoney(report: Report, owner: string, field: string, money: Decimal | null): void {
  if (money === null) return
  if (money.scale > MONEY_DIGITS.decimals && !money.round(MONEY_DIGITS.decimals).equals(money)) {
    const path = `${owner}/${field}`
    report(
      path,
      `${nameOf(path)} ${money.toString()} 超过两位小数`,
      `the amount ${money.toString()} has more than two decimals`,
    )
  } else if (isTooLarge(money.round(MONEY_DIGITS.decimals).at(MONEY_DIGITS.decimals))) {
    const path = `${owner}/${field}`
    report(
      path,
      `${nameOf(path)} ${money.toString()} 超过 ${MONEY_DIGITS.total} 位`,
      `the amount ${money.toString()} has more than ${MONEY_DIGITS.total} digits`,
    )
  }
}

function isTooLarge(fen: bigint): boolean {
  return fen >= AMOUNT_LIMIT_FEN || fen <= AMOUNT_FLOOR_FEN
}

function hasOverlongContact({ address, phone, bank, account }: Party): boolean {
  return (
    (address !== null && isLongerThan(address, TEXT_LENGTHS_MAX.address)) ||
    (phone !== null && isLongerThan(phone, TEXT_LENGTHS_MAX.phone)) ||
    (bank !== null && isLongerThan(bank, TEXT_LENGTHS_MAX.bank)) ||
    (account !== null && isLongerThan(account, TEXT_LENGTHS_MAX.account))
  )
}
