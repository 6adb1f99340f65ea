/** The way of one process to the database: a little late, sometimes cut, sometimes the last thing that the process does. */
import { type CommitFate, ConnectionLost, type Link } from '../memory/server.js'
import type { Life } from './life.js'
import type { FaultName, Swarm } from './swarm.js'

export interface LinkParts {
  swarm: () => Swarm
  isDown: () => boolean
  onFault: (name: FaultName) => void
}

export function makeLink(life: Life, { swarm, isDown, onFault }: LinkParts): Link {
  const { dice } = life
  let isLastCommit = false

  function strike(name: FaultName): boolean {
    const isStruck = dice.chance(swarm().rates[name])
    if (isStruck) onFault(name)
    return isStruck
  }

  return {
    async reach(what) {
      await life.hop(what, dice.between(0, swarm().databaseMs))
      if (isDown() || strike('databaseCut')) throw new ConnectionLost(what)
    },
    async commit(what): Promise<CommitFate> {
      await life.hop(`commits ${what}`, dice.between(0, swarm().databaseMs))
      if (isDown()) return 'lost-before'
      if (strike('crashBeforeCommit')) {
        life.die()
        return forEver()
      }
      if (strike('crashAfterCommit')) {
        isLastCommit = true
        return 'stored'
      }
      if (strike('serializationFailure')) return 'serialization-failure'
      if (strike('commitLostBefore')) return 'lost-before'
      return strike('commitLostAfter') ? 'lost-after' : 'stored'
    },
    answer() {
      if (!isLastCommit) return Promise.resolve()
      life.die()
      return forEver()
    },
    sleep: (ms) => life.hop('waits', ms),
    random: dice.random,
  }
}

/** What a dead process waits for. */
function forEver(): Promise<never> {
  return new Promise(() => undefined)
}
