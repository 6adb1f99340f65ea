/** Tells every replica, after the commit, that there is something to do: one NOTIFY with the names of the rooms. */
import type { WorkSignal } from '../../../connector/issuing/ports.js'
import type { Tx } from '../../../connector/issuing/transaction.js'
import { clientOf } from '../database.js'
import { run, type Statement } from '../statement.js'

const ANNOUNCE: Statement = { name: 'signals.announce', text: 'select pg_notify($1, $2)' }

export async function announce(channel: string, tx: Tx, signals: readonly WorkSignal[]): Promise<void> {
  if (signals.length === 0) return
  await run(clientOf(tx), ANNOUNCE, [channel, signals.join(' ')])
}
