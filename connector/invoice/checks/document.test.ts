import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { renderCheckTable } from './document.js'

const PAGE = new URL('../../../docs/checks.md', import.meta.url)
const COMMAND = [
  'node --import tsx --input-type=module -e',
  `"import('./connector/invoice/checks/document.ts').then((m) => process.stdout.write(m.renderCheckTable()))"`,
  '> docs/checks.md',
].join(' ')

test('docs/checks.md says what the registry says', () => {
  assert.equal(
    readFileSync(PAGE, 'utf8'),
    renderCheckTable(),
    `the page is out of date; write it anew with: ${COMMAND}`,
  )
})
