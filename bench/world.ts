/** The settings of a benchmark, as a file for `leqi-connector apply`: the simulator's default world with wide limits. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { PRODUCT_COUNT, toSku } from './orders.js'

/** Using units of the simulator's default world that sell at the general rates. */
const UNITS = [
  { name: '示例销售有限公司', taxNo: '91310115MA1K00015K', leqiId: '9876543210fedcba9876' },
  { name: '示例集团有限公司', taxNo: '91310115MA1K00007Q', leqiId: '0123456789abcdef0123' },
  { name: '示例物业服务有限公司', taxNo: '91310115MA1K000581', leqiId: '1111111111aaaaaa0003' },
  { name: '示例资产管理有限公司', taxNo: '91310115MA1K00066U', leqiId: '1111111111aaaaaa0004' },
] as const

export const UNIT_COUNT_MAX = UNITS.length
/** First poll of a verdict; the bureau asks for 10 s, a benchmark of our own work does not wait for it. */
export const POLL_FIRST_MS = 50

/** Far above what is measured: the benchmark measures us, not the limit of a bureau. */
export const RATE_PER_SECOND = 1_000

/** Rates of the shipped code table for 日用杂品, 13 %. */
const TAX_CODE = '1080113000000000000'

export function toBusinessType(unit: number): string {
  return `bench-${unit + 1}`
}

/**
 * Writes the settings and one mapping per business type into `folder`; returns the path of the settings.
 * Shape: one business type and catalogue per unit, all mapped like the shipped `shopify`.
 */
export function writeSettings(
  folder: string,
  options: { bureauUrl: string; unitCount: number; mapping: string },
): string {
  const units = UNITS.slice(0, options.unitCount)
  for (const unit of units.keys()) {
    const code = toBusinessType(unit)
    const text = options.mapping.replace('businessType: shopify', `businessType: ${code}`)
    writeFileSync(join(folder, `${code}.yaml`), text)
  }
  const path = join(folder, 'settings.yaml')
  writeFileSync(path, stringify(makeSettings(options.bureauUrl, units)))
  return path
}

function makeSettings(bureauUrl: string, units: readonly (typeof UNITS)[number][]) {
  return {
    directUnits: [
      {
        name: '示例集团有限公司',
        taxNo: '91310115MA1K00007Q',
        leqiId: '0123456789abcdef0123',
        environment: 'production',
        apiKey: '0123456789abcdeffedcba9876543210',
        apiUrl: `${bureauUrl}/access/v2/invoke`,
        channel: '性能测试',
        region: '上海',
        capabilities: ['202007', '203067'],
        ratePerSecond: RATE_PER_SECOND,
        poll: { firstMs: POLL_FIRST_MS, maxMs: 5_000 },
      },
    ],
    usingUnits: units.map((unit) => ({ directUnit: '0123456789abcdef0123', region: '13100000000', ...unit })),
    issuing: units.map(({ taxNo }) => ({
      taxNo,
      drawer: '开票员',
      numberWarningCount: 10_000,
      numberClaimCount: 5_000,
      quotaDownloadAmount: '50000000.00',
    })),
    businessTypes: units.map(({ taxNo }, unit) => ({
      code: toBusinessType(unit),
      name: `性能测试 ${unit + 1}`,
      seller: taxNo,
      mapping: `${toBusinessType(unit)}.yaml`,
    })),
    products: units.flatMap(({ taxNo }) =>
      Array.from({ length: PRODUCT_COUNT }, (_, index) => ({
        seller: taxNo,
        code: toSku(index + 1),
        name: `性能测试商品 ${index + 1} 号`,
        taxCode: TAX_CODE,
        taxRate: '0.13',
        unit: '个',
      })),
    ),
    buyers: [],
  }
}
