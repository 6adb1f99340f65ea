/**
 * Every record of real shops through decoding, mapping, catalogue and rules, each accounted for. The records are
 * foreign and messy and stay outside this repository: `SAMPLES_DIR=… npm run test:samples`. Without them the shipped
 * examples take the same way, so that this file always proves something.
 */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Catalogue, Product } from '../connector/catalogue/catalogue.js'
import { matchCatalogue } from '../connector/catalogue/match.js'
import { approve } from '../connector/invoice/approve.js'
import { Decimal } from '../connector/kernel/decimal.js'
import type { Fault } from '../connector/kernel/fault.js'
import { decodeOrder } from '../connector/order/decode.js'
import { anIssuingContext, CODES } from '../connector/testing/builders.js'
import type { CompiledMapping } from './engine/compile.js'
import { type Definition, loadDefinitions } from './registry.js'

const DEFINITIONS = fileURLToPath(new URL('./definitions', import.meta.url))
const CONTEXT = anIssuingContext()

const NO_BOOKS: Catalogue = {
  productByCode: () => null,
  productByName: () => null,
  buyerByCode: () => null,
  buyerByTaxNo: () => null,
  buyerByName: () => null,
}
/** A seller who keeps a product for whatever is ordered. */
const FULL_BOOKS: Catalogue = { ...NO_BOOKS, productByCode: makeProduct, productByName: makeProduct }

function makeProduct(code: string): Product {
  const taxRate = Decimal.of('0.13')
  return { code, name: code, taxCode: CODES.cup, shortName: null, taxRate, preference: null, model: null, unit: '件' }
}

type Account = Record<string, number>

/** What becomes of the records, file by file, when the seller's books are full; a reader should agree with each. */
const EXPECTED: Record<string, Account> = {
  'northwind/orders.jsonl': { invoiced: 600 },
  'pinduoduo/order-information-get.json': { invoiced: 1 },
  'shopify/go-shopify-order.json': { 'ignored 测试订单': 1 },
  'shopify/go-shopify-order_with_transaction.json': { 'ignored 测试订单': 1 },
  'shopify/go-shopify-orders.json': { 'ignored 测试订单': 1 },
  'shopify/shopify-python-order.json': { 'ignored 订单尚未付清': 1 },
  // Has no line_items at all.
  'shopify/shopify-python-orders.json': { 'rejected ORD-shape': 1 },
  // Sold in US dollars.
  'woocommerce/wc-v3-order-01.json': { 'rejected ORD-currency': 1 },
  'woocommerce/wc-v3-order-03.json': { 'rejected ORD-currency': 2 },
  'woocommerce/wc-v3-order-04.json': { 'rejected ORD-currency': 1 },
  'woocommerce/wc-v3-order-06.json': { 'ignored 订单未付款、已取消或已退款': 1, 'rejected ORD-currency': 3 },
  // A refund is no order: it has neither number nor status.
  'woocommerce/wc-v3-refund-01.json': { 'rejected ORD-number, ORD-shape': 1 },
  'woocommerce/wc-v3-refund-03.json': { 'rejected ORD-number, ORD-shape': 2 },
}

/** Without books whatever needs a tax code waits for the administrator; what the sender must cure is rejected anyway. */
const EXPECTED_WITHOUT_BOOKS: Account = {
  'parked catalogue_missing': 601,
  'rejected ORD-currency': 7,
  'rejected ORD-number, ORD-shape': 3,
  'rejected ORD-shape': 1,
  'ignored 测试订单': 3,
  'ignored 订单尚未付清': 1,
  'ignored 订单未付款、已取消或已退款': 1,
}

const EXPECTED_OF_EXAMPLES: Account = {
  invoiced: 7,
  // One product stands for all here, and a book at 9 % is no cup at 13 %.
  'parked mapping_fault': 1,
  'rejected ORD-amount': 2,
  'rejected ORD-amount, ORD-number': 1,
  'rejected ORD-amount, ORD-shape': 1,
}

let definitions: ReadonlyMap<string, Definition>

before(async () => {
  definitions = await loadDefinitions(DEFINITIONS)
})

test('every real record ends as a draft, ignored, parked or rejected, with a code', async (t) => {
  const folder = process.env.SAMPLES_DIR
  if (folder === undefined || !existsSync(join(folder, 'orders'))) {
    t.diagnostic('SAMPLES_DIR names no folder with orders: the shipped examples take the place of the samples')
    assert.deepEqual(await accountForExamples(), EXPECTED_OF_EXAMPLES)
    return
  }
  const files = await listSamples(join(folder, 'orders'))
  const withoutBooks: Account = {}
  for (const { name, mapping, records } of files) {
    const account: Account = {}
    for (const record of records) {
      count(account, takeItsWay(record, mapping, FULL_BOOKS))
      count(withoutBooks, takeItsWay(record, mapping, NO_BOOKS))
    }
    t.diagnostic(`${name.padEnd(50)} ${describe(account)}`)
    assert.deepEqual(account, EXPECTED[name], name)
  }
  t.diagnostic(`${'all, for a seller without products'.padEnd(50)} ${describe(withoutBooks)}`)
  assert.deepEqual(withoutBooks, EXPECTED_WITHOUT_BOOKS)
  assert.deepEqual(files.map(({ name }) => name).sort(), Object.keys(EXPECTED).sort())
})

async function accountForExamples(): Promise<Account> {
  const account: Account = {}
  for (const { folder, mapping } of definitions.values()) {
    const files = await readdir(join(folder, 'examples'))
    for (const file of files.filter((each) => each.endsWith('.order.json'))) {
      count(account, takeItsWay(await readFile(join(folder, 'examples', file)), mapping, FULL_BOOKS))
    }
  }
  return account
}

interface Samples {
  name: string
  mapping: CompiledMapping
  records: readonly Buffer[]
}

async function listSamples(folder: string): Promise<Samples[]> {
  const samples: Samples[] = []
  for (const [businessType, { mapping }] of definitions) {
    for (const file of (await readdir(join(folder, businessType))).sort()) {
      const text = await readFile(join(folder, businessType, file), 'utf8')
      const texts = file.endsWith('.jsonl') ? text.trim().split('\n') : unwrapOrders(JSON.parse(text)).map(toText)
      samples.push({ name: `${businessType}/${file}`, mapping, records: texts.map((each) => Buffer.from(each)) })
    }
  }
  return samples
}

function toText(value: unknown): string {
  return JSON.stringify(value)
}

/** One message is one order: lists, batches and envelopes are the platform's, not ours. */
function unwrapOrders(value: unknown): unknown[] {
  if (Array.isArray(value)) return value.flatMap(unwrapOrders)
  if (typeof value !== 'object' || value === null) return [value]
  const wrappers = ['order', 'orders', 'create', 'update', 'delete', 'order_info_get_response', 'order_info']
  const members = Object.entries(value)
  if (!members.every(([key]) => wrappers.includes(key))) return [value]
  return members.flatMap(([, member]) => unwrapOrders(member))
}

/** decode → map → catalogue → rules, as an order takes it; a word on how it ended. */
function takeItsWay(body: Buffer, mapping: CompiledMapping, books: Catalogue): string {
  const decoded = decodeOrder(body)
  if (decoded.kind === 'fault') return `${decoded.disposition} ${decoded.fault.code}`
  const outcome = mapping.map(decoded.value)
  if (outcome.kind === 'ignored') return `ignored ${outcome.reason}`
  if (outcome.kind === 'faulty') return describeFaults(outcome.faults)
  const approval = approve(matchCatalogue(outcome.draft, books, CONTEXT.tables), CONTEXT)
  return approval.kind === 'approved' ? 'invoiced' : describeFaults(approval.faults)
}

function describeFaults(faults: readonly Fault[]): string {
  const own = faults.filter(({ cure }) => cure === 'sender')
  if (own.length > 0) return `rejected ${listNames(own.map(({ code }) => code))}`
  return `parked ${listNames(faults.map(({ parkCause }) => parkCause ?? 'manual_hold'))}`
}

function listNames(names: readonly string[]): string {
  return [...new Set(names)].sort().join(', ')
}

function count(account: Account, word: string): void {
  account[word] = (account[word] ?? 0) + 1
}

function describe(account: Account): string {
  return Object.entries(account)
    .map(([word, times]) => `${word} × ${times}`)
    .join('; ')
}
