/**
 * The text by which workers take up what is due: owners take turns, so that one with very many rows does not hold up
 * another's only one; of each owner the oldest first; stepping over what another worker holds.
 *
 * What is due, and which lease has run out, is told by the clock of the database alone: one clock for all replicas.
 *
 * Walks the index (owner, due_at) from one owner to the next, so that it costs two looks per owner with work, however
 * much work each has. With more owners than `limit`, those who wait longest have their turn.
 */
export function fairPick(queue: {
  table: string
  /** Leading column of the index of what is due. */
  owner: string
  /** Condition on a row `r`, beside being due and unleased. */
  isWanted?: string
  /** Parameter: how many to take at most. */
  limit: string
}): string {
  const { table, owner, limit } = queue
  const isDue = `r.due_at <= now() and (r.leased_until is null or r.leased_until <= now())`
  const wanted = queue.isWanted === undefined ? isDue : `${isDue} and ${queue.isWanted}`
  return `
    with recursive owners as (
      (select r.${owner} as owner, r.due_at from ${table} r where ${wanted} order by r.${owner}, r.due_at limit 1)
      union all
      select next.owner, next.due_at from owners cross join lateral (
        select r.${owner} as owner, r.due_at from ${table} r
        where r.${owner} > owners.owner and ${wanted} order by r.${owner}, r.due_at limit 1
      ) next
    ), turns as (
      select owner, greatest(1, ${limit}::integer / count(*) over ()) as share
      from (select owner from owners order by due_at limit ${limit}) longest
    ), picked as (
      select own.id from turns cross join lateral (
        select r.id from ${table} r
        where r.${owner} = turns.owner and ${wanted}
        order by r.due_at limit turns.share for update of r skip locked
      ) own
    )`
}
