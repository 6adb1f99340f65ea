/** Loads the directory: all settings, books and tables in one REPEATABLE READ snapshot, sent in one go. */
import type pg from 'pg'
import type {
  BusinessTypeEntry,
  Directory,
  DirectorySource,
  ResultDelivery,
} from '../../../connector/issuing/directory.js'
import type { UsingUnitId } from '../../../connector/kernel/ids.js'
import { Defect } from '../../../connector/kernel/never.js'
import type { DirectUnit, UsingUnit } from '../../../connector/taxpayer/taxpayer.js'
import { loadSettingsRevision } from '../settings-revision.js'
import { run, type Statement } from '../statement.js'
import { EMPTY_CATALOGUE, loadCatalogues } from './catalogues.js'
import { loadTaxTables } from './tax-tables.js'
import { type DirectUnitRow, toDirectUnit, toUsingUnit, type UsingUnitRow } from './units.js'

const LOAD_DIRECT_UNITS: Statement = {
  name: 'directory.direct_units',
  text: `
    select id, name, tax_no, leqi_id, environment, api_url, proxy, capabilities, rate_per_second, poll_first_ms,
      poll_max_ms, verified_at is not null as is_verified, api_key_sealed
    from direct_units order by leqi_id`,
}

const LOAD_USING_UNITS: Statement = {
  name: 'directory.using_units',
  text: `
    select u.id, u.direct_unit_id, u.name, u.tax_no, u.leqi_id, u.region, u.verified_at is not null as is_verified,
      exists (select 1 from restore_units r where r.using_unit_id = u.id and r.state <> 'released') as is_restored,
      u.profile, u.risk, s.drawer, s.number_warning_count, s.number_claim_count, s.auto_claim, s.auto_download_quota,
      s.auto_adjust_validity, s.quota_download_amount, s.max_net_per_invoice, s.max_lines_per_invoice, s.address,
      s.phone, s.bank, s.account, s.secondary_industries, s.has_former_rate_authorisation
    from using_units u join issuing_settings s on s.using_unit_id = u.id order by u.tax_no`,
}

const LOAD_BUSINESS_TYPES: Statement = {
  name: 'directory.business_types',
  text: `
    select t.code, t.name, t.using_unit_id, t.delivery, v.id as version_id, v.number, v.body
    from business_types t left join mapping_versions v on v.id = t.mapping_version_id`,
}

interface BusinessTypeRow {
  code: string
  name: string
  using_unit_id: UsingUnitId
  delivery: ResultDelivery
  version_id: string | null
  number: number | null
  body: string | null
}

export function makeDirectorySource(pool: pg.Pool): DirectorySource {
  return {
    loadRevision: () => loadSettingsRevision(pool),
    async load() {
      const client = await pool.connect()
      try {
        const [, directory] = await Promise.all([
          client.query('begin isolation level repeatable read read only'),
          loadDirectory(client),
        ])
        await client.query('commit')
        client.release()
        return directory
      } catch (error) {
        // A connection in an unknown state is not worth keeping for a read that happens now and then.
        client.release(true)
        throw error
      }
    },
  }
}

async function loadDirectory(client: pg.PoolClient): Promise<Directory> {
  const [revision, directRows, unitRows, typeRows, catalogues, tables] = await Promise.all([
    loadSettingsRevision(client),
    run<DirectUnitRow>(client, LOAD_DIRECT_UNITS, []),
    run<UsingUnitRow>(client, LOAD_USING_UNITS, []),
    run<BusinessTypeRow>(client, LOAD_BUSINESS_TYPES, []),
    loadCatalogues(client),
    loadTaxTables(client),
  ])
  const directUnits = directRows.map(toDirectUnit)
  const sealedKeys = new Map(directRows.map((row) => [row.id, row.api_key_sealed]))
  const units = joinUnits(directUnits, unitRows)
  const unitById = new Map(units.map((unit) => [unit.id, unit]))
  const typeByCode = new Map(typeRows.map((row) => [row.code, toBusinessType(row)]))
  return {
    revision,
    units,
    directUnits,
    tables,
    unit: (id) => unitById.get(id) ?? null,
    sealedApiKey: (id) => sealedKeys.get(id) ?? null,
    businessType: (code) => typeByCode.get(code) ?? null,
    catalogue: (unitId) => catalogues.get(unitId) ?? EMPTY_CATALOGUE,
  }
}

function joinUnits(directUnits: readonly DirectUnit[], rows: readonly UsingUnitRow[]): readonly UsingUnit[] {
  const directById = new Map(directUnits.map((direct) => [direct.id, direct]))
  return rows.map((row) => {
    const direct = directById.get(row.direct_unit_id)
    if (direct === undefined) throw new Defect(`using unit ${row.tax_no} has no direct unit`)
    return toUsingUnit(row, direct)
  })
}

function toBusinessType(row: BusinessTypeRow): BusinessTypeEntry {
  const { version_id: versionId, number, body } = row
  return {
    code: row.code,
    name: row.name,
    unitId: row.using_unit_id,
    delivery: row.delivery,
    mapping: versionId === null || number === null || body === null ? null : { versionId, number, text: body },
  }
}
