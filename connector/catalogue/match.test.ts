import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DraftBuyer, DraftLine, InvoiceDraft } from '../invoice/draft.js'
import type { TaxClassification, TaxTables } from '../invoice/tax-tables.js'
import { Decimal } from '../kernel/decimal.js'
import { originsOf } from '../testing/invoice-drafts.js'
import type { Catalogue, CatalogueBuyer, Product } from './catalogue.js'
import { matchCatalogue } from './match.js'

const CUP_CODE = '1070101010100000000'
const FOOD_CODE = '3070401000000000000'

const CUP: Product = {
  code: 'CUP-1',
  name: '陶瓷杯',
  taxCode: CUP_CODE,
  shortName: '书上的简称',
  taxRate: Decimal.of('0.13'),
  preference: null,
  model: '350ml',
  unit: '个',
}
const EXEMPT: Product = { ...CUP, code: 'BOOK-1', name: '图书', taxRate: Decimal.of('0'), preference: '03' }
const COMPANY: CatalogueBuyer = {
  code: 'C-1',
  name: '示例采购有限公司',
  taxNo: '91310115MA1K00023E',
  isPerson: false,
  address: '上海市示例路 1 号',
  phone: '021-00000000',
  bank: '示例银行',
  account: '6222',
}
const PERSON: CatalogueBuyer = { ...COMPANY, code: 'P-1', name: '张先生', taxNo: null, isPerson: true }

const LINE: DraftLine = {
  productCode: null,
  name: null,
  model: null,
  unit: null,
  quantity: Decimal.of('2'),
  unitPrice: null,
  amount: Decimal.of('20.00'),
  taxCode: null,
  taxRate: null,
  preference: null,
  discountRate: null,
  discountAmount: null,
  shortName: null,
  coalKind: null,
}
const NOBODY: DraftBuyer = {
  code: null,
  name: null,
  taxNo: null,
  isPerson: null,
  idType: null,
  idNo: null,
  nationality: null,
  address: null,
  phone: null,
  bank: null,
  account: null,
}

function makeDraft(changes: {
  line?: Partial<DraftLine>
  buyer?: Partial<DraftBuyer>
  shipping?: DraftLine
}): InvoiceDraft {
  return {
    orderNo: 'A-1',
    letter: 'blue',
    kind: 'ordinary',
    currency: 'CNY',
    pricesIncludeTax: true,
    expectedGross: null,
    buyer: { ...NOBODY, ...changes.buyer },
    lines: [{ ...LINE, ...changes.line }],
    orderDiscount: null,
    shipping: changes.shipping ?? null,
    differential: null,
    remark: null,
    payments: [],
    drawer: null,
    payee: null,
    reviewer: null,
    extras: [],
    coalQuality: null,
    originalOrderNo: null,
    reason: null,
    origins: originsOf({ '/orderNo': { from: 'constant' } }),
  }
}

const PRODUCTS = [CUP, EXEMPT]
const BUYERS = [COMPANY, PERSON]
const CATALOGUE: Catalogue = {
  productByCode: (code) => PRODUCTS.find((product) => product.code === code) ?? null,
  productByName: (name) => PRODUCTS.find((product) => product.name === name) ?? null,
  buyerByCode: (code) => BUYERS.find((buyer) => buyer.code === code) ?? null,
  buyerByTaxNo: (taxNo) => BUYERS.find((buyer) => buyer.taxNo === taxNo) ?? null,
  buyerByName: (name) => BUYERS.find((buyer) => buyer.name === name) ?? null,
}

function classify(code: string, shortName: string): TaxClassification {
  return {
    ...{ code, name: shortName, shortName, taxRates: [], levyRates: [], specialManagement: [], refundCodes: [] },
    ...{ isSummary: false, allowsDifferential: false, validFrom: null, stoppedOn: null },
  }
}

const TABLES: TaxTables = {
  classification: (code) =>
    code === CUP_CODE ? classify(code, '陶瓷制品') : code === FOOD_CODE ? classify(code, '餐饮服务') : null,
  rates: [],
  differential: () => null,
  classificationFetchedAt: null,
  ratesFetchedAt: null,
  differentialFetchedAt: null,
}

function matchLine(line: Partial<DraftLine>): { line: DraftLine; origins: InvoiceDraft['origins'] } {
  const matched = matchCatalogue(makeDraft({ line }), CATALOGUE, TABLES)
  const [first] = matched.lines
  assert.ok(first)
  return { line: first, origins: matched.origins }
}

function matchBuyer(buyer: Partial<DraftBuyer>): DraftBuyer {
  return matchCatalogue(makeDraft({ buyer }), CATALOGUE, TABLES).buyer
}

test('a product found by its code fills every gap of its line and is named as origin', () => {
  const { line, origins } = matchLine({ productCode: ' CUP-1 ' })
  assert.deepEqual(line, {
    ...LINE,
    productCode: ' CUP-1 ',
    name: '陶瓷杯',
    model: '350ml',
    unit: '个',
    taxCode: CUP_CODE,
    taxRate: Decimal.of('0.13'),
    shortName: '陶瓷制品',
  })
  assert.deepEqual(origins.toJSON(), {
    '/orderNo': { from: 'constant' },
    '/lines/0/name': { from: 'product', code: 'CUP-1' },
    '/lines/0/model': { from: 'product', code: 'CUP-1' },
    '/lines/0/unit': { from: 'product', code: 'CUP-1' },
    '/lines/0/taxCode': { from: 'product', code: 'CUP-1' },
    '/lines/0/taxRate': { from: 'product', code: 'CUP-1' },
    '/lines/0/shortName': { from: 'table' },
  })
})

test('a product is found by its trimmed name when its code is unknown or missing, and never by a part of it', () => {
  assert.equal(matchLine({ productCode: 'UNKNOWN', name: ' 陶瓷杯 ' }).line.taxCode, CUP_CODE)
  assert.equal(matchLine({ name: '陶瓷杯' }).line.taxCode, CUP_CODE)
  assert.equal(matchLine({ name: '陶瓷杯 白' }).line.taxCode, null)
  assert.equal(matchLine({}).line.taxCode, null)
})

test('what the order says explicitly wins over the books', () => {
  const said = { productCode: 'CUP-1', name: '马克杯', model: '大', unit: '只', taxRate: Decimal.of('0.03') }
  const { line, origins } = matchLine(said)
  assert.deepEqual(
    [line.name, line.model, line.unit, line.taxRate?.toString(), line.taxCode],
    ['马克杯', '大', '只', '0.03', CUP_CODE],
  )
  assert.equal(origins.get('/lines/0/name'), undefined)
  assert.equal(origins.get('/lines/0/taxRate'), undefined)
})

test('a product whose tax code the order overrides lends neither rate nor short name nor preference', () => {
  const { line, origins } = matchLine({ productCode: 'BOOK-1', taxCode: FOOD_CODE })
  assert.deepEqual(
    [line.name, line.unit, line.taxCode, line.taxRate, line.preference, line.shortName],
    ['图书', '个', FOOD_CODE, null, null, '餐饮服务'],
  )
  assert.deepEqual(origins.get('/lines/0/shortName'), { from: 'table' })
})

test('rate and preference of a product go together', () => {
  assert.equal(matchLine({ productCode: 'BOOK-1' }).line.preference, '03')
  assert.equal(matchLine({ productCode: 'BOOK-1', taxRate: Decimal.of('0.00') }).line.preference, '03')
  assert.equal(matchLine({ productCode: 'BOOK-1', taxRate: Decimal.of('0.13') }).line.preference, null)
  assert.equal(matchLine({ productCode: 'CUP-1', preference: '03' }).line.taxRate, null)
})

test("the short name is the code table's when the code is known, else the product's", () => {
  assert.equal(matchLine({ taxCode: FOOD_CODE }).line.shortName, '餐饮服务')
  const withoutTable: TaxTables = { ...TABLES, classification: () => null }
  const matched = matchCatalogue(makeDraft({ line: { productCode: 'CUP-1' } }), CATALOGUE, withoutTable)
  assert.equal(matched.lines[0]?.shortName, '书上的简称')
  assert.deepEqual(matched.origins.get('/lines/0/shortName'), { from: 'product', code: 'CUP-1' })
})

test('freight is found in the books like any line', () => {
  const draft = makeDraft({ shipping: { ...LINE, name: '陶瓷杯' } })
  const matched = matchCatalogue(draft, CATALOGUE, TABLES)
  assert.equal(matched.shipping?.taxCode, CUP_CODE)
  assert.deepEqual(matched.origins.get('/shipping/taxCode'), { from: 'product', code: 'CUP-1' })
})

test('a buyer is found by code, by tax number or by name, and lends his title data', () => {
  const title = { ...NOBODY, ...COMPANY, code: null }
  assert.deepEqual(matchBuyer({ code: 'C-1' }), { ...title, code: 'C-1' })
  assert.deepEqual(matchBuyer({ taxNo: '91310115MA1K00023E' }), title)
  assert.deepEqual(matchBuyer({ name: ' 示例采购有限公司 ' }), { ...title, name: ' 示例采购有限公司 ' })
  const origins = matchCatalogue(makeDraft({ buyer: { code: 'C-1' } }), CATALOGUE, TABLES).origins
  assert.deepEqual(origins.get('/buyer/bank'), { from: 'buyer', code: 'C-1' })
})

test('a buyer with another tax number or another name than the books gets nothing of theirs', () => {
  const other = { code: 'C-1', name: '示例采购有限公司', taxNo: '91310115MA1K00015K' }
  assert.deepEqual(matchBuyer(other), { ...NOBODY, ...other })
  assert.deepEqual(matchBuyer({ code: 'C-1', name: '李女士' }), { ...NOBODY, code: 'C-1', name: '李女士' })
  assert.deepEqual(matchBuyer({ code: 'C-1', isPerson: true }), { ...NOBODY, code: 'C-1', isPerson: true })
})

test('a renamed company is still known by its tax number, under the name the order gives', () => {
  const buyer = matchBuyer({ name: '示例新名有限公司', taxNo: '91310115MA1K00023E' })
  assert.deepEqual([buyer.name, buyer.bank], ['示例新名有限公司', '示例银行'])
})

test("a person's name alone finds nobody, his code does", () => {
  assert.deepEqual(matchBuyer({ name: '张先生' }), { ...NOBODY, name: '张先生' })
  assert.equal(matchBuyer({ name: '张先生', code: 'P-1' }).phone, '021-00000000')
})

test('the draft given is left as it was', () => {
  const draft = makeDraft({ line: { productCode: 'CUP-1' }, buyer: { code: 'C-1' } })
  const before = JSON.stringify(draft)
  matchCatalogue(draft, CATALOGUE, TABLES)
  assert.equal(JSON.stringify(draft), before)
})
