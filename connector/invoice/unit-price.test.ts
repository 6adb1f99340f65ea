import assert from 'node:assert/strict'
import { test } from 'node:test'
import { amount } from '../kernel/amount.js'
import { Decimal } from '../kernel/decimal.js'
import { isPriceOf, toUnitPrice } from './unit-price.js'

const price = (net: string, quantity: string) => toUnitPrice(amount(net), Decimal.of(quantity))

test('a price has at most thirteen decimals and no trailing zeros', () => {
  assert.equal(price('176.11', '3'), '58.7033333333333')
  assert.equal(price('1000.00', '100'), '10')
  assert.equal(price('10.00', '0.375'), '26.6666666666667')
  assert.equal(price('1.00', '1000000'), '0.000001')
})

test('a huge quantity gets more decimals, as many as fit into 25 characters', () => {
  assert.equal(price('0.01', '999999999999999'), '0.00000000000000001')
  assert.equal(price('123456.78', '300000000000000'), '0.0000000004115226')
})

test('a huge price gives up decimals, not digits', () => {
  const text = price('1000000000000000.01', '0.0003')
  assert.equal(text, '3333333333333333366.66667')
  assert.equal(text.length, 25)
})

test('there is no price when 25 characters cannot give the net back', () => {
  assert.equal(price('0.01', '9'.repeat(25)), null)
  assert.equal(price('9999999999999999.99', '0.0000000000001'), null)
})

test('a price gives its net back within a cent, and nothing worth money costs nothing', () => {
  const two = Decimal.of('2')
  assert.ok(isPriceOf(Decimal.of('5.005'), two, amount('10.00')))
  assert.ok(!isPriceOf(Decimal.of('5.0051'), two, amount('10.00')))
  assert.ok(isPriceOf(Decimal.of('4.995'), two, amount('10.00')))
  assert.ok(!isPriceOf(Decimal.of('4.9949'), two, amount('10.00')))
  assert.ok(!isPriceOf(Decimal.ZERO, two, amount('0.01')))
})
