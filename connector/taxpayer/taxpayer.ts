/**
 * Who may issue for whom: direct units (直连单位), using units (使用单位), and what the bureau knows of a taxpayer.
 *
 * Knows: identities, settings of issuing (开票业务配置), the bureau's view of a taxpayer.
 * Must not know: keys in clear, HTTP, wire names, invoices.
 */

import type { Amount } from '../kernel/amount.js'
import type { TaxpayerId, UsingUnitId } from '../kernel/ids.js'
import type { Instant, LocalDate } from '../kernel/time.js'

interface PollPlan {
  /** First query after an accepted upload; the bureau asks for 10 s, bench and demo use 50 ms. */
  firstMs: number
  /** Longest pause between two queries; the bureau allows 10 min. */
  maxMs: number
}

/** 直连单位: owns the registration and the key. */
export interface DirectUnit {
  id: string
  name: string
  taxNo: TaxpayerId
  /** 平台编号 (Leqi id), 20 lower-case hex characters. */
  leqiId: string
  environment: 'production' | 'sandbox'
  apiUrl: string
  /** `host:port` of an HTTP proxy, or null for a direct call. */
  proxy: string | null
  /** Capability codes (能力编码) that it may call, e.g. 202007. */
  capabilities: readonly string[]
  /** Calls per second and capability, shared by all replicas. */
  ratePerSecond: number
  poll: PollPlan
  isVerified: boolean
}

/** 使用单位: the taxpayer that sells and issues. Belongs to exactly one direct unit. */
export interface UsingUnit {
  id: UsingUnitId
  name: string
  taxNo: TaxpayerId
  leqiId: string
  /** Region code as configured (11 digits), or null to derive it from the profile (contract §4). */
  region: string | null
  isVerified: boolean
  /** The database is an older copy, and what this unit did since is still being asked of the bureau. */
  isRestored: boolean
  direct: DirectUnit
  settings: IssuingSettings
  profile: TaxpayerProfile | null
  risk: TaxpayerRisk | null
}

/** 开票业务配置, one per using unit. */
export interface IssuingSettings {
  drawer: string
  numberWarningCount: number
  numberClaimCount: number
  autoClaim: boolean
  autoDownloadQuota: boolean
  autoAdjustValidity: boolean
  quotaDownloadAmount: Amount
  /** Ceiling of 合计金额 (net) of one invoice, or null for none. */
  maxNetPerInvoice: Amount | null
  maxLinesPerInvoice: number
  address: string | null
  phone: string | null
  bank: string | null
  account: string | null
  /** 次要行业: industries besides the main one, recorded by hand because no base service tells them (rules 2.9). */
  secondaryIndustries: readonly string[]
  /** 原税率授权: whether the seller may use former rates; off by default (rules 2.6). */
  hasFormerRateAuthorisation: boolean
}

/** nsrlx: 1 general, 2 small-scale, 3 re-registered small-scale, 4 general in guidance period, 5 natural person. */
export type TaxpayerType = '1' | '2' | '3' | '4' | '5'

/** CXNSRJBXX, what issuing needs of it. Codes are the bureau's (codes.md, Taxpayer lists). */
export interface TaxpayerProfile {
  name: string
  taxpayerType: TaxpayerType
  /** 行业代码: main industry, e.g. `6311` (63… telecom). */
  industry: string
  /** 企业行业性质 codes valid today. */
  industryNatures: readonly string[]
  /** 税务机关代码 zgswskfjdm, 11 digits. */
  taxBureauCode: string
  /** 试点企业标识 xdpsdqybz = Y. */
  isPilot: boolean
  /** 纳税人状态 nsrztdm. */
  statusCode: string
  typeValidFrom: LocalDate | null
  typeValidTo: LocalDate | null
  fetchedAt: Instant
}

/** CXNSRFXXX. */
export interface TaxpayerRisk {
  /** 风险纳税人类型 fxnsrlx, empty when none. */
  riskType: string
  /** 预警级别 nsryjjb, empty when none. */
  warningLevel: string
  /** 风险纳税人标志 fxnsrbz = Y. */
  isRisk: boolean
  fetchedAt: Instant
}
