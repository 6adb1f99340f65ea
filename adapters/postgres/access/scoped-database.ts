/** Transactions as the role of the API, which row-level security confines to the reach of one caller. */
import type pg from 'pg'
import type { Scope, ScopedDatabase } from '../../../connector/access/scope.js'
import type { Database } from '../../../connector/issuing/transaction.js'
import { clientOf } from '../database.js'
import { API_ROLE, EVERYTHING } from '../migrations/0001-api-role.js'
import { run, type Statement } from '../statement.js'

/**
 * $1: organisations, or EVERYTHING. $2: who asks, or empty. Lists of people's choosing are planned for their values, unlike the hot path (pool.ts).
 * The last setting takes the rights of the pool away.
 */
const ENTER: Statement = {
  name: 'access.enter_scope',
  text: `
    select set_config('leqi.organizations', $1, true), set_config('leqi.user', $2, true),
      set_config('plan_cache_mode', 'auto', true),
      set_config('enable_seqscan', 'on', true), set_config('enable_mergejoin', 'on', true),
      set_config('role', '${API_ROLE}', true)`,
}

export function makeScopedDatabase(database: Pick<Database, 'transaction'>): ScopedDatabase {
  return {
    within: (reach, work, userId) =>
      database.transaction('other', async (tx) => {
        const scope = { tx, reach, userId: userId ?? null }
        await enter(clientOf(tx), scope)
        return work(scope)
      }),
  }
}

async function enter(client: pg.PoolClient, { reach, userId }: Scope): Promise<void> {
  await run(client, ENTER, [reach === 'everything' ? EVERYTHING : [...reach].join(), userId ?? ''])
}
