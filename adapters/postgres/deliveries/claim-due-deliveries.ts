/**
 * Takes up deliveries that are due, endpoint by endpoint in turns: what one endpoint has waiting is no reason for another
 * to wait. The cap is counted from the leases; workers that claim in the same instant may exceed it by a round.
 */
import type pg from 'pg'
import type { DeliveryStore, HeldDelivery } from '../../../connector/issuing/delivery-ports.js'
import { run, type Statement } from '../statement.js'

// $1 owner, $2 lease in ms, $3 cap of an endpoint, $4 limit
const CLAIM_DUE: Statement = {
  name: 'deliveries.claim_due',
  text: `
    with candidates as (
      select d.event_id, d.due_at, row_number() over (partition by e.business_type order by d.due_at) as turn
      from callback_endpoints e
      join business_types t on t.code = e.business_type and t.callback_url is not null
      cross join lateral (
        select d.event_id, d.due_at from callback_deliveries d
        where d.endpoint = e.business_type and d.due_at <= now() and (d.leased_until is null or d.leased_until <= now())
          and (
            select earlier.event_id from callback_deliveries earlier
            where earlier.order_id = d.order_id and earlier.seq < d.seq and earlier.delivered_at is null limit 1) is null
          and (
            select earlier.event_id from orders o
            join orders former on former.order_key = o.order_key and former.revision < o.revision
            join callback_deliveries earlier on earlier.order_id = former.id and earlier.delivered_at is null
            where o.id = d.order_id and o.revision > 1 limit 1) is null
        order by d.due_at
        limit greatest(0, case when e.open_until is null then $3::integer else 1 end - (
          select count(*) from callback_deliveries busy
          where busy.endpoint = e.business_type and busy.leased_until > now()))
        for update of d skip locked
      ) d
      where e.disabled_for is null and (e.open_until is null or e.open_until <= now())
    ), picked as (
      select event_id from candidates order by turn, due_at limit $4
    ), claimed as (
      update callback_deliveries d
      set attempts = d.attempts + 1,
        tries = d.tries + 1,
        fence = d.fence + 1,
        leased_by = $1,
        leased_until = now() + $2 * interval '1 millisecond',
        due_at = now() + $2 * interval '1 millisecond'
      where d.event_id = any(array(select event_id from picked))
      returning d.*
    )
    select c.event_id, c.endpoint, c.attempts, c.tries, c.replays, c.fence, e.body, e.traceparent, t.callback_url,
      t.callback_secret_sealed,
      case when t.callback_former_until > now() then t.callback_former_secret_sealed end as former_secret_sealed
    from claimed c
    join outbox_events e on e.id = c.event_id
    join business_types t on t.code = c.endpoint
    order by c.created_at, c.event_id`,
}

interface DeliveryRow {
  event_id: string
  endpoint: string
  attempts: number
  tries: number
  replays: number
  fence: string
  body: string
  traceparent: string | null
  callback_url: string
  callback_secret_sealed: string | null
  former_secret_sealed: string | null
}

export async function claimDueDeliveries(
  pool: pg.Pool,
  { lease, endpointCap, limit }: Parameters<DeliveryStore['claimDue']>[0],
): Promise<readonly HeldDelivery[]> {
  const rows = await run<DeliveryRow>(pool, CLAIM_DUE, [lease.owner, lease.ms, endpointCap, limit])
  return rows.map((row) => ({
    eventId: row.event_id,
    endpoint: row.endpoint,
    url: row.callback_url,
    sealedSecrets: [row.callback_secret_sealed, row.former_secret_sealed].filter((sealed) => sealed !== null),
    body: row.body,
    traceparent: row.traceparent,
    attemptNo: row.attempts,
    tryNo: row.tries,
    isReplay: row.replays > 0,
    fence: BigInt(row.fence),
  }))
}
