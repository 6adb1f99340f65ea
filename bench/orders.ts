/** Orders of a benchmark: five lines each by default, in the shape of the shipped `shopify` mapping, some 2 KB of JSON. */

/** Products in the catalogue of each unit. */
export const PRODUCT_COUNT = 50

export interface BenchOrder {
  orderNo: string
  body: Buffer
}

/** Orders that differ from each other and from those of other series. Units: `lineCount` lines, prices in yuan. */
export function makeOrders(series: string, count: number, lineCount: number): BenchOrder[] {
  return Array.from({ length: count }, (_, index) => makeOrder(`${series}-${index + 1}`, index, lineCount))
}

function makeOrder(orderNo: string, seed: number, lineCount: number): BenchOrder {
  const lines = Array.from({ length: lineCount }, (_, index) => makeLine(seed, index))
  const totalFen = lines.reduce((sum, line) => sum + line.grossFen, 0)
  const order = {
    id: 7_310_000_000_000 + seed,
    name: `#${orderNo}`,
    order_number: seed + 1,
    test: false,
    created_at: '2026-11-06T09:12:44+08:00',
    cancelled_at: null,
    financial_status: 'paid',
    fulfillment_status: null,
    currency: 'CNY',
    taxes_included: true,
    subtotal_price: toYuan(totalFen),
    total_price: toYuan(totalFen),
    total_discounts: '0.00',
    note: '请开电子发票，谢谢',
    note_attributes: [],
    customer: { id: 8_842_000_000_000 + (seed % 997), first_name: '女士', last_name: '李' },
    billing_address: {
      company: null,
      name: `李女士${seed % 997}`,
      province: '浙江省',
      city: '杭州市',
      address1: '示例路 20 号示例大厦 8 楼',
      phone: '13900000000',
    },
    line_items: lines.map(({ item }) => item),
    shipping_lines: [],
  }
  return { orderNo, body: Buffer.from(JSON.stringify(order)) }
}

function makeLine(seed: number, index: number) {
  const product = ((seed * 7 + index * 13) % PRODUCT_COUNT) + 1
  const quantity = ((seed + index) % 4) + 1
  const priceFen = 990 + ((seed * 31 + index * 17) % 9_000)
  return {
    grossFen: priceFen * quantity,
    item: {
      id: seed * 10 + index,
      product_id: 6_420_000_000_000 + product,
      sku: toSku(product),
      name: `性能测试商品 ${product} 号 - 标准款`,
      variant_title: '标准款',
      vendor: '示例品牌',
      quantity,
      price: toYuan(priceFen),
      total_discount: '0.00',
      discount_allocations: [],
      requires_shipping: true,
    },
  }
}

export function toSku(product: number): string {
  return `BENCH-${product}`
}

function toYuan(fen: number): string {
  return `${Math.floor(fen / 100)}.${String(fen % 100).padStart(2, '0')}`
}
