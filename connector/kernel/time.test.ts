import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  after,
  chinaDate,
  chinaDateTime,
  chinaRfc3339,
  chinaYear,
  type Instant,
  instant,
  parseLocalDate,
  taxPeriodOf,
  utcRfc3339,
} from './time.js'

const RUNS = { seed: 20_261_122, numRuns: 20_000 }
const instants = fc.integer({ min: Date.UTC(2000, 0, 1), max: Date.UTC(2099, 11, 31) }).map(instant)

const at = (text: string): Instant => instant(Date.parse(text))

test('a month ends in China eight hours before it ends in Greenwich', () => {
  const last = at('2026-11-30T15:59:59.999Z')
  assert.equal(chinaDateTime(last), '2026-11-30 23:59:59')
  assert.equal(taxPeriodOf(last), '2026-11')
  const next = after(last, 1)
  assert.equal(chinaDateTime(next), '2026-12-01 00:00:00')
  assert.equal(chinaDate(next), '2026-12-01')
  assert.equal(taxPeriodOf(next), '2026-12')
})

test('a year begins in China while Greenwich still writes the old one', () => {
  const newYear = at('2026-12-31T16:00:00.000Z')
  assert.equal(chinaYear(after(newYear, -1)), 2026)
  assert.equal(chinaYear(newYear), 2027)
  assert.equal(chinaRfc3339(newYear), '2027-01-01T00:00:00+08:00')
  assert.equal(utcRfc3339(newYear), '2026-12-31T16:00:00.000Z')
})

test('instants of one second and of the next are printed each as itself', () => {
  const newYear = at('2026-12-31T16:00:00.000Z')
  for (const ms of [0, 7, 89, 999, 1_000, 86_400_000, 0, -1, -1_000, -newYear]) {
    const moved = after(newYear, ms)
    assert.equal(utcRfc3339(moved), new Date(moved).toISOString())
    const inChina = new Date(moved + 8 * 60 * 60 * 1000).toISOString().slice(0, 19)
    assert.equal(chinaRfc3339(moved), `${inChina}+08:00`)
    assert.equal(chinaDateTime(moved), inChina.replace('T', ' '))
  }
})

test('February has its twenty-ninth day in leap years only', () => {
  assert.equal(chinaDate(at('2028-02-28T16:00:00Z')), '2028-02-29')
  assert.equal(chinaDate(at('2027-02-28T16:00:00Z')), '2027-03-01')
})

test('reads real calendar dates in both forms', () => {
  assert.equal(parseLocalDate('2026-11-30'), '2026-11-30')
  assert.equal(parseLocalDate('20261130'), '2026-11-30')
  assert.equal(parseLocalDate('2028-02-29'), '2028-02-29')
})

test('refuses dates that no calendar has, and half-dashed ones', () => {
  const refused = [
    '2026-11-31',
    '2027-02-29',
    '20260230',
    '2026-13-01',
    '2026-00-10',
    '2026-1-1',
    '2026-1130',
    '202611-30',
    '',
    'today',
  ]
  for (const text of refused) assert.equal(parseLocalDate(text), null, text)
})

test('an instant is a whole number of milliseconds', () => {
  for (const value of [Number.NaN, 0.5, Number.POSITIVE_INFINITY, 2 ** 60])
    assert.throws(() => instant(value), RangeError)
  assert.equal(after(instant(1_000), 0.6), 1_001)
})

test('the date in China is that of a clock eight hours ahead, and its period begins with it', () => {
  fc.assert(
    fc.property(instants, (moment) => {
      const date = chinaDate(moment)
      assert.equal(
        Date.parse(`${date}T00:00:00+08:00`),
        Math.floor((moment + 28_800_000) / 86_400_000) * 86_400_000 - 28_800_000,
      )
      assert.equal(parseLocalDate(date), date)
      assert.equal(taxPeriodOf(moment), date.slice(0, 7))
      assert.equal(chinaYear(moment), Number(date.slice(0, 4)))
      assert.equal(Date.parse(chinaRfc3339(moment)), Math.floor(moment / 1_000) * 1_000)
      assert.ok(chinaDateTime(moment).startsWith(`${date} `))
    }),
    RUNS,
  )
})
