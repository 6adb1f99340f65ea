/**
 * The seller gate (销方准入): may this unit issue now, judged from cached data before every issue.
 *
 * Knows: units, the bureau's view of a taxpayer, the age of cached data.
 * Must not know: invoices, drafts, HTTP; it never refreshes anything itself, a parked order waits for the refresh.
 * Invariant: data that was never read closes the gate; data that is merely old is told and lets pass.
 */
import type { Fault, ParkCause } from '../kernel/fault.js'
import { chinaDate, type Instant } from '../kernel/time.js'
import type { TaxpayerProfile, TaxpayerRisk, UsingUnit } from './taxpayer.js'

/** Base capability (基础版) of blue and red invoices without a specific element. */
const BASE_CAPABILITY = '202007'

/** Age beyond which cached data is called stale. Source: Leqi rulebook 2.14: about every 24 h. */
const CACHED_DATA_AGE_MAX_MS = 24 * 60 * 60 * 1000

/** Codes that open or close the gate, as the bureau prints them. Edition: base capability document V4.000. */
const BLOCKING_RISK_TYPE = '01'
const BLOCKING_WARNING_LEVEL = '01'
const ISSUING_STATUSES: readonly string[] = ['03', '09']
const STATUS_NAMES: Readonly<Record<string, string>> = {
  '01': '受理',
  '02': '筹建期',
  '03': '正常',
  '04': '停业',
  '05': '非正常',
  '06': '清算',
  '07': '注销',
  '08': '非正常户注销',
  '09': '报验',
  '10': '核销报验',
  '11': '中断缴费',
  '12': '恢复缴费',
  '13': '简易注销无异议',
  '99': '其他',
}

/** When the bureau's tables were read last; null: never. */
export interface TableAges {
  classificationFetchedAt: Instant | null
  ratesFetchedAt: Instant | null
}

/** Same shape as a finding about an invoice, without knowing invoices. */
export interface GateFinding {
  check: `L-${string}`
  reaction: 'park' | 'warn'
  fault: Fault
}

/**
 * Judges L-01 … L-08 for one using unit.
 * Shape   an empty list when the unit may issue and all cached data is fresh; `tables` null leaves the tables' ages out
 * Units   ages in milliseconds; calendar dates in China time
 * Errors  none; every finding parks (cause seller_blocked, unit_unverified, tax_tables_stale) or warns
 * Source  Leqi rulebook 2.14, 5 and 12.1
 */
export function checkSeller(unit: UsingUnit, tables: TableAges | null, at: Instant): GateFinding[] {
  return [
    ...judgeRestore(unit),
    ...judgeAuthorisation(unit),
    ...judgeRisk(unit.risk, at),
    ...judgeProfile(unit.profile, at),
    ...(tables === null ? [] : judgeTables(tables, at)),
  ]
}

/** Whether cached data must no longer prove anyone wrong: never read, or older than a day. */
export function isStale(fetchedAt: Instant | null, at: Instant): boolean {
  return fetchedAt === null || at - fetchedAt > CACHED_DATA_AGE_MAX_MS
}

function judgeRestore({ isRestored }: UsingUnit): GateFinding[] {
  if (!isRestored) return []
  const message = '数据库自较早的备份恢复，正在与税局核对，核对完成前不开票'
  const messageEn = 'the database was restored from an older backup; nothing is issued before it agrees with the bureau'
  const { fault, ...finding } = park('L-08', 'restored', message, messageEn)
  // Our own reason why the unit may not issue: no rule of the bureau stands behind it.
  return [{ ...finding, fault: { ...fault, code: 'RST-01' } }]
}

function judgeAuthorisation({ isVerified, direct }: UsingUnit): GateFinding[] {
  const findings: GateFinding[] = []
  if (!isVerified || !direct.isVerified) {
    findings.push(
      park(
        'L-08',
        'unit_unverified',
        '开票单位或直连单位尚未验证',
        'the using unit or its direct unit is not verified yet',
      ),
    )
  }
  if (!direct.capabilities.includes(BASE_CAPABILITY)) {
    findings.push(
      park(
        'L-08',
        'unit_unverified',
        `直连单位没有能力 ${BASE_CAPABILITY} 的授权`,
        `the direct unit is not authorised for capability ${BASE_CAPABILITY}`,
      ),
    )
  }
  return findings
}

function judgeRisk(risk: TaxpayerRisk | null, at: Instant): GateFinding[] {
  if (risk === null) {
    return [park('L-07', 'unit_unverified', '尚未取得纳税人风险信息', 'the taxpayer risk data was never read')]
  }
  const findings: GateFinding[] = []
  if (risk.riskType === BLOCKING_RISK_TYPE) {
    findings.push(park('L-01', 'seller_blocked', '销方为Ⅰ类高风险纳税人', 'the seller is a taxpayer of risk class I'))
  }
  if (risk.warningLevel === BLOCKING_WARNING_LEVEL) {
    findings.push(park('L-02', 'seller_blocked', '销方预警级别为红色', 'the seller is under a red warning'))
  }
  if (risk.isRisk) {
    findings.push(park('L-03', 'seller_blocked', '销方有风险纳税人标志', 'the seller carries the risk taxpayer flag'))
  }
  if (isStale(risk.fetchedAt, at)) findings.push(warnStale('风险信息', 'risk data', at - risk.fetchedAt))
  return findings
}

function judgeProfile(profile: TaxpayerProfile | null, at: Instant): GateFinding[] {
  if (profile === null) {
    return [park('L-07', 'unit_unverified', '尚未取得纳税人基本信息', 'the taxpayer base data was never read')]
  }
  const findings: GateFinding[] = []
  const status = profile.statusCode
  if (!ISSUING_STATUSES.includes(status)) {
    const name = STATUS_NAMES[status] ?? '未知'
    findings.push(
      park(
        'L-04',
        'seller_blocked',
        `销方纳税人状态为 ${status} ${name}，须为 03 正常或 09 报验`,
        `the seller's taxpayer status is ${status}, must be 03 or 09`,
      ),
    )
  }
  if (!profile.isPilot) {
    findings.push(
      park('L-05', 'seller_blocked', '销方不是数电票试点企业', 'the seller is not enabled for digital invoices'),
    )
  }
  if (!isTypeValid(profile, at)) {
    const span = `${profile.typeValidFrom ?? '…'} – ${profile.typeValidTo ?? '…'}`
    findings.push(
      park(
        'L-06',
        'seller_blocked',
        `开票日期不在纳税人类型标签有效期 ${span} 内`,
        `the date of issue lies outside ${span}, where the taxpayer type is valid`,
      ),
    )
  }
  if (isStale(profile.fetchedAt, at)) findings.push(warnStale('基本信息', 'base data', at - profile.fetchedAt))
  return findings
}

function isTypeValid({ typeValidFrom, typeValidTo }: TaxpayerProfile, at: Instant): boolean {
  if (typeValidFrom === null && typeValidTo === null) return true
  const date = chinaDate(at)
  return (typeValidFrom === null || date >= typeValidFrom) && (typeValidTo === null || date <= typeValidTo)
}

function judgeTables({ classificationFetchedAt, ratesFetchedAt }: TableAges, at: Instant): GateFinding[] {
  return [
    ...judgeTable('税收分类编码表', 'the classification table', classificationFetchedAt, at),
    ...judgeTable('可用税率表', 'the rate table', ratesFetchedAt, at),
  ]
}

function judgeTable(name: string, nameEn: string, fetchedAt: Instant | null, at: Instant): GateFinding[] {
  if (fetchedAt === null) {
    return [park('L-07', 'tax_tables_stale', `尚未下载${name}`, `${nameEn} was never downloaded`)]
  }
  return isStale(fetchedAt, at) ? [warnStale(name, nameEn, at - fetchedAt)] : []
}

/** A finding about the seller points at no place of the order: the empty pointer means the whole document. */
function park(check: GateFinding['check'], parkCause: ParkCause, message: string, messageEn: string): GateFinding {
  return {
    check,
    reaction: 'park',
    fault: { code: check, path: '', message, messageEn, cure: 'administrator', parkCause },
  }
}

function warnStale(name: string, nameEn: string, ageMs: number): GateFinding {
  const ageHours = Math.floor(ageMs / 3_600_000)
  return {
    check: 'L-07',
    reaction: 'warn',
    fault: {
      code: 'L-07',
      path: '',
      message: `${name}已 ${ageHours} 小时未更新`,
      messageEn: `${nameEn} is ${ageHours} hours old`,
      cure: 'time',
    },
  }
}
