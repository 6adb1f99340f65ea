import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aUsingUnit } from '../testing/builders.js'
import { type Drawn, makeShelf } from './shelf.js'

const unit = aUsingUnit()
const blank = () => 'a wire text'

function drawn(overrides: Partial<Drawn> = {}): Drawn {
  return { contentSha256: 'hash', contentLength: 10, unit, blank, ...overrides }
}

test('a blank is handed out once, for the content and the unit it was drawn from', () => {
  const shelf = makeShelf()
  shelf.put('1', drawn())

  assert.equal(shelf.take('1', { contentSha256: 'hash', unit }), blank)
  assert.equal(shelf.take('1', { contentSha256: 'hash', unit }), null)
})

test('another content, or a unit that was read anew, finds nothing', () => {
  const shelf = makeShelf()
  shelf.put('1', drawn())
  shelf.put('2', drawn())

  assert.equal(shelf.take('1', { contentSha256: 'other', unit }), null)
  assert.equal(shelf.take('2', { contentSha256: 'hash', unit: { ...unit } }), null)
  assert.equal(shelf.take('unknown', { contentSha256: 'hash', unit }), null)
})

test('the oldest fall off a full shelf, and one that is too big alone does not stay', () => {
  const shelf = makeShelf(25)
  for (const id of ['1', '2', '3']) shelf.put(id, drawn())
  const found = ['1', '2', '3'].map((id) => shelf.take(id, drawn()) !== null)
  assert.deepEqual(found, [false, true, true])

  shelf.put('huge', drawn({ contentLength: 26 }))
  assert.equal(shelf.take('huge', drawn()), null)
  shelf.put('4', drawn({ contentLength: 25 }))
  assert.equal(shelf.take('4', drawn()), blank, 'what was taken or fell off counts no more')
})
