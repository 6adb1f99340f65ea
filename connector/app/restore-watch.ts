/**
 * Notices that the database is an older copy of itself, when it is opened and every few seconds after.
 *
 * Two signs: it stands at another place than the one it was written at last (another server, timeline or schema), or its
 * log reaches less far than this process, or a note outside of the database, has seen. A database that was moved on
 * purpose shows the same signs; comparing it with the bureau costs minutes and nothing else.
 */
import type pg from 'pg'
import { clientOf } from '../../adapters/postgres/database.js'
import { loadKnownPlace, loadLastMove, readPlace, savePlace } from '../../adapters/postgres/database-place.js'
import { claimDeployment, DeploymentRefused } from '../../adapters/postgres/deployment.js'
import type { HighWaterFile } from '../../adapters/system/high-water-file.js'
import { randomIds } from '../../adapters/system/ids.js'
import type { Logger } from '../../adapters/system/logger.js'
import type { Sealer } from '../../adapters/system/sealing.js'
import type { IssuingStore } from '../issuing/ports.js'
import { judgePlace, type RestoreGround, type RestoreStore } from '../issuing/restore-ports.js'
import type { Tx } from '../issuing/transaction.js'
import type { Clock } from '../kernel/time.js'

export interface RestoreWatchDeps {
  pool: pg.Pool
  store: IssuingStore
  restores: RestoreStore
  sealer: Sealer
  /** null: nothing is noted outside of the database. */
  highWater: HighWaterFile | null
  clock: Clock
  log: Logger
}

export interface RestoreWatch {
  /** Takes the schema for this deployment and looks for the signs. Errors: `DeploymentRefused`, those of the database. */
  look(): Promise<void>
}

export function makeRestoreWatch(deps: RestoreWatchDeps): RestoreWatch {
  let seenMove = 0n

  async function look(): Promise<void> {
    const present = await readPlace(deps.pool)
    const { deploymentId, lastMove } = await deps.store.database.transaction('other', async (tx) => {
      const { id } = await takeDeployment(deps, tx)
      const known = await loadKnownPlace(tx)
      const lastMove = await loadLastMove(clientOf(tx))
      const noted = deps.highWater?.read(id) ?? 0n
      const highWater = noted > seenMove ? noted : seenMove
      const ground =
        (known === null ? null : judgePlace(known, present)) ?? (lastMove < highWater ? 'behind_high_water' : null)
      if (ground !== null)
        await begin(deps, tx, ground, { known, present, lastMove: `${lastMove}`, highWater: `${highWater}` })
      if (known === null || ground !== null) await savePlace(tx, present)
      return { deploymentId: id, lastMove }
    })
    seenMove = lastMove
    note(deps, deploymentId, lastMove)
  }

  return { look }
}

/** The first process names the deployment; every later one must hold the same master key. */
async function takeDeployment({ sealer }: RestoreWatchDeps, tx: Tx): Promise<{ id: string }> {
  const id = randomIds.uuid()
  const owner = await claimDeployment(tx, id, sealer.checkValue(id))
  if (!sealer.isOwnCheckValue(owner.keyCheck, owner.id)) throw new DeploymentRefused()
  return owner
}

async function begin(deps: RestoreWatchDeps, tx: Tx, ground: RestoreGround, detail: object): Promise<void> {
  await deps.restores.begin(tx, { id: randomIds.uuid(), ground, detail, at: deps.clock.now() })
  await deps.store.signals.announce(tx, ['settings'])
  deps.log.error({ ground, ...detail }, 'restore.detected')
}

function note({ highWater, log }: RestoreWatchDeps, deploymentId: string, lastMove: bigint): void {
  try {
    highWater?.write(deploymentId, lastMove)
  } catch (error) {
    log.warn({ error }, 'restore.unnoted')
  }
}
