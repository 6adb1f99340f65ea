/** What keeps a setting from being deleted: history and unfinished work that hang on it. */
import type { Query } from '../query.js'

export interface UsedUnit {
  id: string
  /** What hangs on it; null: nothing. */
  reason: 'numbers' | 'moves' | 'quota' | 'invoices' | null
}

/** Of these using units, those with numbers, moves, quota or waiting invoices; each with one reason. */
export async function findUsedUnits(query: Query, ids: readonly string[]): Promise<UsedUnit[]> {
  if (ids.length === 0) return []
  const { rows }: { rows: UsedUnit[] } = await query.run(
    `select id, case
       when exists (select from number_segments s where s.using_unit_id = u.id) then 'numbers'
       when exists (select from bureau_moves m where m.using_unit_id = u.id) then 'moves'
       when exists (select from credit_quotas q where q.using_unit_id = u.id) then 'quota'
       when exists (select from invoices i where i.using_unit_id = u.id and i.invoice_number is null) then 'invoices'
     end as reason
     from using_units u where u.id = any(?)`,
    [[...ids]],
  )
  return rows.filter(({ reason }) => reason !== null)
}

/** Of these business types, those with messages or orders that have not ended, or results on their way by callback. */
export async function findUsedTypes(query: Query, codes: readonly string[]): Promise<string[]> {
  if (codes.length === 0) return []
  const { rows }: { rows: { code: string }[] } = await query.run(
    `select code from business_types t where t.code = any(?) and (
       exists (select from inbox_messages i where i.business_type = t.code and i.due_at is not null)
       or exists (select from inbox_messages i where i.business_type = t.code and i.park_cause is not null)
       or exists (select from orders o where o.business_type = t.code and o.state in ('received', 'mapped', 'in_progress'))
       or exists (
         select from callback_deliveries d join callback_endpoints e on e.business_type = d.endpoint
         where d.endpoint = t.code and d.due_at is not null and e.disabled_for is null))`,
    [[...codes]],
  )
  return rows.map(({ code }) => code)
}
