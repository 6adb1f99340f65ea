import assert from 'node:assert/strict'
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { checkMappingFile, rewriteGoldens, testDefinition } from './check.js'
import { compileMapping } from './engine/compile.js'
import { BrokenDefinition, loadDefinition, loadDefinitions } from './registry.js'

const DEFINITIONS = fileURLToPath(new URL('./definitions', import.meta.url))

/** A copy of the shipped definitions that a test may spoil. */
async function copyDefinitions(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'definitions-'))
  t.after(() => rm(folder, { recursive: true }))
  await cp(DEFINITIONS, folder, { recursive: true })
  return folder
}

test('the four shipped definitions load, each under the business type of its folder', async () => {
  const definitions = await loadDefinitions(DEFINITIONS)
  assert.deepEqual([...definitions.keys()].sort(), ['northwind', 'pinduoduo', 'shopify', 'woocommerce'])
  for (const [businessType, { folder, text }] of definitions) {
    assert.ok(folder.endsWith(businessType))
    assert.equal(text, await readFile(join(folder, 'mapping.yaml'), 'utf8'))
  }
})

test('every shipped example gives its golden outcome, and one of each definition must fault', async () => {
  for (const { folder } of (await loadDefinitions(DEFINITIONS)).values()) {
    const report = await testDefinition(folder)
    assert.ok(report.ok, JSON.stringify(report))
    const kinds = report.examples.map(({ name, kind }) => `${name} ${kind}`)
    assert.deepEqual(kinds, ['everything draft', 'faulty faulty', 'ordinary draft'], folder)
  }
})

test('the golden files are as they would be written anew', async (t) => {
  const folder = await copyDefinitions(t)
  for (const definition of (await loadDefinitions(folder)).values()) {
    assert.deepEqual(await rewriteGoldens(definition.folder, definition.mapping), [])
  }
})

test('a golden file that differs or is missing is told by its place, and is written anew on demand', async (t) => {
  const folder = join(await copyDefinitions(t), 'shopify')
  const golden = join(folder, 'examples', 'ordinary.draft.json')
  await writeFile(golden, (await readFile(golden, 'utf8')).replace('"12"', '"13"'))
  await rm(join(folder, 'examples', 'faulty.draft.json'))

  const report = await testDefinition(folder)
  assert.equal(report.ok, false)
  assert.deepEqual(
    report.examples.map(({ name, differences }) => [name, differences]),
    [
      ['everything', []],
      ['faulty', ['']],
      ['ordinary', ['/draft/shipping/amount']],
    ],
  )

  const { mapping } = await loadDefinition(folder)
  assert.equal((await rewriteGoldens(folder, mapping)).length, 2)
  assert.ok((await testDefinition(folder)).ok)
})

test('a definition without examples proves nothing', async (t) => {
  const folder = join(await copyDefinitions(t), 'shopify')
  await rm(join(folder, 'examples'), { recursive: true })
  await mkdir(join(folder, 'examples'))
  assert.deepEqual(await testDefinition(folder), { folder, ok: false, faults: [], examples: [] })
})

test('a definition that does not compile stops the loading and is named with line and column', async (t) => {
  const folder = await copyDefinitions(t)
  const file = join(folder, 'shopify', 'mapping.yaml')
  await writeFile(file, (await readFile(file, 'utf8')).replace('= order.note', '= order.nota'))
  await assert.rejects(loadDefinitions(folder), (error) => {
    assert.ok(error instanceof BrokenDefinition)
    assert.match(error.message, /shopify.mapping\.yaml:\d+:\d+ MAP-name/)
    return error.file === file && error.faults.length === 1
  })
  const report = await checkMappingFile(file)
  assert.deepEqual([report.ok, report.businessType, report.faults.length], [false, null, 1])
  assert.equal((await testDefinition(join(folder, 'shopify'))).ok, false)
})

test('two definitions of one business type stop the loading', async (t) => {
  const folder = await copyDefinitions(t)
  await cp(join(folder, 'shopify'), join(folder, 'shopify-two'), { recursive: true })
  await assert.rejects(loadDefinitions(folder), BrokenDefinition)
})

test('checking a mapping explains each field by its expression and its sources', async () => {
  const report = await checkMappingFile(join(DEFINITIONS, 'pinduoduo', 'mapping.yaml'))
  assert.deepEqual([report.ok, report.businessType, report.version, report.faults], [true, 'pinduoduo', 1, []])
  const explain = (target: string) => report.explanation.find((each) => each.target === target)
  assert.deepEqual(explain('/orderNo'), { target: '/orderNo', written: '= order.order_sn', sources: ['/order_sn'] })
  assert.deepEqual(explain('/currency'), { target: '/currency', written: 'CNY', sources: [] })
  assert.deepEqual(explain('/lines/*'), { target: '/lines/*', written: '= order.item_list', sources: ['/item_list'] })
  assert.deepEqual(explain('/lines/*/amount'), {
    target: '/lines/*/amount',
    written: '= line.goods_price * line.goods_count',
    sources: ['/item_list/*/goods_price', '/item_list/*/goods_count'],
  })
  const filtered = await checkMappingFile(join(DEFINITIONS, 'shopify', 'mapping.yaml'))
  assert.deepEqual(filtered.explanation.find(({ target }) => target === '/buyer/taxNo')?.sources, [
    '/note_attributes/*/value',
    '/note_attributes/*/name',
  ])
})

test('the example of the README compiles and fills a draft', async () => {
  const readme = await readFile(new URL('./README.md', import.meta.url), 'utf8')
  const outcome = compileMapping(/```yaml\n([\s\S]*?)```/.exec(readme)?.[1] ?? '')
  assert.ok(outcome.ok, JSON.stringify(outcome))
  const mapped = outcome.mapping.map({ no: 1, total: '3.00', items: [{ name: '杯', price: '1.5', count: 2 }] })
  assert.ok(mapped.kind === 'draft' && mapped.draft.lines[0]?.amount?.toString() === '3')
})
