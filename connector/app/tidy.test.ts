import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { findUnmatched, type HouseFile, TIDY_RULES } from '../testing/tidy-rules.js'
import { describeConfig } from './config.js'

const ROOMS = ['connector', 'adapters', 'mappings', 'jobs', 'openapi', 'bench']

const house: HouseFile[] = ROOMS.flatMap((room) =>
  readdirSync(room, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name).replaceAll('\\', '/'))
    .filter((path) => /\.(ts|md|yaml)$/.test(path))
    .map((path) => ({ path, text: readFileSync(path, 'utf8') })),
)

/** For each rule a small house that breaks it: a guard that cannot fail guards nothing. */
const BROKEN: Record<string, HouseFile> = {
  'wire names stay in adapters/leqi': { path: 'connector/order/a.ts', text: 'const fphm = 1' },
  'the environment is read in one place': { path: 'adapters/system/a.ts', text: 'const home = process.env.HOME' },
  'time and chance are injected in the heart': { path: 'connector/issuing/a.ts', text: 'const now = Date.now()' },
  'no FIXME and no TODO without its ticket': { path: 'jobs/a.ts', text: "const later = 'TODO'" },
  'no test is skipped or alone': { path: 'jobs/a.test.ts', text: "test.skip('x', () => {})" },
  'only commands print': { path: 'adapters/leqi/a.ts', text: "console.log('x')" },
  'files stay under 500 lines': { path: 'jobs/a.ts', text: '\n'.repeat(501) },
  'no escape from types': { path: 'jobs/a.ts', text: 'function f(x: any) {}' },
  'no swallowed error': { path: 'jobs/a.ts', text: 'try { f() } catch (error) {\n}' },
}

for (const { name, instead, find } of TIDY_RULES) {
  test(name, () => {
    assert.deepEqual(find(house), [], `${name}; instead: ${instead}`)
  })

  test(`a house that breaks it is seen: ${name}`, () => {
    const broken = BROKEN[name]
    assert.ok(broken !== undefined, `no broken house for: ${name}`)
    assert.equal(find([broken]).length, 1)
  })
}

test('a rule does not mind what a comment says', () => {
  const text = '/** fphm, TODO */\n// Date.now() and console.log(1)\nconst a = 1 // process.env'
  for (const { find } of TIDY_RULES) assert.deepEqual(find([{ path: 'connector/order/a.ts', text }]), [])
})

test('every error code stands in ERRORS.md, and no other', () => {
  const listed = new Set(
    [...readFileSync('connector/kernel/ERRORS.md', 'utf8').matchAll(/^\| `([A-Z]{3,4}-[A-Za-z0-9-]+)`/gm)].map(codeOf),
  )
  const used = new Set(
    house
      .filter(({ path }) => path.endsWith('.ts') && !path.endsWith('.test.ts') && !/\/(simulator|testing)\//.test(path))
      .flatMap(({ text }) =>
        [
          ...text.matchAll(
            /'((?:ORD|MSG|MAP|INV|BUR|UNIT|DEF|STO|CFG|SEC|AMQ|CBK|HND|RST|ACC|API|ORG|USR|ROL)-[A-Za-z0-9-]*[A-Za-z0-9])'/g,
          ),
        ].map(codeOf),
      ),
  )

  assert.deepEqual(findUnmatched(used, listed), { onlyLeft: [], onlyRight: [] })
})

test('every variable stands in both tables of configuration, and no other', () => {
  const known = new Set(describeConfig().map(({ name }) => name))
  for (const file of ['README.md', 'README.zh-CN.md']) {
    const table =
      readFileSync(file, 'utf8').split('<!-- configuration:start -->')[1]?.split('<!-- configuration:end -->')[0] ?? ''
    const listed = new Set([...table.matchAll(/^\| `([A-Z_]+)`/gm)].map(codeOf))
    assert.deepEqual(findUnmatched(known, listed), { onlyLeft: [], onlyRight: [] }, file)
  }
})

test('every decision stands in the index, and no other', () => {
  const files = new Set(
    house
      .filter(({ path }) => /^connector\/adr\/\d{4}-/.test(path))
      .map(({ path }) => path.slice('connector/adr/'.length)),
  )
  const index = readFileSync('connector/adr/README.md', 'utf8')
  const listed = new Set([...index.matchAll(/\]\((\d{4}-[^)]+)\)/g)].map(codeOf))

  assert.deepEqual(findUnmatched(files, listed), { onlyLeft: [], onlyRight: [] })
})

test('every shipped mapping has notes and three examples with golden results', () => {
  const definitions = readdirSync('mappings/definitions', { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  )
  assert.ok(definitions.length >= 4)
  for (const { name } of definitions) {
    const files = readdirSync(join('mappings/definitions', name), { recursive: true }).map(String)
    assert.ok(files.includes('NOTES.md'), `${name}: NOTES.md`)
    const orders = files.filter((file) => file.endsWith('.order.json'))
    assert.ok(orders.length >= 3, `${name}: ${orders.length} examples`)
    for (const order of orders) {
      assert.ok(files.includes(order.replace('.order.json', '.draft.json')), `${name}: golden of ${order}`)
    }
  }
})

function codeOf(match: RegExpMatchArray): string {
  return match[1] ?? ''
}
