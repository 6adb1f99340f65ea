import assert from 'node:assert/strict'
import { test } from 'node:test'
import { originsOf } from '../../testing/invoice-drafts.js'
import { Origins } from '../origins.js'
import { cureOf } from './cure.js'

const ORIGINS = originsOf({
  '/lines': { from: 'order', paths: ['/items'] },
  '/lines/0/name': { from: 'order', paths: ['/items/0/title'] },
  '/lines/0/taxRate': { from: 'product', code: 'CUP-1' },
  '/lines/0/shortName': { from: 'table' },
  '/buyer/taxNo': { from: 'buyer', code: 'C-1' },
  '/kind': { from: 'constant' },
  '/drawer': { from: 'setting' },
  '/payments': { from: 'order', paths: ['/payment'] },
})

test('whoever put a value there cures it', () => {
  assert.deepEqual(cureOf('/lines/0/name', ORIGINS), { cure: 'sender' })
  assert.deepEqual(cureOf('/kind', ORIGINS), { cure: 'administrator', parkCause: 'mapping_fault' })
  assert.deepEqual(cureOf('/lines/0/taxRate', ORIGINS), { cure: 'administrator', parkCause: 'catalogue_missing' })
  assert.deepEqual(cureOf('/buyer/taxNo', ORIGINS), { cure: 'administrator', parkCause: 'catalogue_missing' })
  assert.deepEqual(cureOf('/drawer', ORIGINS), { cure: 'administrator', parkCause: 'unit_unverified' })
  assert.deepEqual(cureOf('/lines/0/shortName', ORIGINS), { cure: 'administrator', parkCause: 'tax_tables_stale' })
})

test('a part of a value is cured where the value came from', () => {
  assert.deepEqual(cureOf('/kind/deeper/still', ORIGINS), { cure: 'administrator', parkCause: 'mapping_fault' })
})

test('a missing value that the books could hold waits for the catalogue, though the list came from the order', () => {
  for (const name of ['taxCode', 'taxRate', 'name']) {
    assert.deepEqual(cureOf(`/lines/1/${name}`, ORIGINS), { cure: 'administrator', parkCause: 'catalogue_missing' })
  }
  assert.deepEqual(cureOf('/buyer/name', ORIGINS), { cure: 'administrator', parkCause: 'catalogue_missing' })
  assert.deepEqual(cureOf('/drawer', new Origins()), { cure: 'administrator', parkCause: 'unit_unverified' })
})

test("any other missing value is the sender's to give", () => {
  assert.deepEqual(cureOf('/lines/1/quantity', ORIGINS), { cure: 'sender' })
  assert.deepEqual(cureOf('/lines', new Origins()), { cure: 'sender' })
  assert.deepEqual(cureOf('', ORIGINS), { cure: 'sender' })
})
