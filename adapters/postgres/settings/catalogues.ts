/** Products (商品信息) and buyers (购方信息) of the sellers, by tax number and code. */
import type { CatalogueBuyer, Product } from '../../../connector/catalogue/catalogue.js'
import type { TaxpayerId } from '../../../connector/kernel/ids.js'
import { type BuyerRow, type ProductRow, toBuyer, toProduct } from '../directory/catalogues.js'
import { deletePairs, type Query, upsert } from '../query.js'

export interface SellerProduct extends Product {
  seller: TaxpayerId
}

export interface SellerBuyer extends CatalogueBuyer {
  seller: TaxpayerId
}

/** An entry with the ids it is stored under. */
export interface Owned<E> {
  id: string
  usingUnitId: string
  entry: E
}

export async function loadProducts(query: Query): Promise<SellerProduct[]> {
  const rows: (ProductRow & { seller: TaxpayerId })[] = await selectOfSellers(query, 'products')
  return rows.map((row) => ({ seller: row.seller, ...toProduct(row) }))
}

export async function saveProducts(query: Query, products: readonly Owned<Product>[]): Promise<void> {
  const rows = products.map(({ id, usingUnitId, entry }) => ({
    id,
    using_unit_id: usingUnitId,
    code: entry.code,
    name: entry.name,
    tax_code: entry.taxCode,
    short_name: entry.shortName,
    tax_rate: entry.taxRate.toString(),
    preference: entry.preference,
    model: entry.model,
    unit: entry.unit,
  }))
  await upsert(query, 'products', ['using_unit_id', 'code'], rows)
}

export async function loadBuyers(query: Query): Promise<SellerBuyer[]> {
  const rows: (BuyerRow & { seller: TaxpayerId })[] = await selectOfSellers(query, 'buyers')
  return rows.map((row) => ({ seller: row.seller, ...toBuyer(row) }))
}

export async function saveBuyers(query: Query, buyers: readonly Owned<CatalogueBuyer>[]): Promise<void> {
  const rows = buyers.map(({ id, usingUnitId, entry }) => ({
    id,
    using_unit_id: usingUnitId,
    code: entry.code,
    name: entry.name,
    tax_no: entry.taxNo,
    is_person: entry.isPerson,
    address: entry.address,
    phone: entry.phone,
    bank: entry.bank,
    account: entry.account,
  }))
  await upsert(query, 'buyers', ['using_unit_id', 'code'], rows)
}

export type EntryKey = { usingUnitId: string; code: string }

export async function deleteProducts(query: Query, keys: readonly EntryKey[]): Promise<void> {
  await deletePairs(query, 'products', keys)
}

export async function deleteBuyers(query: Query, keys: readonly EntryKey[]): Promise<void> {
  await deletePairs(query, 'buyers', keys)
}

function selectOfSellers(query: Query, table: 'products' | 'buyers') {
  return query
    .from(`${table} as c`)
    .join('using_units as u', 'u.id', 'c.using_unit_id')
    .select('c.*', 'u.tax_no as seller')
    .orderBy(['u.tax_no', 'c.code'])
}
