/**
 * The seller's own books: products (商品信息) and buyers (购方信息), used to fill what an order leaves out.
 *
 * Knows: how an order line finds its product, how a buyer is found. Must not know: SQL, the order's shape.
 * Invariant: what the order says explicitly wins; the catalogue only fills gaps.
 */
import type { Decimal } from '../kernel/decimal.js'

export interface Product {
  code: string
  name: string
  taxCode: string
  shortName: string | null
  taxRate: Decimal
  preference: string | null
  model: string | null
  unit: string | null
}

export interface CatalogueBuyer {
  code: string
  name: string
  taxNo: string | null
  isPerson: boolean
  address: string | null
  phone: string | null
  bank: string | null
  account: string | null
}

/** One seller's books, looked up in memory while a batch is mapped. */
export interface Catalogue {
  productByCode(code: string): Product | null
  productByName(name: string): Product | null
  buyerByCode(code: string): CatalogueBuyer | null
  buyerByTaxNo(taxNo: string): CatalogueBuyer | null
  buyerByName(name: string): CatalogueBuyer | null
}
