import assert from 'node:assert/strict'
import { test } from 'node:test'
import { originsOf } from '../testing/invoice-drafts.js'
import { describeFills } from './draft-fills.js'

test('tells which book or table filled which place, and leaves out what the order and the mapping tell', () => {
  const fills = describeFills(
    originsOf({
      '/orderNo': { from: 'order', paths: ['/name'] },
      '/kind': { from: 'constant' },
      '/lines/0/taxCode': { from: 'product', code: 'SKU-1' },
      '/lines/0/taxRate': { from: 'product', code: 'SKU-1' },
      '/lines/1/taxCode': { from: 'product', code: '__proto__' },
      '/lines/0/shortName': { from: 'table' },
      '/buyer/taxNo': { from: 'buyer', code: 'C-1' },
    }),
  )

  assert.equal(
    fills,
    '{"product":{"SKU-1":["/lines/0/taxCode","/lines/0/taxRate"],"__proto__":["/lines/1/taxCode"]},' +
      '"table":["/lines/0/shortName"],"buyer":{"C-1":["/buyer/taxNo"]}}',
  )
})
