import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { renderConfigTable } from './config-table.js'
import { findPackageRoot } from './package-root.js'

for (const [file, language] of [
  ['README.md', 'en'],
  ['README.zh-CN.md', 'zh'],
] as const) {
  test(`the table of configuration in ${file} is the one the program reads by`, () => {
    const text = readFileSync(join(findPackageRoot(), file), 'utf8')
    const table = /<!-- configuration:start -->\n([\s\S]*?)\n?<!-- configuration:end -->/.exec(text)?.[1]

    assert.equal(table, renderConfigTable(language), `put this between the marks of ${file}`)
  })
}
