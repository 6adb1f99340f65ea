/** The latest revision of each order key, for telling duplicates from conflicts. */
import type { ExistingOrder } from '../../../connector/issuing/ports.js'
import type { OrderState } from '../../../connector/issuing/states.js'
import type { Tx } from '../../../connector/issuing/transaction.js'
import { clientOf } from '../database.js'
import { run, type Statement, toJson } from '../statement.js'

const LOAD_LATEST: Statement = {
  name: 'orders.load_latest',
  text: `
    select latest.*
    from (select distinct value as order_key from json_array_elements_text($1)) wanted
    cross join lateral (
      select id, order_key, revision, state, mapping_version_id,
        (select m.body_sha256 from inbox_messages m where m.id = o.inbox_id) as body_sha256
      from orders o where o.order_key = wanted.order_key order by revision desc limit 1
    ) latest`,
}

interface OrderRow {
  id: string
  order_key: string
  revision: number
  state: OrderState
  body_sha256: string | null
  mapping_version_id: string | null
}

export async function loadLatestOrders(tx: Tx, orderKeys: readonly string[]): Promise<readonly ExistingOrder[]> {
  if (orderKeys.length === 0) return []
  const rows = await run<OrderRow>(clientOf(tx), LOAD_LATEST, [toJson(orderKeys)])
  return rows.map((row) => ({
    id: row.id,
    orderKey: row.order_key,
    revision: row.revision,
    state: row.state,
    bodySha256: row.body_sha256,
    mappingVersionId: row.mapping_version_id,
  }))
}
