/** How far each unit has been compared with the bureau since a restore. */
import type pg from 'pg'
import type {
  RestoreFindings,
  RestoreGround,
  UnitRestore,
  UnitRestoreState,
} from '../../../connector/issuing/restore-ports.js'
import type { Tx } from '../../../connector/issuing/transaction.js'
import type { UsingUnitId } from '../../../connector/kernel/ids.js'
import type { Instant } from '../../../connector/kernel/time.js'
import { clientOf } from '../database.js'
import { raiseSettingsRevision } from '../settings-revision.js'
import { run, type Statement, toJson } from '../statement.js'

const COLUMNS = `
  u.restore_id, u.using_unit_id, u.state, u.clean_rounds, u.findings, r.ground, r.known_until, r.detected_at`

const LIST_UNITS: Statement = {
  name: 'restores.list',
  text: `
    select ${COLUMNS}, t.tax_no from restore_units u
    join restores r on r.id = u.restore_id join using_units t on t.id = u.using_unit_id
    where r.closed_at is null order by t.tax_no`,
}

const CLAIM_UNIT: Statement = {
  name: 'restores.claim',
  text: `
    with due as (
      select u.restore_id, u.using_unit_id from restore_units u
      where u.state = 'reconciling' and u.due_at <= now() order by u.due_at limit 1 for update skip locked
    )
    update restore_units u set due_at = now() + $1 * interval '1 millisecond'
    from due d, restores r
    where u.restore_id = d.restore_id and u.using_unit_id = d.using_unit_id and r.id = u.restore_id
    returning ${COLUMNS}`,
}

const RECORD_ROUND: Statement = {
  name: 'restores.record',
  text: `
    update restore_units
    set state = $2, clean_rounds = $3, findings = $4, due_at = now() + $5 * interval '1 millisecond'
    where using_unit_id = $1 and restore_id = $6 and state = 'reconciling' returning restore_id`,
}

const RELEASE_UNIT: Statement = {
  name: 'restores.release',
  text: `update restore_units set state = 'released' where using_unit_id = $1 and restore_id = $2 and state = 'held' returning restore_id`,
}

/** A restore is over when its last unit issues again. */
const CLOSE_FINISHED: Statement = {
  name: 'restores.close_finished',
  text: `
    update restores r set closed_at = now()
    where r.closed_at is null
      and not exists (select 1 from restore_units u where u.restore_id = r.id and u.state <> 'released')`,
}

interface UnitRow {
  restore_id: string
  using_unit_id: UsingUnitId
  state: UnitRestoreState
  clean_rounds: number
  findings: RestoreFindings | null
  ground: RestoreGround
  known_until: Instant
  detected_at: Instant
}

export async function listUnitRestores(pool: pg.Pool): Promise<readonly (UnitRestore & { taxNo: string })[]> {
  const rows = await run<UnitRow & { tax_no: string }>(pool, LIST_UNITS, [])
  return rows.map((row) => ({ ...toUnitRestore(row), taxNo: row.tax_no }))
}

export async function claimUnitRestore(pool: pg.Pool, leaseMs: number): Promise<UnitRestore | null> {
  const [row] = await run<UnitRow>(pool, CLAIM_UNIT, [leaseMs])
  return row === undefined ? null : toUnitRestore(row)
}

export async function recordRound(
  tx: Tx,
  { usingUnitId, restoreId }: Pick<UnitRestore, 'usingUnitId' | 'restoreId'>,
  change: { state: UnitRestoreState; cleanRounds: number; findings: RestoreFindings | null; dueInMs: number | null },
): Promise<boolean> {
  const client = clientOf(tx)
  const findings = change.findings === null ? null : toJson(change.findings)
  const { state, cleanRounds, dueInMs } = change
  const rows = await run(client, RECORD_ROUND, [usingUnitId, state, cleanRounds, findings, dueInMs, restoreId])
  if (state === 'released') await leave(client)
  return rows.length === 1
}

export async function releaseUnit(tx: Tx, unit: UsingUnitId, restoreId: string): Promise<boolean> {
  const client = clientOf(tx)
  const rows = await run(client, RELEASE_UNIT, [unit, restoreId])
  await leave(client)
  return rows.length === 1
}

async function leave(client: pg.PoolClient): Promise<void> {
  await Promise.all([run(client, CLOSE_FINISHED, []), raiseSettingsRevision(client)])
}

function toUnitRestore(row: UnitRow): UnitRestore {
  return {
    restoreId: row.restore_id,
    usingUnitId: row.using_unit_id,
    state: row.state,
    ground: row.ground,
    knownUntil: row.known_until,
    detectedAt: row.detected_at,
    cleanRounds: row.clean_rounds,
    findings: row.findings,
  }
}
