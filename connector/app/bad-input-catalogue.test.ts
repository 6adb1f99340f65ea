/** The catalogue of bad input holds what it says: every entry names a test that exists, and no bad input is tested unlisted. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'

const CATALOGUE = 'docs/bad-input.md'
/** Its lists of bad messages are the catalogue's own: each of them stands there. */
const MESSAGES = 'connector/app/pipeline-bad-input.integration.test.ts'
/** Entries per part, so that none falls out unnoticed. */
const ENTRY_COUNTS = { AMQP: 69, MAP: 22, LEQI: 23, ENV: 13 }

interface Entry {
  id: string
  file: string
  name: string
}

const entries = readEntries(readFileSync(CATALOGUE, 'utf8'))

test('entries are numbered without a gap, and each says what becomes of the input', () => {
  const expected = Object.entries(ENTRY_COUNTS).flatMap(([part, count]) =>
    Array.from({ length: count }, (_, index) => `${part}-${String(index + 1).padStart(2, '0')}`),
  )

  assert.deepEqual(
    entries.map(({ id }) => id),
    expected,
  )
})

test('every entry names a test that exists', () => {
  assert.deepEqual(
    entries.filter(({ file, name }) => !hasTest(file, name)),
    [],
  )
})

test('every bad message that is published in the test of the pipeline stands in the catalogue', () => {
  const source = readFileSync(MESSAGES, 'utf8')
  const published = [...source.matchAll(/(?:what: |withAmount\(|withItem\()'([^']+)'/g)].map(([, what = '']) => what)
  const listed = entries.filter(({ file }) => file === MESSAGES).map(({ name }) => name)

  assert.ok(published.length > 40)
  assert.deepEqual(
    published.filter((what) => !listed.some((name) => name.startsWith(`${what} is `))),
    [],
  )
})

test('an entry whose test was renamed is seen', () => {
  assert.equal(hasTest(MESSAGES, 'an empty message is recorded as dead, and nobody is told'), true)
  assert.equal(hasTest(MESSAGES, 'an empty message is recorded as lively'), false)
  assert.equal(hasTest(MESSAGES, 'no such message is recorded as dead, and nobody is told'), false)
  assert.equal(hasTest('connector/app/nowhere.test.ts', 'anything'), false)
})

/** Rows of the tables: `| id | what | becomes | file › name |`. */
function readEntries(text: string): Entry[] {
  return [...text.matchAll(/^\| ([A-Z]+-\d+) \| ([^|]+) \| ([^|]+) \| (\S+) › ([^|]+) \|$/gm)].map(
    ([, id = '', , , file = '', name = '']) => ({ id, file, name: name.trim() }),
  )
}

/** Whether a file has a test of that name; where the name is made of a template, its parts must stand in the file. */
function hasTest(file: string, name: string): boolean {
  if (!existsSync(file)) return false
  const source = readFileSync(file, 'utf8')
  const written = [...source.matchAll(/\btest\(\s*(['`])((?:(?!\1)[^\\]|\\.)*)\1/g)].map(([, , title = '']) => title)
  return written.some((title) => {
    if (title === name) return true
    if (!title.includes('${')) return false
    const pattern = title.split(/\$\{[^}]*\}/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    const parts = new RegExp(`^${pattern.join('(.+)')}$`).exec(name)?.slice(1)
    return parts?.every((part) => source.includes(`'${part}'`)) ?? false
  })
}
