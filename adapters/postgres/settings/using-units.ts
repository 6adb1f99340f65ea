/** Using units (使用单位) and their issuing settings (开票业务配置), by tax number. */
import { formatAmount } from '../../../connector/kernel/amount.js'
import type { TaxpayerId, UsingUnitId } from '../../../connector/kernel/ids.js'
import type { IssuingSettings } from '../../../connector/taxpayer/taxpayer.js'
import { type SettingsRow, toSettings } from '../directory/units.js'
import { type Query, saveRow } from '../query.js'

export interface UsingUnitSettings {
  taxNo: TaxpayerId
  name: string
  leqiId: string
  region: string | null
  /** Leqi id of its direct unit. */
  directUnit: string
}

export interface StoredUsingUnit extends UsingUnitSettings {
  id: UsingUnitId
  isVerified: boolean
}

export interface UsingUnitChange {
  id: UsingUnitId
  directUnitId: string
  settings: Omit<UsingUnitSettings, 'directUnit'>
  /** Its id or its direct unit changed: it must be verified again. */
  isUnverified: boolean
}

export interface UnitIssuingSettings extends IssuingSettings {
  taxNo: TaxpayerId
}

interface UsingUnitRow {
  id: UsingUnitId
  tax_no: TaxpayerId
  name: string
  leqi_id: string
  region: string | null
  direct_unit: string
  is_verified: boolean
}

export async function loadUsingUnits(query: Query): Promise<StoredUsingUnit[]> {
  const rows: UsingUnitRow[] = await query
    .from('using_units as u')
    .join('direct_units as d', 'd.id', 'u.direct_unit_id')
    .select('u.*', 'd.leqi_id as direct_unit', query.raw('u.verified_at is not null as is_verified'))
    .orderBy('u.tax_no')
  return rows.map((row) => ({
    id: row.id,
    taxNo: row.tax_no,
    name: row.name,
    leqiId: row.leqi_id,
    region: row.region,
    directUnit: row.direct_unit,
    isVerified: row.is_verified,
  }))
}

export async function saveUsingUnit(query: Query, change: UsingUnitChange): Promise<void> {
  const { id, directUnitId, settings, isUnverified } = change
  await saveRow(
    query,
    'using_units',
    { id },
    {
      direct_unit_id: directUnitId,
      name: settings.name,
      tax_no: settings.taxNo,
      leqi_id: settings.leqiId,
      region: settings.region,
      ...(isUnverified ? { verified_at: null, fault: null } : {}),
    },
  )
  if (isUnverified) await query.from('bureau_stops').where({ using_unit_id: id }).delete()
}

export async function deleteUsingUnits(query: Query, ids: readonly string[]): Promise<void> {
  await query
    .from('using_units')
    .whereIn('id', [...ids])
    .delete()
}

export async function loadIssuing(query: Query): Promise<UnitIssuingSettings[]> {
  const rows: (SettingsRow & { tax_no: TaxpayerId })[] = await query
    .from('issuing_settings as s')
    .join('using_units as u', 'u.id', 's.using_unit_id')
    .select('s.*', 'u.tax_no')
    .orderBy('u.tax_no')
  return rows.map((row) => ({ taxNo: row.tax_no, ...toSettings(row) }))
}

export async function saveIssuing(query: Query, usingUnitId: string, settings: IssuingSettings): Promise<void> {
  await saveRow(
    query,
    'issuing_settings',
    { using_unit_id: usingUnitId },
    {
      drawer: settings.drawer,
      number_warning_count: settings.numberWarningCount,
      number_claim_count: settings.numberClaimCount,
      auto_claim: settings.autoClaim,
      auto_download_quota: settings.autoDownloadQuota,
      auto_adjust_validity: settings.autoAdjustValidity,
      quota_download_amount: formatAmount(settings.quotaDownloadAmount),
      max_net_per_invoice: settings.maxNetPerInvoice === null ? null : formatAmount(settings.maxNetPerInvoice),
      max_lines_per_invoice: settings.maxLinesPerInvoice,
      address: settings.address,
      phone: settings.phone,
      bank: settings.bank,
      account: settings.account,
      secondary_industries: settings.secondaryIndustries,
      has_former_rate_authorisation: settings.hasFormerRateAuthorisation,
    },
  )
}

export async function deleteIssuing(query: Query, usingUnitIds: readonly string[]): Promise<void> {
  await query
    .from('issuing_settings')
    .whereIn('using_unit_id', [...usingUnitIds])
    .delete()
}
