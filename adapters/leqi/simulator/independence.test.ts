/** The simulator's rules are worth something only as long as they are nobody else's. */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const ROOM = dirname(fileURLToPath(import.meta.url))
const WIRE = resolve(ROOM, '../wire.js')
const IMPORT = /(?:from|import)\s*\(?\s*'([^']+)'/g

/** Relative imports that leave the folder, except the wire's names. */
function importsOutside(folder: string): string[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
  assert.ok(files.length > 0, 'the check must see files')
  return files.flatMap((file) =>
    [...readFileSync(join(folder, file), 'utf8').matchAll(IMPORT)]
      .map(([, target = '']) => target)
      .filter((target) => target.startsWith('.'))
      .map((target) => resolve(folder, dirname(file), target))
      .filter((target) => target !== WIRE && relative(folder, target).startsWith('..'))
      .map((target) => `${file} → ${target}`),
  )
}

test('imports the wire’s names and nothing else of the connector', () => {
  assert.deepEqual(importsOutside(ROOM), [])
})

test('the check sees a forbidden import', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'stranger-'))
  t.after(() => rmSync(folder, { recursive: true }))
  // Put together here, so that this file does not look guilty itself.
  const target = ['../../connector', 'invoice/rules.js'].join('/')
  writeFileSync(join(folder, 'guilty.ts'), `import { judge } from '${target}'\n`)
  assert.equal(importsOutside(folder).length, 1)
})
