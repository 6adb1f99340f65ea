import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { aDraftLine, anInvoice, anInvoiceDraft, anInvoiceLine, anIssuingContext } from '../../testing/builders.js'
import { keyOf } from './check.js'
import { checkDraft } from './check-draft.js'
import { checkInvoice } from './check-invoice.js'
import { ALL_CHECKS, THEMES } from './registry.js'

const WEAK_SOURCES: ReadonlySet<string> = new Set(['S2', 'S10', 'law', 'inferred'])

test('every id from L-01 to L-149 has its place, and so has A1 to A13', () => {
  const ids = new Set(ALL_CHECKS.map(({ id }) => id))
  const wanted = Array.from({ length: 149 }, (_, index) => `L-${String(index + 1).padStart(2, '0')}`)
  assert.deepEqual([...ids].sort(), wanted.sort())
  const aliases = ALL_CHECKS.flatMap(({ alias }) => (alias === undefined ? [] : [alias]))
  assert.deepEqual(aliases.sort(), Array.from({ length: 13 }, (_, index) => `A${index + 1}`).sort())
})

test('no two checks have the same key', () => {
  const keys = ALL_CHECKS.map(keyOf)
  assert.deepEqual(
    keys.filter((key, index) => keys.indexOf(key) !== index),
    [],
  )
})

test('a check that rests on weak sources alone can be switched off, any other cannot', () => {
  for (const check of ALL_CHECKS) {
    if (check.appliesTo === 'elsewhere') continue
    const isWeak = check.sources.every((mark) => WEAK_SOURCES.has(mark))
    assert.equal(check.isSwitchable === true, isWeak, keyOf(check))
  }
})

test('every theme has a test file that carries out its examples', () => {
  for (const { file } of THEMES) assert.ok(existsSync(new URL(`./${file}.test.ts`, import.meta.url)), file)
})

test('a good draft and a good invoice have nothing against them', () => {
  assert.deepEqual(checkDraft(anInvoiceDraft(), anIssuingContext()), [])
  assert.deepEqual(checkInvoice(anInvoice(), anInvoiceDraft(), anIssuingContext()), [])
})

test('all faults of a draft are collected, not only the first', () => {
  const draft = anInvoiceDraft({ kind: 'special', buyer: { name: null, taxNo: null }, drawer: '开'.repeat(301) })
  const found = checkDraft(draft, anIssuingContext()).map(({ check }) => check)
  assert.deepEqual([...new Set(found)].sort(), ['L-27', 'L-36', 'L-37'])
})

test('a policy turns off switchable checks by id or by part, and nothing else', () => {
  const draft = anInvoiceDraft({ kind: 'special', buyer: { name: null, taxNo: '9131O115MA1K00023E', isPerson: true } })
  const judge = (...keys: string[]) =>
    checkDraft(draft, anIssuingContext(), { disabled: new Set(keys) })
      .filter(({ reaction }) => reaction === 'block')
      .map(({ check }) => check)

  assert.deepEqual(judge(), ['L-36', 'L-53'])
  assert.deepEqual(judge('L-53', 'L-36'), ['L-36'])
})

test('a policy may turn off one part of an id and keep the others', () => {
  const draft = anInvoiceDraft({ buyer: { taxNo: '9131O115MA1K00023E' } })
  const judge = (...keys: string[]) => checkDraft(draft, anIssuingContext(), { disabled: new Set(keys) }).length
  assert.deepEqual([judge(), judge('L-38.digit'), judge('L-38.alphabet'), judge('L-38')], [1, 1, 0, 0])
})

test('a fault that only our own computing can have made parks as a defect and rejects nobody', () => {
  const torn = anInvoice({ lines: [anInvoiceLine({ nature: 'discounted' })] })
  const [finding] = checkInvoice(torn, anInvoiceDraft(), anIssuingContext())
  assert.deepEqual(
    [finding?.check, finding?.reaction, finding?.fault.cure, finding?.fault.parkCause],
    ['L-66', 'block', 'administrator', 'defect'],
  )
})

test('a finding about the freight points at the freight', () => {
  const lines = [anInvoiceLine(), anInvoiceLine({ lineNo: 2, sourceLine: -1, shortName: '运费' })]
  const [finding] = checkInvoice(anInvoice({ lines }), anInvoiceDraft(), anIssuingContext())
  assert.equal(finding?.fault.path, '/shipping/shortName')
})

test('a message stays short whatever was sent', () => {
  const payments = [{ channel: '9'.repeat(100_000), transactionNo: '1' }]
  const [finding] = checkDraft(anInvoiceDraft({ payments }), anIssuingContext())
  assert.equal(finding?.check, 'L-29')
  assert.ok((finding?.fault.message.length ?? 0) <= 501)
})

test('a fault of a line names the line, and no message repeats the number of a buyer', () => {
  const line = aDraftLine({ amount: '113.00', model: '型'.repeat(151) })
  const draft = anInvoiceDraft({ lines: [aDraftLine({ amount: '113.00' }), line], buyer: { taxNo: '11010119900307' } })
  const messages = checkDraft(draft, anIssuingContext()).map(({ fault }) => fault.message)
  assert.deepEqual(messages, [
    '购买方识别号（现为 14 位）须为 15–20 位数字或大写字母',
    '第 2 行规格型号超过 150 个字符',
  ])
})
