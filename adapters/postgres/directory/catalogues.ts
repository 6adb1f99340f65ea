/**
 * The books of all sellers, by seller. Where two entries share a name or tax number, that name finds none of them: a
 * guess could put a wrong tax code on an invoice, and a parked order can be mended.
 */
import type pg from 'pg'
import type { Catalogue, CatalogueBuyer, Product } from '../../../connector/catalogue/catalogue.js'
import { Decimal } from '../../../connector/kernel/decimal.js'
import type { UsingUnitId } from '../../../connector/kernel/ids.js'
import { run, type Statement } from '../statement.js'

const LOAD_PRODUCTS: Statement = {
  name: 'directory.products',
  text: `
    select using_unit_id, code, name, tax_code, short_name, tax_rate, preference, model, unit
    from products`,
}

const LOAD_BUYERS: Statement = {
  name: 'directory.buyers',
  text: `
    select using_unit_id, code, name, tax_no, is_person, address, phone, bank, account
    from buyers`,
}

export interface ProductRow {
  using_unit_id: UsingUnitId
  code: string
  name: string
  tax_code: string
  short_name: string | null
  tax_rate: string
  preference: string | null
  model: string | null
  unit: string | null
}

export interface BuyerRow {
  using_unit_id: UsingUnitId
  code: string
  name: string
  tax_no: string | null
  is_person: boolean
  address: string | null
  phone: string | null
  bank: string | null
  account: string | null
}

export const EMPTY_CATALOGUE: Catalogue = makeCatalogue([], [])

export async function loadCatalogues(client: pg.ClientBase): Promise<ReadonlyMap<UsingUnitId, Catalogue>> {
  const [productRows, buyerRows] = await Promise.all([
    run<ProductRow>(client, LOAD_PRODUCTS, []),
    run<BuyerRow>(client, LOAD_BUYERS, []),
  ])
  const products = groupByUnit(productRows)
  const buyers = groupByUnit(buyerRows)
  const unitIds = new Set([...products.keys(), ...buyers.keys()])
  return new Map(
    [...unitIds].map((id) => [
      id,
      makeCatalogue((products.get(id) ?? []).map(toProduct), (buyers.get(id) ?? []).map(toBuyer)),
    ]),
  )
}

function groupByUnit<Row extends { using_unit_id: UsingUnitId }>(rows: readonly Row[]): Map<UsingUnitId, Row[]> {
  const groups = new Map<UsingUnitId, Row[]>()
  for (const row of rows) {
    const group = groups.get(row.using_unit_id)
    if (group === undefined) groups.set(row.using_unit_id, [row])
    else group.push(row)
  }
  return groups
}

function makeCatalogue(products: readonly Product[], buyers: readonly CatalogueBuyer[]): Catalogue {
  const productByCode = new Map(products.map((product) => [product.code, product]))
  const productByName = indexUnique(products, (product) => product.name)
  const buyerByCode = new Map(buyers.map((buyer) => [buyer.code, buyer]))
  const buyerByTaxNo = indexUnique(buyers, (buyer) => buyer.taxNo)
  const buyerByName = indexUnique(buyers, (buyer) => buyer.name)
  return {
    productByCode: (code) => productByCode.get(code) ?? null,
    productByName: (name) => productByName.get(name) ?? null,
    buyerByCode: (code) => buyerByCode.get(code) ?? null,
    buyerByTaxNo: (taxNo) => buyerByTaxNo.get(taxNo) ?? null,
    buyerByName: (name) => buyerByName.get(name) ?? null,
  }
}

/** Entries by a key that only one of them has. */
function indexUnique<T>(entries: readonly T[], keyOf: (entry: T) => string | null): Map<string, T> {
  const index = new Map<string, T>()
  const ambiguous = new Set<string>()
  for (const entry of entries) {
    const key = keyOf(entry)
    if (key === null) continue
    if (index.has(key)) ambiguous.add(key)
    index.set(key, entry)
  }
  for (const key of ambiguous) index.delete(key)
  return index
}

export function toProduct(row: ProductRow): Product {
  return {
    code: row.code,
    name: row.name,
    taxCode: row.tax_code,
    shortName: row.short_name,
    taxRate: Decimal.of(row.tax_rate),
    preference: row.preference,
    model: row.model,
    unit: row.unit,
  }
}

export function toBuyer(row: BuyerRow): CatalogueBuyer {
  return {
    code: row.code,
    name: row.name,
    taxNo: row.tax_no,
    isPerson: row.is_person,
    address: row.address,
    phone: row.phone,
    bank: row.bank,
    account: row.account,
  }
}
