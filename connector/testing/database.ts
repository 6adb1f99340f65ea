/**
 * A schema of its own for each test, on the server that DATABASE_URL names: migrated, empty, dropped when the test has
 * ended; and units to put in it.
 */
import { randomBytes } from 'node:crypto'
import type { TestContext } from 'node:test'
import type pg from 'pg'
import { v7 } from 'uuid'
import { makeIssuingStore } from '../../adapters/postgres/issuing-store.js'
import { migrate } from '../../adapters/postgres/migrate.js'
import { makePool } from '../../adapters/postgres/pool.js'
import { auditSchemaOf } from '../../adapters/postgres/schema-name.js'
import type { IssuingStore } from '../issuing/ports.js'
import type { UsingUnitId } from '../kernel/ids.js'
import type { DirectUnit, IssuingSettings, UsingUnit } from '../taxpayer/taxpayer.js'
import { aUsingUnit } from './builders.js'

const DEFAULT_URL = 'postgres://root@127.0.0.1:5432/test'
/** Enough for 16 transactions side by side. */
const CONNECTION_COUNT_MAX = 20

export interface TestDatabase {
  url: string
  schema: string
  pool: pg.Pool
  store: IssuingStore
}

/** What after-hooks hang on: a test, or a suite's `after`. */
export type Owner = Pick<TestContext, 'after'>

export function databaseUrl(): string {
  return process.env.DATABASE_URL ?? DEFAULT_URL
}

/** An empty, migrated schema; nothing of it is left after the test. */
export async function withSchema(owner: Owner): Promise<TestDatabase> {
  const url = databaseUrl()
  const schema = `test_${randomBytes(6).toString('hex')}`
  const connection = { url, schema, applicationName: 'leqi-connector test' }
  const pool = makePool({ ...connection, connectionCountMax: CONNECTION_COUNT_MAX, onError: () => undefined })
  owner.after(async () => {
    // One statement may drop hundreds of relations; the locks it takes are its own schema's.
    await pool.query(`set statement_timeout = 0; set client_min_messages = warning;
      drop schema if exists ${schema}, ${auditSchemaOf(schema)} cascade`)
    await pool.end()
  })
  await migrate({ ...connection, allowBreaking: false })
  const sleep = () => new Promise<void>((resolve) => setImmediate(resolve))
  return { url, schema, pool, store: makeIssuingStore(pool, { schema, random: Math.random, sleep }) }
}

/** Stores a using unit with its direct unit and settings; both with ids and tax numbers of their own. */
export async function addUnit(pool: pg.Pool, changes: Parameters<typeof aUsingUnit>[0] = {}): Promise<UsingUnit> {
  const unit = aUsingUnit({
    // Ids have no form beside being unique texts.
    id: v7() as UsingUnitId,
    taxNo: `91${randomBytes(8).toString('hex').toUpperCase()}` as UsingUnit['taxNo'],
    ...changes,
    direct: { id: v7(), leqiId: randomBytes(10).toString('hex'), ...changes.direct },
  })
  await insertDirectUnit(pool, unit.direct)
  await pool.query(
    `insert into using_units (id, direct_unit_id, name, tax_no, leqi_id, region, verified_at, profile, risk)
     values ($1, $2, $3, $4, $5, $6, case when $7::boolean then now() end, $8, $9)`,
    [
      unit.id,
      unit.direct.id,
      unit.name,
      unit.taxNo,
      unit.leqiId,
      unit.region,
      unit.isVerified,
      JSON.stringify(unit.profile),
      JSON.stringify(unit.risk),
    ],
  )
  await insertSettings(pool, unit.id, unit.settings)
  return unit
}

/** Stores a business type whose results travel by callback, with its endpoint. */
export async function addEndpoint(pool: pg.Pool, unit: Pick<UsingUnit, 'id'>, code = 'shop'): Promise<void> {
  await pool.query(
    `insert into business_types (code, name, using_unit_id, delivery, callback_url, callback_secret_sealed)
     values ($1, $1, $2, 'callback', 'https://receiver.example/' || $1, 'sealed ' || $1)`,
    [code, unit.id],
  )
  await pool.query('insert into callback_endpoints (business_type) values ($1)', [code])
}

async function insertDirectUnit(pool: pg.Pool, direct: DirectUnit): Promise<void> {
  await pool.query(
    `insert into direct_units (id, name, tax_no, leqi_id, environment, api_url, proxy, capabilities, rate_per_second,
       poll_first_ms, poll_max_ms, verified_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, case when $12::boolean then now() end)`,
    [
      direct.id,
      direct.name,
      direct.taxNo,
      direct.leqiId,
      direct.environment,
      direct.apiUrl,
      direct.proxy,
      direct.capabilities,
      direct.ratePerSecond,
      direct.poll.firstMs,
      direct.poll.maxMs,
      direct.isVerified,
    ],
  )
}

async function insertSettings(pool: pg.Pool, unitId: UsingUnitId, settings: IssuingSettings): Promise<void> {
  await pool.query(
    `insert into issuing_settings (using_unit_id, drawer, number_warning_count, number_claim_count, auto_claim,
       auto_download_quota, auto_adjust_validity, quota_download_amount, max_lines_per_invoice)
     values ($1, $2, $3, $4, $5, $6, $7, $8::bigint / 100.0, $9)`,
    [
      unitId,
      settings.drawer,
      settings.numberWarningCount,
      settings.numberClaimCount,
      settings.autoClaim,
      settings.autoDownloadQuota,
      settings.autoAdjustValidity,
      settings.quotaDownloadAmount,
      settings.maxLinesPerInvoice,
    ],
  )
}
