import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aUsingUnit } from '../testing/builders.js'
import { now } from '../testing/story.js'
import { type AskDeps, askTwice, type MoveAnswer } from './ask-twice.js'
import type { HeldMove } from './supply-ports.js'

const OWN = aSegment('26317000000000000001', '26317000000000000200')
const OTHER = aSegment('26317000000000000201', '26317000000000000400')
const REFUSED = { kind: 'refused', code: '01', message: '不予分配', requestId: null, park: null } as const
const LOST = { kind: 'in_doubt', code: 'BUR-TIMEOUT', message: '', requestId: null } as const

const CASES: readonly [name: string, answers: readonly MoveAnswer[], end: MoveAnswer['kind']][] = [
  ['a segment that is told twice is ours', [OWN, OWN], 'granted'],
  ['a refusal that is told twice is one', [REFUSED, REFUSED], 'refused'],
  ['a segment that another answer denies is nobody’s yet', [OTHER, OWN], 'in_doubt'],
  ['a grant that is refused the second time is none yet', [OWN, REFUSED], 'in_doubt'],
  ['a refusal that is a grant the second time is none', [REFUSED, OWN], 'in_doubt'],
  ['a grant whose repetition is lost is asked for again', [OWN, LOST], 'in_doubt'],
  ['what is lost at once is not asked twice', [LOST], 'in_doubt'],
]

for (const [name, answers, end] of CASES) {
  test(name, async () => {
    const left = [...answers]
    const serials: string[] = []
    const claimNumbers = (_unit: unknown, { serial }: { serial: string }) => {
      serials.push(serial)
      return Promise.resolve(left.shift())
    }
    // Only what is asked here.
    const deps = { bureau: { claimNumbers }, clock: { now } } as unknown as AskDeps
    const hold = { signal: new AbortController().signal } as Parameters<typeof askTwice>[3]

    const answer = await askTwice(deps, aUsingUnit(), aClaim(), hold)

    assert.equal(answer.kind, end)
    assert.deepEqual(left, [])
    assert.deepEqual([...new Set(serials)], ['serial'])
  })
}

function aSegment(first: string, last: string): MoveAnswer {
  return { kind: 'granted', first, last, count: 200 } as MoveAnswer
}

function aClaim(): HeldMove {
  return {
    id: 'move',
    usingUnitId: aUsingUnit().id,
    kind: 'number_claim',
    serial: 'serial',
    numberCount: 200,
    amount: null,
    period: null,
    state: 'sent',
    attempts: 1,
    fence: 1n,
  }
}
