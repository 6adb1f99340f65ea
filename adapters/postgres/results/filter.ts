/** Which results a filter means, as SQL over events `e`, orders `o` and deliveries `d`; its values are $1 to $7. */
import type { ResultFilter } from '../../../connector/issuing/replay-ports.js'
import { toNullableTimestamp } from '../statement.js'

export const MEANT = `
  from outbox_events e
  join orders o on o.id = e.order_id
  left join callback_deliveries d on d.event_id = e.id
  where ($1::text is null or o.business_type = $1)
    and ($2::text is null or o.order_no = $2)
    and ($3::uuid is null or e.id = $3)
    and ($4::timestamptz is null or e.created_at >= $4)
    and ($5::timestamptz is null or e.created_at < $5)
    and (
      ($6::text is distinct from 'callback' and e.state <> 'by_callback' and (not $7::boolean or e.state = 'pending'))
      or ($6 is distinct from 'amqp' and d.event_id is not null and (not $7 or d.state <> 'delivered')))`

export function toValues(filter: ResultFilter): readonly unknown[] {
  return [
    filter.businessType,
    filter.orderNo,
    filter.eventId,
    toNullableTimestamp(filter.since),
    toNullableTimestamp(filter.until),
    filter.way,
    filter.isUndelivered,
  ]
}
