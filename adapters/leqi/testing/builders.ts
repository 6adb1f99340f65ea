/** Units, invoices and sealed answers for this room's tests; companies are fictitious. */

import type { Invoice, InvoiceLine } from '../../../connector/invoice/invoice.js'
import type { RateBudget } from '../../../connector/issuing/rate-budget.js'
import { amount, ZERO } from '../../../connector/kernel/amount.js'
import { Decimal } from '../../../connector/kernel/decimal.js'
import type { IdSource, TaxpayerId, UsingUnitId } from '../../../connector/kernel/ids.js'
import { Secret } from '../../../connector/kernel/secret.js'
import { type Clock, type Instant, instant } from '../../../connector/kernel/time.js'
import type { DirectUnit, UsingUnit } from '../../../connector/taxpayer/taxpayer.js'
import { chooseSm4Engine, makeSm4, type Sm4 } from '../sm4.js'
import type { InnerEnvelope, OuterEnvelope } from '../wire.js'

export const TEST_KEY = '0123456789abcdeffedcba9876543210'

/** 2026-11-22 16:00:00 in China. */
export const NOW: Instant = instant(Date.UTC(2026, 10, 22, 8, 0, 0))

export const fixedClock: Clock = { now: () => NOW }

/** A budget that never says no. */
export const freeBudget: RateBudget = {
  take: async (_unit, _capability, permits) => ({ granted: permits, waitMs: 0 }),
  slowDown: () => Promise.resolve(),
}

export const testSm4: Sm4 = sm4Of(TEST_KEY)

export function sm4Of(key: string): Sm4 {
  const sm4 = makeSm4(chooseSm4Engine(), new Secret(key))
  if (sm4 === null) throw new RangeError('not an SM4 key')
  return sm4
}

/** Counts up, so that a test can name the ids it expects. */
export function makeTestIds(): IdSource {
  let count = 0
  return {
    uuid: () => `00000000-0000-7000-8000-${String(++count).padStart(12, '0')}`,
    serial: () => String(++count).padStart(32, '0'),
  }
}

export function aDirectUnit(change: Partial<DirectUnit> = {}): DirectUnit {
  return {
    id: 'direct-1',
    name: '示例集团有限公司',
    // A literal of the right form; the brand's parser lives in another room.
    taxNo: '91310115MA1K00007Q' as TaxpayerId,
    leqiId: '0123456789abcdef0123',
    environment: 'production',
    apiUrl: 'https://bureau.example:8443/access/v2/invoke',
    proxy: null,
    capabilities: ['202007', '203067'],
    ratePerSecond: 50,
    poll: { firstMs: 10_000, maxMs: 600_000 },
    isVerified: true,
    ...change,
  }
}

export function aUsingUnit(change: Partial<UsingUnit> = {}): UsingUnit {
  return {
    // Literals of the right form, as above.
    id: 'using-1' as UsingUnitId,
    name: '示例销售有限公司',
    taxNo: '91310115MA1K00015K' as TaxpayerId,
    leqiId: '9876543210fedcba9876',
    region: '13100000000',
    isVerified: true,
    isRestored: false,
    direct: aDirectUnit(),
    settings: {
      drawer: '开票员',
      numberWarningCount: 200,
      numberClaimCount: 1_000,
      autoClaim: true,
      autoDownloadQuota: true,
      autoAdjustValidity: true,
      quotaDownloadAmount: amount('100000.00'),
      maxNetPerInvoice: null,
      maxLinesPerInvoice: 200,
      address: '示例路1号',
      phone: '021-00000000',
      bank: null,
      account: null,
      secondaryIndustries: [],
      hasFormerRateAuthorisation: false,
    },
    profile: {
      name: '示例销售有限公司（登记名）',
      taxpayerType: '1',
      industry: '5294',
      industryNatures: [],
      taxBureauCode: '13101150000',
      isPilot: true,
      statusCode: '03',
      typeValidFrom: null,
      typeValidTo: null,
      fetchedAt: NOW,
    },
    risk: { riskType: '', warningLevel: '', isRisk: false, fetchedAt: NOW },
    ...change,
  }
}

export function aLine(change: Partial<InvoiceLine> = {}): InvoiceLine {
  return {
    lineNo: 1,
    nature: 'normal',
    name: '咖啡杯',
    shortName: '日用杂品',
    model: 'M-1',
    unit: '个',
    quantity: '2',
    unitPrice: '50',
    netAmount: amount('100.00'),
    taxAmount: amount('13.00'),
    grossAmount: amount('113.00'),
    taxRate: Decimal.of('0.13'),
    taxCode: '1060105010000000000',
    preference: null,
    deduction: null,
    coalKind: null,
    sourceLine: 0,
    ...change,
  }
}

export function anInvoice(change: Partial<Invoice> = {}): Invoice {
  return {
    letter: 'blue',
    kind: 'ordinary',
    seller: {
      name: '示例销售有限公司',
      taxNo: '91310115MA1K00015K',
      address: null,
      phone: null,
      bank: null,
      account: null,
    },
    buyer: {
      name: '示例采购有限公司',
      taxNo: '91310115MA1K00023E',
      address: null,
      phone: null,
      bank: null,
      account: null,
      isPerson: false,
      idType: null,
      idNo: null,
      nationality: null,
    },
    lines: [aLine()],
    netAmount: amount('100.00'),
    taxAmount: amount('13.00'),
    grossAmount: amount('113.00'),
    quotaAmount: ZERO,
    differential: null,
    remark: null,
    payments: [],
    drawer: '开票员甲',
    payee: null,
    reviewer: null,
    extras: [],
    coalQuality: null,
    ...change,
  }
}

/** An answer as the bureau sends it: string codes, the inner document as a text, `Data` encrypted. */
export function sealAnswer(answer: unknown, sm4: Sm4 = testSm4): string {
  return wrap({ Response: { RequestId: 'abcdefghijklmnop', Data: sm4.encrypt(JSON.stringify(answer)) } })
}

export function sealError(code: string, message: string): string {
  return wrap({ Response: { RequestId: 'abcdefghijklmnop', Error: { Code: code, Message: message } } })
}

function wrap(inner: InnerEnvelope): string {
  const outer: OuterEnvelope = { httpStatusCode: '200', body: JSON.stringify(inner) }
  return JSON.stringify(outer)
}
