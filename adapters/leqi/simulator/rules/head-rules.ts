/** Number, dates and head fields: L-09 … L-14, L-18 … L-33, L-137. */
import { findSegment } from '../books.js'
import { closingOfPeriod } from '../clock.js'
import type { Say, UploadCase } from './case.js'

const MS_PER_HOUR = 3_600_000
/** Source: rulebook 0: the distance must be less than 48 hours. */
const UPLOAD_WINDOW_MS = 48 * MS_PER_HOUR
/** How far 开票日期 may lie ahead of the bureau's clock: clocks differ, and L-12 is inferred. */
const FUTURE_TOLERANCE_MS = 5 * 60_000
const NUMBER_PATTERN = /^\d{20}$/
/** 发票开具方式代码 and 乐企开票模式代码 of own use. Source: rulebook 2.13. */
const OWN_USE_ISSUING = '5'
const OWN_USE_PAYMENT_MODE = '01'

const OPTIONAL_CODES = [
  ['cezslxDm', ['01', '02']],
  ['sgfplxDm', ['01', '02', '03']],
  ['ckywsyzcDm', ['01', '02', '03']],
  ['zzsjzjtDm', ['01', '02', '03', '04', '05', '06', '07', '08', '09', '10', '11', '12']],
] as const
const SETTLEMENTS = new Set(['', '01', '02', '03', '04', '05', '99'])
const PAYMENT_CHANNELS = new Set([
  '001',
  '002',
  '003',
  '004',
  '005',
  '006',
  '007',
  '008',
  '009',
  '010',
  '011',
  '012',
  '013',
  '099',
])

/** Source: rulebook 1.1 to 1.3. A number that is already held never gets here: it answers 03. */
export function judgeNumber(uploadCase: UploadCase, say: Say): void {
  const { head, account } = uploadCase
  if (!NUMBER_PATTERN.test(head.fphm)) {
    say('L-09', '发票号码应为20位数字')
    return
  }
  if (head.fphm.slice(0, 2) !== uploadCase.issueDay.slice(2, 4)) say('L-09', '发票号码前两位与开票日期年份不一致')
  const segment = findSegment(account, head.fphm)
  if (segment === undefined) say('L-10', '发票号码不在当前开票方领用的号段内')
  else if (segment.isVoid) say('L-10', '发票号码所在号段已作废')
}

/** Source: rulebook 0, 3.6; the month-closed text is one of the bureau's known texts (protocol 2.7). */
export function judgeDates(uploadCase: UploadCase, say: Say): void {
  const { issuedAtMs, receivedAtMs, period, account } = uploadCase
  if (issuedAtMs === null) {
    say('L-12', '开票日期格式应为yyyy-MM-dd HH:mm:ss')
    return
  }
  if (issuedAtMs > receivedAtMs + FUTURE_TOLERANCE_MS) say('L-12', '开票日期晚于当前时间')
  if (receivedAtMs - issuedAtMs >= UPLOAD_WINDOW_MS) say('L-13', '开票日期距上传时间已达48小时，不允许上传')
  if (account.confirmedPeriods.has(period) || receivedAtMs >= closingOfPeriod(period)) {
    say('L-14', '当前开票方开票日期所属年月已完成对账，不再允许上传此年月发票')
  }
}

/** Source: rulebook 2.6, 2.13. */
export function judgeHead(uploadCase: UploadCase, say: Say): void {
  const { head } = uploadCase
  if (head.fppz !== '01' && head.fppz !== '02') say('L-18', '发票票种应为01或02')
  if (head.lzfpbz !== '0' && head.lzfpbz !== '1') say('L-18', '蓝字发票标志应为0或1')
  if (head.tdys !== '') say('L-19', '基础能力的特定要素应为空')
  for (const [name, codes] of OPTIONAL_CODES) {
    const value = head[name]
    if (value !== '' && !codes.some((code) => code === value)) say('L-22', `${name}不在代码表内`)
  }
  if (!SETTLEMENTS.has(head.jsfs)) say('L-26', '结算方式不在代码表内')
  if (head.fpkjfsDm !== OWN_USE_ISSUING) say('L-28', '乐企自用的发票开具方式代码应为5')
  for (const flag of [head.sfzsxsfyhzhbq, head.sfzsgmfyhzhbq, head.sfzsxsfdzdh, head.sfzsgmfdzdh]) {
    if (!['', 'Y', 'N'].includes(flag)) say('L-33', '展示标签应为Y、N或空')
  }
  judgePayments(uploadCase, say)
}

/** A red needs a confirmation sheet, and this simulator holds none. Source: rulebook 4.8. */
export function judgeRed(say: Say): void {
  say('L-137', '红字确认单不存在')
}

function judgePayments({ head, payments }: UploadCase, say: Say): void {
  for (const { zfqdDm, jydh } of payments) {
    if (zfqdDm === '' || jydh === '') say('L-29', '支付渠道与交易单号应同时填写')
    else if (!PAYMENT_CHANNELS.has(zfqdDm)) say('L-29', '支付渠道不在代码表内')
  }
  const expected = payments.length > 0 ? OWN_USE_PAYMENT_MODE : ''
  if (head.lqkpmsDm !== expected) say('L-31', '乐企开票模式代码与支付信息不一致')
}
