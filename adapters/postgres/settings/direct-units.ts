/** Direct units (直连单位): rows of `direct_units`, by Leqi id. */
import type { DirectUnit } from '../../../connector/taxpayer/taxpayer.js'
import { type DirectUnitRow, toDirectUnit } from '../directory/units.js'
import { type Query, saveRow } from '../query.js'

/** What an administrator gives; channel and region are kept for people. */
export interface DirectUnitSettings extends Omit<DirectUnit, 'id' | 'isVerified'> {
  channel: string | null
  region: string | null
}

export interface StoredDirectUnit extends DirectUnit, DirectUnitSettings {
  apiKeySealed: string | null
}

export interface DirectUnitChange {
  id: string
  settings: DirectUnitSettings
  /** null: what is stored stays. */
  apiKeySealed: string | null
  /** Key, address, id or tax number changed: the unit and its using units must be verified again. */
  isUnverified: boolean
}

type Row = DirectUnitRow & Pick<DirectUnitSettings, 'channel' | 'region'>

export async function loadDirectUnits(query: Query): Promise<StoredDirectUnit[]> {
  const rows: Row[] = await query
    .from('direct_units')
    .select('*', query.raw('verified_at is not null as is_verified'))
    .orderBy('leqi_id')
  return rows.map((row) => ({
    ...toDirectUnit(row),
    channel: row.channel,
    region: row.region,
    apiKeySealed: row.api_key_sealed,
  }))
}

export async function saveDirectUnit(query: Query, { id, settings, ...change }: DirectUnitChange): Promise<void> {
  const row = {
    leqi_id: settings.leqiId,
    name: settings.name,
    tax_no: settings.taxNo,
    environment: settings.environment,
    api_url: settings.apiUrl,
    proxy: settings.proxy,
    channel: settings.channel,
    region: settings.region,
    capabilities: settings.capabilities,
    rate_per_second: settings.ratePerSecond,
    poll_first_ms: settings.poll.firstMs,
    poll_max_ms: settings.poll.maxMs,
    ...(change.apiKeySealed === null ? {} : { api_key_sealed: change.apiKeySealed }),
  }
  await saveRow(query, 'direct_units', { id }, row)
  if (!change.isUnverified) return
  // What stopped the unit was said of the old key or address.
  await query.from('direct_units').where({ id }).update({ verified_at: null, fault: null, park_cause: null })
  await query.from('using_units').where({ direct_unit_id: id }).update({ verified_at: null })
  await query.from('bureau_stops').where({ direct_unit_id: id }).delete()
}

export async function deleteDirectUnits(query: Query, ids: readonly string[]): Promise<void> {
  await query
    .from('direct_units')
    .whereIn('id', [...ids])
    .delete()
}
