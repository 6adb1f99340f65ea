/** The raw body of the message that an order was made of. */
import type { Tx } from '../../../connector/issuing/transaction.js'
import { clientOf } from '../database.js'
import { run, type Statement } from '../statement.js'

const LOAD_BODY: Statement = {
  name: 'orders.load_body',
  text: 'select body from inbox_messages where id = (select inbox_id from orders where id = $1)',
}

export async function loadOrderBody(tx: Tx, orderId: string): Promise<Buffer | null> {
  const [row] = await run<{ body: Buffer }>(clientOf(tx), LOAD_BODY, [orderId])
  return row?.body ?? null
}
