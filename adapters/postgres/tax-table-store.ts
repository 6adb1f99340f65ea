/**
 * Keeps what the bureau tells of tables and taxpayers. Every save raises the settings' revision and announces it in the
 * same transaction, so that no process works on with an older snapshot than it must.
 */
import type pg from 'pg'
import { type SignalBus, WAKE_SLICE_COUNT, type WorkSignal } from '../../connector/issuing/ports.js'
import type { TaxTableName, TaxTableState, TaxTableStore, UnitFault } from '../../connector/issuing/supply-ports.js'
import type { Database, Tx } from '../../connector/issuing/transaction.js'
import type { ParkCause } from '../../connector/kernel/fault.js'
import type { UsingUnitId } from '../../connector/kernel/ids.js'
import { Defect } from '../../connector/kernel/never.js'
import type { Instant } from '../../connector/kernel/time.js'
import type { TaxpayerProfile, TaxpayerRisk } from '../../connector/taxpayer/taxpayer.js'
import { clientOf } from './database.js'
import { wake } from './issuing/wake.js'
import { raiseSettingsRevision } from './settings-revision.js'
import { run, type Statement, toJson, toTimestamp } from './statement.js'

const LOAD_STATES: Statement = {
  name: 'tax_tables.states',
  text: 'select name, stamp, fetched_at, due_at from tax_table_states order by name',
}

const SAVE_FETCH: Statement = {
  name: 'tax_tables.save_fetch',
  text: 'update tax_table_states set stamp = $2, fetched_at = $3, due_at = $4, fault = null where name = $1',
}

const SAVE_TABLE_FAULT: Statement = {
  name: 'tax_tables.save_fault',
  text: 'update tax_table_states set fault = $2, due_at = $3 where name = $1',
}

const SAVE_CLASSIFICATIONS: Statement = {
  name: 'tax_tables.save_classifications',
  text: `
    insert into tax_classifications (code, body)
    select distinct on (r->>'code') r->>'code', r from jsonb_array_elements($1) with ordinality as t(r, position)
    order by r->>'code', position desc
    on conflict (code) do update set body = excluded.body`,
}

const CLEAR_RATES: Statement = { name: 'tax_tables.clear_rates', text: 'delete from tax_rates' }

const SAVE_RATES: Statement = {
  name: 'tax_tables.save_rates',
  text: `
    insert into tax_rates (position, body)
    select position, r from jsonb_array_elements($1) with ordinality as t(r, position)`,
}

const CLEAR_DIFFERENTIAL: Statement = {
  name: 'tax_tables.clear_differential',
  text: 'delete from differential_codes',
}

const SAVE_DIFFERENTIAL: Statement = {
  name: 'tax_tables.save_differential',
  text: `
    insert into differential_codes (code, body)
    select distinct on (r->>'code') r->>'code', r from jsonb_array_elements($1) with ordinality as t(r, position)
    order by r->>'code', position desc`,
}

// An answer in the name of a using unit also proves the channel of its direct unit.
const SAVE_PROFILE: Statement = {
  name: 'using_units.save_profile',
  text: `
    with verified as (
      update using_units
      set profile = $2, profile_at = $3, verified_at = coalesce(verified_at, $3), fault = null
      where id = $1 returning id, direct_unit_id
    ), channel as (
      update direct_units d set verified_at = coalesce(d.verified_at, $3), fault = null
      from verified v where d.id = v.direct_unit_id
    )
    select id from verified`,
}

const SAVE_RISK: Statement = {
  name: 'using_units.save_risk',
  text: 'update using_units set risk = $2, risk_at = $3 where id = $1 returning id',
}

const SAVE_UNIT_FAULT: Statement = {
  name: 'using_units.save_fault',
  text: 'update using_units set fault = $2 where id = $1 returning id',
}

/** What may go on after a save. */
interface Cured {
  causes: readonly ParkCause[]
  usingUnitId?: UsingUnitId
}

const NOTHING: Cured = { causes: [] }
const STALE_TABLES: Cured = { causes: ['tax_tables_stale'] }

export function makeTaxTableStore(pool: pg.Pool, database: Database, signals: SignalBus): TaxTableStore {
  function save(work: (client: pg.PoolClient) => Promise<unknown>, cured: Cured = NOTHING): Promise<void> {
    return database.transaction('other', async (tx: Tx) => {
      await work(clientOf(tx))
      if (cured.causes.length > 0) await wake(tx, { ...cured, limit: WAKE_SLICE_COUNT, goesOn: true })
      const signalled: WorkSignal[] =
        cured.causes.length > 0 ? ['settings', 'inbox', 'invoices', 'batches'] : ['settings']
      await Promise.all([raiseSettingsRevision(clientOf(tx)), signals.announce(tx, signalled)])
    })
  }

  return {
    loadStates: () => loadStates(pool),
    saveClassifications: ({ changed, ...fetch }) =>
      save(
        (client) =>
          Promise.all([
            run(client, SAVE_CLASSIFICATIONS, [toJson(changed)]),
            saveFetch(client, 'classifications', fetch.stamp, fetch),
          ]),
        STALE_TABLES,
      ),
    saveRates: ({ rates, ...fetch }) =>
      save(
        (client) =>
          Promise.all([
            run(client, CLEAR_RATES, []),
            run(client, SAVE_RATES, [toJson(rates)]),
            saveFetch(client, 'rates', null, fetch),
          ]),
        STALE_TABLES,
      ),
    saveDifferentialCodes: ({ codes, ...fetch }) =>
      save(
        (client) =>
          Promise.all([
            run(client, CLEAR_DIFFERENTIAL, []),
            run(client, SAVE_DIFFERENTIAL, [toJson(codes)]),
            saveFetch(client, 'differential', null, fetch),
          ]),
        STALE_TABLES,
      ),
    saveTableFault: (name, fault, dueAt) =>
      save((client) => run(client, SAVE_TABLE_FAULT, [name, toJson(fault), toTimestamp(dueAt)])),
    saveProfile: (usingUnitId, profile, causes) =>
      save((client) => saveProfile(client, usingUnitId, profile), { causes, usingUnitId }),
    saveRisk: (unitId, risk) => save((client) => saveRisk(client, unitId, risk)),
    saveUnitFault: (unitId, fault) => save((client) => saveUnitFault(client, unitId, fault)),
  }
}

async function loadStates(pool: pg.Pool): Promise<readonly TaxTableState[]> {
  const rows = await run<{ name: TaxTableName; stamp: string | null; fetched_at: Instant | null; due_at: Instant }>(
    pool,
    LOAD_STATES,
    [],
  )
  return rows.map((row) => ({ name: row.name, stamp: row.stamp, fetchedAt: row.fetched_at, dueAt: row.due_at }))
}

function saveFetch(
  client: pg.PoolClient,
  name: TaxTableName,
  stamp: string | null,
  fetch: { fetchedAt: Instant; dueAt: Instant },
): Promise<unknown> {
  return run(client, SAVE_FETCH, [name, stamp, toTimestamp(fetch.fetchedAt), toTimestamp(fetch.dueAt)])
}

async function saveProfile(client: pg.PoolClient, unitId: UsingUnitId, profile: TaxpayerProfile): Promise<void> {
  assertFound(await run(client, SAVE_PROFILE, [unitId, toJson(profile), toTimestamp(profile.fetchedAt)]))
}

async function saveRisk(client: pg.PoolClient, unitId: UsingUnitId, risk: TaxpayerRisk): Promise<void> {
  assertFound(await run(client, SAVE_RISK, [unitId, toJson(risk), toTimestamp(risk.fetchedAt)]))
}

async function saveUnitFault(client: pg.PoolClient, unitId: UsingUnitId, fault: UnitFault): Promise<void> {
  assertFound(await run(client, SAVE_UNIT_FAULT, [unitId, toJson(fault)]))
}

function assertFound(rows: readonly unknown[]): void {
  if (rows.length === 0) throw new Defect('the using unit is not in the settings any more')
}
