/** Business types (业务类型) and the versions of their mappings, by code. A mapping's text is never changed, only followed. */
import type { ResultDelivery } from '../../../connector/issuing/directory.js'
import type { TaxpayerId } from '../../../connector/kernel/ids.js'
import { type Query, saveRow } from '../query.js'

/** How long the secret before the present one signs as well. */
const FORMER_SECRET_HOURS = 24

export interface BusinessTypeSettings {
  code: string
  name: string
  /** Tax number of the using unit. */
  seller: TaxpayerId
  description: string
  delivery: ResultDelivery
  callbackUrl: string | null
}

export interface StoredBusinessType extends BusinessTypeSettings {
  callbackSecretSealed: string | null
  mappingSha256: string | null
}

export interface BusinessTypeChange {
  settings: Omit<BusinessTypeSettings, 'seller'>
  usingUnitId: string
  mappingVersionId: string
  /** null: what is stored stays. */
  callbackSecretSealed: string | null
}

interface Row {
  code: string
  name: string
  tax_no: TaxpayerId
  description: string
  delivery: ResultDelivery
  callback_url: string | null
  callback_secret_sealed: string | null
  body_sha256: string | null
}

export async function loadBusinessTypes(query: Query): Promise<StoredBusinessType[]> {
  const rows: Row[] = await query
    .from('business_types')
    .join('using_units', 'using_units.id', 'business_types.using_unit_id')
    .leftJoin('mapping_versions', 'mapping_versions.id', 'business_types.mapping_version_id')
    .select('business_types.*', 'using_units.tax_no', 'mapping_versions.body_sha256')
    .orderBy('business_types.code')
  return rows.map((row) => ({
    code: row.code,
    name: row.name,
    seller: row.tax_no,
    description: row.description,
    delivery: row.delivery,
    callbackUrl: row.callback_url,
    callbackSecretSealed: row.callback_secret_sealed,
    mappingSha256: row.body_sha256,
  }))
}

/** Stores a mapping's text as the next version; the same text again is the version it was before. Returns its id. */
export async function saveMappingVersion(
  query: Query,
  version: { id: string; businessType: string; text: string; sha256: string },
): Promise<string> {
  await query.run(
    `insert into mapping_versions (id, business_type, number, body, body_sha256)
     select ?, ?, coalesce(max(number), 0) + 1, ?, ? from mapping_versions where business_type = ?
     on conflict (business_type, body_sha256) do nothing`,
    [version.id, version.businessType, version.text, version.sha256, version.businessType],
  )
  const [stored] = await query
    .from('mapping_versions')
    .where({ business_type: version.businessType, body_sha256: version.sha256 })
    .select('id')
  return stored.id
}

/** Frees names that are about to change, so that two business types may exchange theirs in one transaction. */
export async function releaseTypeNames(query: Query, codes: readonly string[]): Promise<void> {
  await query
    .from('business_types')
    .whereIn('code', [...codes])
    .update({ name: query.raw("'~' || code") })
}

export async function saveBusinessType(query: Query, change: BusinessTypeChange): Promise<void> {
  const { settings } = change
  const row = {
    name: settings.name,
    using_unit_id: change.usingUnitId,
    description: settings.description,
    mapping_version_id: change.mappingVersionId,
    delivery: settings.delivery,
    callback_url: settings.callbackUrl,
  }
  await saveRow(query, 'business_types', { code: settings.code }, row)
  if (change.callbackSecretSealed !== null) await replaceSecret(query, settings.code, change.callbackSecretSealed)
  if (settings.delivery === 'amqp') return
  await query.from('callback_endpoints').insert({ business_type: settings.code }).onConflict('business_type').ignore()
}

/** The secret that was there signs as well for a while, so that the receiver may change over in between. */
async function replaceSecret(query: Query, code: string, sealed: string): Promise<void> {
  await query.run(
    `update business_types
     set callback_secret_sealed = ?,
       callback_former_secret_sealed = callback_secret_sealed,
       callback_former_until =
         case when callback_secret_sealed is not null then now() + interval '${FORMER_SECRET_HOURS} hours' end
     where code = ?`,
    [sealed, code],
  )
}

export async function deleteBusinessTypes(query: Query, codes: readonly string[]): Promise<void> {
  await query
    .from('business_types')
    .whereIn('code', [...codes])
    .delete()
}
