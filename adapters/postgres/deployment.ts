/**
 * One deployment per schema: its id and the check value of its master key. A second deployment would send the first
 * one's orders, and another key could open none of its secrets; both are refused before anything is touched.
 */
import type { Tx } from '../../connector/issuing/transaction.js'
import { clientOf } from './database.js'
import { run, type Statement } from './statement.js'

const CLAIM_DEPLOYMENT: Statement = {
  name: 'deployment.claim',
  text: 'insert into deployment (id, key_check) values ($1, $2) on conflict do nothing',
}

const LOAD_DEPLOYMENT: Statement = { name: 'deployment.load', text: 'select id, key_check from deployment' }

/** The schema belongs to a deployment with another master key. */
export class DeploymentRefused extends Error {
  override name = 'DeploymentRefused'
  readonly code = 'STO-other-key'
  readonly messageEn =
    'this database belongs to a deployment with another master key; check LEQI_MASTER_KEY and LEQI_DB_SCHEMA'

  constructor() {
    super('该数据库属于使用另一主密钥的部署，请核对 LEQI_MASTER_KEY 与 LEQI_DB_SCHEMA')
  }
}

/** The deployment that owns the schema; null before the first start. */
export async function loadDeployment(tx: Tx): Promise<{ id: string; keyCheck: string } | null> {
  const [row] = await run<{ id: string; key_check: string }>(clientOf(tx), LOAD_DEPLOYMENT, [])
  return row === undefined ? null : { id: row.id, keyCheck: row.key_check }
}

/**
 * Takes the schema for a new deployment unless one has it already; returns the one that has it then. Of two first starts at
 * once one waits for the other's commit and finds its row.
 */
export async function claimDeployment(tx: Tx, id: string, keyCheck: string): Promise<{ id: string; keyCheck: string }> {
  await run(clientOf(tx), CLAIM_DEPLOYMENT, [id, keyCheck])
  return (await loadDeployment(tx)) ?? { id, keyCheck }
}
