/**
 * Opens a restore: one transaction that puts everything which the bureau may know better out of use.
 *
 * What the copy calls unsent may have been sent since, so whatever had left the drafts is in doubt, under a new fence.
 * Segments are stopped whole: a wasted number costs nothing (rulebook 1.3), a number used twice is a disaster.
 */
import type { RestoreStore } from '../../../connector/issuing/restore-ports.js'
import type { Tx } from '../../../connector/issuing/transaction.js'
import { clientOf } from '../database.js'
import { raiseSettingsRevision } from '../settings-revision.js'
import { run, type Statement, toJson, toTimestamp } from '../statement.js'

const CLOSE_EARLIER: Statement = {
  name: 'restores.close_earlier',
  text: `
    with closed as (update restores set closed_at = $1 where closed_at is null)
    update restore_units set state = 'released', due_at = null where state <> 'released'`,
}

const OPEN_RESTORE: Statement = {
  name: 'restores.open',
  text: `
    with restore as (
      insert into restores (id, ground, detail, detected_at, known_until)
      values ($1, $2, $3, $4, coalesce((select at from transitions order by id desc limit 1), $4))
      returning id
    )
    insert into restore_units (restore_id, using_unit_id, state, due_at)
    select r.id, u.id, 'reconciling', now() + $5 * interval '1 millisecond'
    from restore r cross join using_units u`,
}

const STOP_SEGMENTS: Statement = {
  name: 'restores.stop_segments',
  text: `update number_segments set state = 'stopped' where state <> 'stopped'`,
}

const DOUBT_BATCHES: Statement = {
  name: 'restores.doubt_batches',
  text: `
    with held as materialized (
      select id, state from upload_batches
      where state in ('reserved', 'sending', 'in_doubt', 'accepted') order by id for update
    ), batches as (
      update upload_batches b
      set state = 'in_doubt', park_cause = 'restored', due_at = null, leased_by = null, leased_until = null,
        receipt_no = null, fence = b.fence + 1, was_in_doubt = true, doubt_since = coalesce(b.doubt_since, $1)
      from held h where b.id = h.id
      returning b.id, h.state as from_state, b.fence
    ), open as materialized (
      select i.id, i.state from invoices i join held h on h.id = i.batch_id
      where i.state in ('reserved', 'sending', 'accepted')
    ), invoices_moved as (
      update invoices i set state = 'in_doubt' from open o where i.id = o.id
    )
    insert into transitions (entity, entity_ids, from_state, to_state, fence, cause, at)
    select 'batch', array[id], from_state, 'in_doubt', fence, 'restored', $1 from batches
    union all
    select 'invoice', array_agg(id), state, 'in_doubt', 0, 'restored', $1 from open group by state`,
}

/**
 * Under its old serial the bureau would grant a claim the same segment again, perhaps used since, and a download that the
 * comparison of quota counts already. What it granted to a move that is closed here is wasted, or found by that comparison.
 */
const CLOSE_MOVES: Statement = {
  name: 'restores.close_moves',
  text: `
    with open as materialized (
      select id, state from bureau_moves where due_at is not null order by id for update
    ), closed as (
      update bureau_moves m
      set state = 'refused', due_at = null, leased_by = null, leased_until = null, fence = m.fence + 1,
        answer = '{"closedBy": "restore"}', closed_at = $1
      from open o where m.id = any(array(select id from open)) and m.id = o.id
      returning m.id, o.state as from_state, m.fence
    )
    insert into transitions (entity, entity_ids, from_state, to_state, fence, cause, at)
    select 'move', array[id], from_state, 'refused', fence, 'restored', $1 from closed`,
}

export async function beginRestore(
  tx: Tx,
  restore: Parameters<RestoreStore['begin']>[1],
  graceMs: number,
): Promise<void> {
  const client = clientOf(tx)
  const at = toTimestamp(restore.at)
  await Promise.all([
    run(client, CLOSE_EARLIER, [at]),
    run(client, OPEN_RESTORE, [restore.id, restore.ground, toJson(restore.detail), at, graceMs]),
    run(client, DOUBT_BATCHES, [at]),
    run(client, STOP_SEGMENTS, []),
    run(client, CLOSE_MOVES, [at]),
    raiseSettingsRevision(client),
  ])
}
