/**
 * Takes invoice numbers: returned ones first, then in segment order; one counter per segment, no row per number.
 *
 * Two statements, sent together: the first locks the segments, the second sees what is left under the lock. Every
 * change of a segment and of its returns happens under this lock, so no number can be taken twice.
 */
import type { TakenNumber } from '../../../connector/issuing/supply-ports.js'
import type { Tx } from '../../../connector/issuing/transaction.js'
import type { InvoiceNumber, UsingUnitId } from '../../../connector/kernel/ids.js'
import { clientOf } from '../database.js'
import { run, type Statement } from '../statement.js'

const INVOICE_NUMBER_DIGIT_COUNT = 20

const LOCK_SEGMENTS: Statement = {
  name: 'numbers.lock',
  text: `
    select id from number_segments where using_unit_id = $1 and year = $2 and state = 'active'
    order by granted_at, id for update`,
}

const TAKE_NUMBERS: Statement = {
  name: 'numbers.take',
  text: `
    with segments as materialized (
      select id, first_number, size, next_offset, returned_count, granted_at
      from number_segments where using_unit_id = $1 and year = $2 and state = 'active'
    ), chosen as (
      select back.id from segments s
      cross join lateral (
        select r.id from number_returns r
        where r.segment_id = s.id and r.taken_at is null and r.burned_reason is null
        order by r.id limit $3
      ) back
      where s.returned_count > 0
      order by back.id limit $3
    ), reused as (
      update number_returns r set taken_at = now() where r.id = any(array(select id from chosen))
      returning r.id, r.segment_id, r.invoice_number
    ), wanted as materialized (
      select $3::integer - (select count(*) from reused)::integer as count
    ), shares as materialized (
      select s.id, s.first_number, s.next_offset, s.granted_at,
        least(s.size - s.next_offset,
          greatest(0, w.count - (sum(s.size - s.next_offset) over (order by s.granted_at, s.id)
            - (s.size - s.next_offset))))::integer as fresh_count,
        (select count(*) from reused r where r.segment_id = s.id)::integer as reused_count
      from segments s cross join wanted w
    ), counted as (
      update number_segments n
      set next_offset = n.next_offset + s.fresh_count,
        returned_count = n.returned_count - s.reused_count,
        state = case
          when n.next_offset + s.fresh_count = n.size and n.returned_count = s.reused_count then 'used_up'
          else 'active' end
      from shares s where n.id = s.id and s.fresh_count + s.reused_count > 0
    )
    select segment_id, invoice_number as first_number, 0 as first_offset, 1 as count, null::timestamptz as granted_at,
      id as return_id
    from reused
    union all
    select id, first_number, next_offset, fresh_count, granted_at, null from shares where fresh_count > 0
    order by granted_at nulls first, return_id, segment_id`,
}

interface RangeRow {
  segment_id: string
  first_number: string
  first_offset: number
  count: number
}

/**
 * Shape   at most `count` numbers; fewer when the unit has no more this year
 * Units   20 decimal digits, counted up by one within a segment
 * Source  Leqi base capability, batch number pre-assignment (QDFPPLFM)
 */
export async function takeNumbers(
  tx: Tx,
  usingUnitId: UsingUnitId,
  year: number,
  count: number,
): Promise<readonly TakenNumber[]> {
  const client = clientOf(tx)
  const [, ranges] = await Promise.all([
    run(client, LOCK_SEGMENTS, [usingUnitId, year]),
    run<RangeRow>(client, TAKE_NUMBERS, [usingUnitId, year, count]),
  ])
  return ranges.flatMap((range) => listNumbers(range))
}

function listNumbers({ segment_id: segmentId, first_number: first, first_offset: offset, count }: RangeRow) {
  const start = BigInt(first) + BigInt(offset)
  return Array.from({ length: count }, (_, index): TakenNumber => {
    const digits = (start + BigInt(index)).toString().padStart(INVOICE_NUMBER_DIGIT_COUNT, '0')
    // A number of a segment that the bureau granted; the segment's checks in the database prove its form.
    return { invoiceNumber: digits as InvoiceNumber, segmentId }
  })
}
