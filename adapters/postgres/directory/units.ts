/** Rows of direct and using units as the directory's nouns. */
import { amount } from '../../../connector/kernel/amount.js'
import type { TaxpayerId, UsingUnitId } from '../../../connector/kernel/ids.js'
import type {
  DirectUnit,
  IssuingSettings,
  TaxpayerProfile,
  TaxpayerRisk,
  UsingUnit,
} from '../../../connector/taxpayer/taxpayer.js'

export interface DirectUnitRow {
  id: string
  name: string
  tax_no: TaxpayerId
  leqi_id: string
  environment: DirectUnit['environment']
  api_url: string
  proxy: string | null
  capabilities: readonly string[]
  rate_per_second: number
  poll_first_ms: number
  poll_max_ms: number
  is_verified: boolean
  api_key_sealed: string | null
}

export interface SettingsRow {
  drawer: string
  number_warning_count: number
  number_claim_count: number
  auto_claim: boolean
  auto_download_quota: boolean
  auto_adjust_validity: boolean
  quota_download_amount: string
  max_net_per_invoice: string | null
  max_lines_per_invoice: number
  address: string | null
  phone: string | null
  bank: string | null
  account: string | null
  secondary_industries: readonly string[]
  has_former_rate_authorisation: boolean
}

export interface UsingUnitRow extends SettingsRow {
  id: UsingUnitId
  direct_unit_id: string
  name: string
  tax_no: TaxpayerId
  leqi_id: string
  region: string | null
  is_verified: boolean
  is_restored: boolean
  profile: TaxpayerProfile | null
  risk: TaxpayerRisk | null
}

export function toDirectUnit(row: DirectUnitRow): DirectUnit {
  return {
    id: row.id,
    name: row.name,
    taxNo: row.tax_no,
    leqiId: row.leqi_id,
    environment: row.environment,
    apiUrl: row.api_url,
    proxy: row.proxy,
    capabilities: row.capabilities,
    ratePerSecond: row.rate_per_second,
    poll: { firstMs: row.poll_first_ms, maxMs: row.poll_max_ms },
    isVerified: row.is_verified,
  }
}

export function toUsingUnit(row: UsingUnitRow, direct: DirectUnit): UsingUnit {
  return {
    id: row.id,
    name: row.name,
    taxNo: row.tax_no,
    leqiId: row.leqi_id,
    region: row.region,
    isVerified: row.is_verified,
    isRestored: row.is_restored,
    direct,
    settings: toSettings(row),
    profile: row.profile,
    risk: row.risk,
  }
}

export function toSettings(row: SettingsRow): IssuingSettings {
  return {
    drawer: row.drawer,
    numberWarningCount: row.number_warning_count,
    numberClaimCount: row.number_claim_count,
    autoClaim: row.auto_claim,
    autoDownloadQuota: row.auto_download_quota,
    autoAdjustValidity: row.auto_adjust_validity,
    quotaDownloadAmount: amount(row.quota_download_amount),
    maxNetPerInvoice: row.max_net_per_invoice === null ? null : amount(row.max_net_per_invoice),
    maxLinesPerInvoice: row.max_lines_per_invoice,
    address: row.address,
    phone: row.phone,
    bank: row.bank,
    account: row.account,
    secondaryIndustries: row.secondary_industries,
    hasFormerRateAuthorisation: row.has_former_rate_authorisation,
  }
}
