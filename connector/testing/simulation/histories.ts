/**
 * Histories: what a release did to its entities, kept to be read by the next ones. Every move of an older release must
 * still be allowed, and every state that it left something in must be one that the present code goes on from.
 *
 * Shape of the file: one line per way that entities went through their states, with how many went it. Ids, instants and
 * figures are nobody's business later; the ways are.
 */
import type { RunReport } from './world.js'

export interface History {
  entity: string
  /** States in their order, the first one included; `cause` of a move after a colon. */
  way: readonly string[]
  count: number
}

/** Ways kept of each kind of entity; the most travelled ones and the longest are what matters. */
const WAY_COUNT_MAX = 400

export function recordHistories(reports: readonly Pick<RunReport, 'seed' | 'transitions'>[]): string {
  const counts = new Map<string, number>()
  for (const { transitions } of reports) {
    const ways = new Map<string, { entity: string; way: string[] }>()
    for (const { entity, id, to, cause } of transitions) {
      const known = ways.get(id) ?? { entity, way: [] }
      known.way.push(cause === null ? to : `${to}:${cause}`)
      ways.set(id, known)
    }
    for (const { entity, way } of ways.values()) {
      const key = JSON.stringify([entity, shorten(way)])
      counts.set(key, (counts.get(key) ?? 0) + 1)
    }
  }
  const seen = new Map<string, number>()
  const lines = [...counts]
    .sort(([a, countA], [b, countB]) => countB - countA || (a < b ? -1 : 1))
    .flatMap(([key, count]) => {
      // Written above.
      const [entity, way] = JSON.parse(key) as [string, string[]]
      const rank = (seen.get(entity) ?? 0) + 1
      seen.set(entity, rank)
      return rank > WAY_COUNT_MAX ? [] : [JSON.stringify({ entity, way, count } satisfies History)]
    })
  return `[\n${lines.join(',\n')}\n]\n`
}

/** A circle gone many times is told as gone twice. */
function shorten(way: readonly string[]): string[] {
  const short: string[] = []
  for (const state of way) {
    short.push(state)
    for (const length of [1, 2, 3]) {
      const [last, before, first] = [1, 2, 3].map((back) =>
        short.slice(-length * back, short.length - length * (back - 1)).join(),
      )
      if (short.length >= 3 * length && last === before && before === first) short.splice(-length)
    }
  }
  return short
}
