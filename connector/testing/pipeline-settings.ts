/**
 * Settings of the end-to-end tests: the shipped mappings with what their examples sell, a plain mapping in which an order
 * says everything itself, and the sellers of the simulator's default world, so that a test may have one for itself.
 */
import { readdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { DEFAULT_KEY } from '../../adapters/leqi/simulator/default-world.js'

export const DEFINITIONS_FOLDER = resolve(import.meta.dirname, '../../mappings/definitions')

type Value = string | number | boolean | null | readonly string[] | { readonly [name: string]: number }
export type Entry = Record<string, Value>

/** A settings file before it is written as YAML. `mapping` of a business type is a path, absolute or in the file's folder. */
export interface Settings {
  directUnits: Entry[]
  usingUnits: Entry[]
  issuing: Entry[]
  businessTypes: Entry[]
  products: Entry[]
  buyers: Entry[]
}

export interface Seller {
  taxNo: string
  leqiId: string
  name: string
  directUnit: string
}

const GROUP_ID = '0123456789abcdef0123'
const CHAIN_ID = 'abcdef0123456789abcd'

/** Units of the simulator's default world that issue at the general rates. */
export const SELLERS = {
  sales: {
    taxNo: '91310115MA1K00015K',
    leqiId: '9876543210fedcba9876',
    name: '示例销售有限公司',
    directUnit: GROUP_ID,
  },
  group: { taxNo: '91310115MA1K00007Q', leqiId: GROUP_ID, name: '示例集团有限公司', directUnit: GROUP_ID },
  property: {
    taxNo: '91310115MA1K000581',
    leqiId: '1111111111aaaaaa0003',
    name: '示例物业服务有限公司',
    directUnit: GROUP_ID,
  },
  assets: {
    taxNo: '91310115MA1K00066U',
    leqiId: '1111111111aaaaaa0004',
    name: '示例资产管理有限公司',
    directUnit: GROUP_ID,
  },
  chain: { taxNo: '91440101MA5C000154', leqiId: CHAIN_ID, name: '示例连锁有限公司', directUnit: CHAIN_ID },
} as const satisfies Record<string, Seller>

/** Codes of the simulator's table by what is sold under them. */
export const TAX_CODES = {
  sundries: '1060512990000000000',
  book: '1060201019900000000',
  tea: '1030308010000000000',
  coffee: '1030307060000000000',
  candy: '1030202010000000000',
  /** 国内道路货物运输服务, 9 %. */
  freight: '3010102020100000000',
} as const

/** Calls a second of a direct unit: what is tested is the pipeline, not the bureau's limit. */
const RATE_PER_SECOND = 1_000
/** The bureau asks for 10 s; the simulator's verdicts are there at once. */
const POLL = { firstMs: 20, maxMs: 200 }

/** Business type, then product code → tax code and rate; names that the examples look up stand for themselves. */
const EXAMPLE_PRODUCTS: readonly (readonly [code: string, name: string, taxCode: string, taxRate: string])[] = [
  ['FREIGHT', '运费', TAX_CODES.freight, '0.09'],
  ['301', '云南小粒咖啡豆', TAX_CODES.coffee, '0.13'],
  ['318', '龙井茶叶', TAX_CODES.tea, '0.13'],
  ['T-077', '牛轧糖', TAX_CODES.candy, '0.13'],
  ['T-090', '桂花乌龙', TAX_CODES.tea, '0.13'],
  ['T-105', '进口橄榄油', TAX_CODES.sundries, '0.13'],
  ['MUG-350-W', '手冲马克杯', TAX_CODES.sundries, '0.13'],
  ['FILTER-100', '滤纸', TAX_CODES.sundries, '0.13'],
  ['GRINDER-01', '手摇磨豆机', TAX_CODES.sundries, '0.13'],
  ['BEAN-500', '深烘咖啡豆', TAX_CODES.coffee, '0.13'],
  ['CUP-SET', '分享杯套装', TAX_CODES.sundries, '0.13'],
  ['LINEN-140', '亚麻桌布', TAX_CODES.sundries, '0.13'],
  ['FRAME-46', '帆布画框', TAX_CODES.sundries, '0.13'],
  ['BOOK-4S', '画册《四季》', TAX_CODES.book, '0.09'],
  ['WRAPPING', '礼品包装', TAX_CODES.sundries, '0.13'],
  ['TOWEL-3', '纯棉毛巾三条装', TAX_CODES.sundries, '0.13'],
  ['600100200301', '棉袜', TAX_CODES.sundries, '0.13'],
  ['LAMP-LED', '护眼台灯', TAX_CODES.sundries, '0.13'],
]

/** A mapping in which the order says everything itself; `businessType` and `kinds` are what tests change. */
export function plainMapping(
  businessType: string,
  { version = 1, kinds = '{普票: ordinary, 专票: special}' } = {},
): string {
  return `businessType: ${businessType}
version: ${version}
order:
  no: id
  status?: string
  currency?: string
  kind?: string
  total?: decimal
  remark?: string
  discount?: decimal
  buyer?: {code?: string, name?: string, taxNo?: string, isPerson?: boolean}
  items:
    - sku?: string
      name: string
      quantity?: decimal
      amount: decimal
      taxCode?: string
      rate?: decimal
tables:
  kinds: ${kinds}
accept:
  - require: = or(order.status, "paid") == "paid"
    otherwise: 订单尚未付款
orderNo: = order.no
kind: = lookup("kinds", or(order.kind, "普票"))
currency: = or(order.currency, "CNY")
expectedGross: = order.total
orderDiscount: = order.discount
buyer:
  code: = order.buyer.code
  name: = order.buyer.name
  taxNo: = order.buyer.taxNo
  isPerson: = or(order.buyer.isPerson, false)
lines:
  - forEach: = order.items
    productCode: = line.sku
    name: = line.name
    quantity: = line.quantity
    amount: = line.amount
    taxCode: = line.taxCode
    taxRate: = line.rate
remark: = order.remark
`
}

/** Both groups as direct units, one seller with the shipped mappings; tests add what is theirs. */
export function makeSettings(bureauUrl: string): Settings {
  const settings: Settings = {
    directUnits: [
      aDirectUnit(bureauUrl, {
        name: '示例集团有限公司',
        taxNo: SELLERS.group.taxNo,
        leqiId: GROUP_ID,
        apiKey: DEFAULT_KEY,
      }),
    ],
    usingUnits: [],
    issuing: [],
    businessTypes: [],
    products: [],
    buyers: [],
  }
  addSeller(settings, SELLERS.sales)
  for (const code of listDefinitions()) {
    const mapping = resolve(DEFINITIONS_FOLDER, code, 'mapping.yaml')
    settings.businessTypes.push({ code, name: `示例 ${code}`, seller: SELLERS.sales.taxNo, mapping })
  }
  for (const [code, name, taxCode, taxRate] of EXAMPLE_PRODUCTS) {
    settings.products.push({ seller: SELLERS.sales.taxNo, code, name, taxCode, taxRate, unit: '件' })
  }
  return settings
}

/** The second group's direct unit, whose channel does not touch that of the first. */
export function addChain(settings: Settings, changes: Entry = {}): void {
  const [first] = settings.directUnits
  settings.directUnits.push({
    ...first,
    name: SELLERS.chain.name,
    taxNo: SELLERS.chain.taxNo,
    leqiId: CHAIN_ID,
    apiKey: '00112233445566778899aabbccddeeff',
    ...changes,
  })
}

/** A using unit with its issuing settings. */
export function addSeller(settings: Settings, { directUnit, name, taxNo, leqiId }: Seller, issuing: Entry = {}): void {
  settings.usingUnits.push({ directUnit, name, taxNo, leqiId })
  settings.issuing.push({
    taxNo,
    drawer: '开票员',
    numberWarningCount: 200,
    numberClaimCount: 1_000,
    quotaDownloadAmount: '1000000.00',
    ...issuing,
  })
}

export function listDefinitions(): readonly string[] {
  return readdirSync(DEFINITIONS_FOLDER, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort()
}

function aDirectUnit(bureauUrl: string, own: Entry): Entry {
  return {
    ...own,
    environment: 'production',
    apiUrl: `${bureauUrl}/access/v2/invoke`,
    channel: '测试渠道',
    region: '上海',
    capabilities: ['202007', '203067'],
    ratePerSecond: RATE_PER_SECOND,
    poll: POLL,
  }
}
