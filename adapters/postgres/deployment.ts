/**
 * One deployment per schema: its id and the check value of its master key. A second deployment would send the first
 * one's orders, and another key could open none of its secrets; both are refused before anything is touched.
 */
import type { Tx } from '../../connector/issuing/ports.js'
import { clientOf } from './database.js'
import { run, type Statement } from './statement.js'

const CLAIM_DEPLOYMENT: Statement = {
  name: 'deployment.claim',
  text: 'insert into deployment (id, key_check) values ($1, $2) on conflict do nothing',
}

const LOAD_DEPLOYMENT: Statement = { name: 'deployment.load', text: 'select id, key_check from deployment' }

/** The schema belongs to somebody else, or its secrets to another key. Tells no value, only which of the two. */
export class DeploymentRefused extends Error {
  override name = 'DeploymentRefused'
  readonly code: 'STO-other-deployment' | 'STO-other-key'
  readonly messageEn: string

  constructor(code: DeploymentRefused['code']) {
    const [message, messageEn] = REFUSALS[code]
    super(message)
    this.code = code
    this.messageEn = messageEn
  }
}

const REFUSALS: Record<DeploymentRefused['code'], readonly [string, string]> = {
  'STO-other-deployment': [
    '该数据库模式已被另一套部署使用，请核对 LEQI_DB_SCHEMA',
    'this schema belongs to another deployment; check LEQI_DB_SCHEMA',
  ],
  'STO-other-key': [
    '主密钥与数据库中的不一致，请核对 LEQI_MASTER_KEY',
    'the master key is not the one this database was sealed with; check LEQI_MASTER_KEY',
  ],
}

/** The deployment that owns the schema; null before the first start. */
export async function loadDeployment(tx: Tx): Promise<{ id: string; keyCheck: string } | null> {
  const [row] = await run<{ id: string; key_check: string }>(clientOf(tx), LOAD_DEPLOYMENT, [])
  return row === undefined ? null : { id: row.id, keyCheck: row.key_check }
}

/** Takes the schema for a deployment, or finds it taken by the same. Errors: DeploymentRefused. */
export async function claimDeployment(tx: Tx, id: string, keyCheck: string): Promise<void> {
  await run(clientOf(tx), CLAIM_DEPLOYMENT, [id, keyCheck])
  const owner = await loadDeployment(tx)
  if (owner?.id !== id) throw new DeploymentRefused('STO-other-deployment')
  if (owner.keyCheck !== keyCheck) throw new DeploymentRefused('STO-other-key')
}
