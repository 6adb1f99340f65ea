import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isIdCardNumber, isTaxNumber, judgeTaxNumber, normaliseTaxNumber } from './tax-number.js'

test('a tax number is cleaned of blanks, full-width and small letters, and nothing else is touched', () => {
  assert.equal(normaliseTaxNumber('91310115MA1K00007Q'), '91310115MA1K00007Q')
  assert.equal(normaliseTaxNumber(' 91310115 ma1k00007q\t'), '91310115MA1K00007Q')
  assert.equal(normaliseTaxNumber('９１３１０１１５ＭＡ１Ｋ００００７ｑ'), '91310115MA1K00007Q')
  assert.equal(normaliseTaxNumber('\ufeff9131\u200b0115\u3000MA1K\u00a000007Q'), '91310115MA1K00007Q')
  assert.equal(normaliseTaxNumber('9131-0115'), '9131-0115')
  assert.equal(normaliseTaxNumber(''), '')
})

test('the form of a tax number is 15 to 20 digits and capitals', () => {
  for (const good of ['310115000000015', '91310115MA1K00007Q', '31011519900307001X00'])
    assert.ok(isTaxNumber(good), good)
  for (const bad of ['31011500000001', '310115199003070011000', '91310115ma1k00007q', '91310115MA1K0000-Q', '']) {
    assert.ok(!isTaxNumber(bad), bad)
  }
})

test('a credit code is right when both its check digits are', () => {
  for (const code of ['91310115MA1K00007Q', '91310115MA1K00015K', '91310115MA1K00023E']) {
    assert.equal(judgeTaxNumber(code), 'right', code)
  }
  assert.equal(judgeTaxNumber('91310115MA1K00007R'), 'wrong_digit')
  assert.equal(judgeTaxNumber('91310115MA1K00006Q'), 'wrong_digit')
  assert.equal(judgeTaxNumber('91310155MA1K00007Q'), 'wrong_digit')
})

test('a credit code never has I, O, S, V or Z', () => {
  for (const letter of 'IOSVZ') assert.equal(judgeTaxNumber(`9131011${letter}MA1K00007Q`), 'wrong_alphabet', letter)
})

test('an identity card number serves as a tax number, and other lengths have no check', () => {
  assert.equal(judgeTaxNumber('110101199003070011'), 'right')
  assert.equal(judgeTaxNumber('310115000000015'), 'unknown')
})

test('an identity card number has a check digit and a real date of birth', () => {
  assert.ok(isIdCardNumber('110101199003070011'))
  assert.ok(isIdCardNumber('11010119900307109X'))
  assert.ok(!isIdCardNumber('110101199003070012'))
  assert.ok(!isIdCardNumber('11010119900307109x'))
  assert.ok(!isIdCardNumber('110101199013070015'))
  assert.ok(!isIdCardNumber('11010119900307001'))
})
