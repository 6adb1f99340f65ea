/** The text of a stored mapping version, active or not. */
import type { Tx } from '../../../connector/issuing/transaction.js'
import { clientOf } from '../database.js'
import { run, type Statement } from '../statement.js'

const LOAD_VERSION: Statement = {
  name: 'mapping_versions.load',
  text: 'select id, number, body from mapping_versions where id = $1',
}

export async function loadMappingVersion(
  tx: Tx,
  versionId: string,
): Promise<{ versionId: string; number: number; text: string } | null> {
  const [row] = await run<{ id: string; number: number; body: string }>(clientOf(tx), LOAD_VERSION, [versionId])
  return row === undefined ? null : { versionId: row.id, number: row.number, text: row.body }
}
