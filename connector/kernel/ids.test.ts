import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ageOfId, oldestAge } from './ids.js'
import { instant } from './time.js'

/** The example of RFC 9562, appendix A.6: drawn on Tuesday, 22 February 2022, 14:22:22 -05:00. */
const ID = '017f22e2-79b0-7cc3-98c4-dc0c0c07398f'
const DRAWN_MS = Date.UTC(2022, 1, 22, 19, 22, 22)

test('an id tells how long ago it was drawn', () => {
  assert.equal(ageOfId(ID, instant(DRAWN_MS + 1_500)), 1_500)
})

test('an id of a clock that is ahead is new, not from the future', () => {
  assert.equal(ageOfId(ID, instant(DRAWN_MS - 1_500)), 0)
})

test('an id of another kind tells no age, and does not count among others', () => {
  const other = '919108f7-52d1-4320-9bac-f847db4148a8'
  assert.equal(ageOfId(other, instant(DRAWN_MS)), null)
  assert.equal(oldestAge([other, ID], instant(DRAWN_MS + 5)), 5)
  assert.equal(oldestAge([other], instant(DRAWN_MS)), null)
})
