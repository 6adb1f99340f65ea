/** A small mapping for tests of the engine; every kind of field once. */
export const EXAMPLE = `businessType: example
version: 3
order:
  no: id
  total: decimal
  paid: boolean
  note?: string
  extra?: any
  tags: [string]
  buyer?:
    name: string
    tax_no?: string
  items:
    - title: string
      price: decimal
      count: integer
      rate?: decimal
      parts?: [{name: string}]
tables:
  channels: {wechat: "010", alipay: "009"}
orderNo: = order.no
currency: CNY
lines:
  - forEach: = order.items
    name: = line.title
    quantity: = line.count
    unitPrice: = line.price
    amount: = line.price * line.count
`

/** The example with further lines at its end. */
export function withLines(...lines: string[]): string {
  return `${EXAMPLE}${lines.join('\n')}\n`
}
