/**
 * Worlds in which the real core lives through what `reliability` §4 lists; and worlds without one of its guards, which must
 * be seen to fail: what a watch cannot see, it does not guard.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { IssuingStore } from '../../issuing/ports.js'
import { printFailure, runSeed } from './simulate.js'
import type { RunOptions, Sabotage } from './world.js'

const ORDERS: RunOptions['orders'] = { min: 10, max: 30 }
/** Far from those that other runs use. */
const FIRST_SEED = 7_000

for (let index = 0; index < 20; index += 1) {
  const seed = FIRST_SEED + index
  test(`world ${seed} keeps every invariant and comes to its end`, async () => {
    const outcome = await runSeed(seed, { orders: ORDERS })

    assert.equal(outcome.kind === 'failed' ? printFailure(outcome.failure, ORDERS) : '', '')
  })
}

test('the same seed is the same world, to the last event; another seed is another', async () => {
  const hashOf = async (seed: number) => {
    const outcome = await runSeed(seed, { orders: ORDERS })
    return outcome.kind === 'passed' ? outcome.report.hash : outcome.failure.violation.message
  }
  const [first, again, other] = [await hashOf(12), await hashOf(12), await hashOf(13)]

  assert.equal(first, again)
  assert.notEqual(first, other)
})

/** Replaces some operations of one part of a store. */
function alter<K extends keyof IssuingStore>(
  part: K,
  change: (own: IssuingStore[K], store: IssuingStore) => Partial<IssuingStore[K]>,
): Pick<Sabotage, 'store'> {
  return { store: (store) => ({ ...store, [part]: { ...store[part], ...change(store[part], store) } }) }
}

/** Worlds in which a sabotage must be seen, counted from one that saw it when this was written. */
const WORLD_COUNT_MAX = 40

/** What is broken → the invariants that may be the first to tell. */
const SABOTAGES: Readonly<
  Record<string, { sabotage: Sabotage; bias?: RunOptions['bias']; tells: readonly string[]; from: number }>
> = {
  'a stale worker passes with the fence of the new one': {
    sabotage: {
      store: (store, schema) => {
        const fenceOf = (id: string) => schema.batches.get(null, id)?.fence ?? 0n
        const { batches } = store
        return {
          ...store,
          batches: {
            ...batches,
            move: (tx, change) => batches.move(tx, { ...change, fence: fenceOf(change.id) }),
          },
        }
      },
    },
    bias: (swarm) => ({ ...swarm, replicaCount: 3, bureauMs: 2_000, counts: { ...swarm.counts, stops: 40 } }),
    tells: ['I13'],
    from: 4,
  },
  'what was in doubt is taken up as if it were not': {
    sabotage: alter('batches', (batches) => ({
      claimDue: async (options) =>
        (await batches.claimDue(options)).map((batch) => ({ ...batch, wasInDoubt: false, doubtSince: null })),
    })),
    tells: ['I2', 'I3', 'I9'],
    from: 9,
  },
  'bytes are drawn anew when they are sent again': {
    sabotage: alter('batches', (batches) => ({
      loadFrozen: async (id) =>
        (await batches.loadFrozen(id)).map((text) => ({
          ...text,
          frozen: text.frozen.replace(/"issuedAt":(\d+)/, (_, at) => `"issuedAt":${Number(at) + 1}`),
        })),
    })),
    tells: ['I3'],
    from: 4,
  },
  'a pending verdict is taken for issued': {
    sabotage: {
      bureau: (bureau) => ({
        ...bureau,
        queryResult: async (...call) => {
          const answer = await bureau.queryResult(...call)
          if (answer.kind !== 'results') return answer
          return { ...answer, rows: answer.rows.map((row) => ({ ...row, status: 'issued' as const })) }
        },
      }),
    },
    tells: ['I9'],
    from: 4,
  },
  'an answer that is lost is taken for a refusal': {
    sabotage: {
      bureau: (bureau) => ({
        ...bureau,
        upload: async (...call) => {
          const answer = await bureau.upload(...call)
          return answer.kind === 'in_doubt' ? { ...answer, kind: 'refused', park: null } : answer
        },
      }),
    },
    tells: ['I2', 'I3', 'I9'],
    from: 7,
  },
  'a message is acknowledged that was not stored': {
    sabotage: alter('inbox', () => ({ insert: () => Promise.resolve() })),
    tells: ['I1'],
    from: 1,
  },
  'quota is handed out that is not there': {
    sabotage: alter('quota', () => ({ reserve: () => Promise.resolve(true) })),
    tells: ['I5', 'I6'],
    from: 1,
  },
  'a download is booked in the month of the wish instead of its own': {
    sabotage: {
      bureau: (bureau) => ({
        ...bureau,
        moveQuota: async (...call) => {
          const answer = await bureau.moveQuota(...call)
          return answer.kind === 'granted' ? { ...answer, validFrom: null } : answer
        },
      }),
    },
    tells: ['I5', 'I6'],
    from: 7,
  },
  'a number of a refused invoice is forgotten': {
    sabotage: alter('numbers', () => ({ giveBack: () => Promise.resolve() })),
    tells: ['I4'],
    from: 3,
  },
  'a result is worded anew when it is published again': {
    sabotage: {
      publisher: (publisher) => ({
        publish: (events) =>
          publisher.publish(events.map((event) => ({ ...event, body: `${event.body}${' '.repeat(event.attempts)}` }))),
      }),
    },
    tells: ['I7'],
    from: 4,
  },
  'a result counts as published before the broker confirmed it': {
    sabotage: {
      publisher: (publisher) => ({
        publish: async (events) => (await publisher.publish(events)).map(() => 'confirmed'),
      }),
    },
    tells: ['I7'],
    from: 7,
  },
  'a log of moves leaves one out': {
    sabotage: alter('orders', (orders) => ({
      finish: (tx, ends) =>
        orders.finish(
          tx,
          ends.map((end) => ({ ...end, state: 'rejected' })),
        ),
    })),
    tells: ['I13'],
    from: 1,
  },
  'nothing that waits is ever woken': {
    sabotage: alter('orders', () => {
      const none = { inbox: 0, orders: 0, invoices: 0, batches: 0 }
      return {
        wake: () => Promise.resolve(none),
        wakeOn: () => Promise.resolve(null),
        sweep: () => Promise.resolve(none),
      }
    }),
    tells: ['I14'],
    from: 1,
  },
}

for (const [what, { sabotage, bias, tells, from }] of Object.entries(SABOTAGES)) {
  test(`it is seen when ${what}`, async (t) => {
    for (let seed = from; seed < from + WORLD_COUNT_MAX; seed += 1) {
      const outcome = await runSeed(seed, { orders: ORDERS, sabotage, ...(bias && { bias }) })
      if (outcome.kind === 'passed') continue
      const { violation } = outcome.failure
      const invariant = violation.message.split(':')[0] ?? ''
      t.diagnostic(`${violation.message.slice(0, 120)}, in world ${seed}`)
      assert.ok(tells.includes(invariant), violation.message)
      assert.match(printFailure(outcome.failure, ORDERS), /^seed \d+ failed at step \d+[\s\S]*repeat: npm run simulate/)
      return
    }
    assert.fail(`${WORLD_COUNT_MAX} worlds saw nothing`)
  })
}
