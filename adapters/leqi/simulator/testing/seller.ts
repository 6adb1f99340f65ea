/** A simulator with frozen time, and a seller in it who holds numbers and quota: where most tests begin. */
import type { TestContext } from 'node:test'
import { type Simulator, type SimulatorOptions, startSimulator } from '../simulator.js'
import { type Caller, callRaw, type RawAnswer } from './raw-client.js'
import type { WireInvoice } from './sample-invoice.js'

/** 2026-11-22 16:00:00 in China. */
export const TEST_NOW_MS = Date.UTC(2026, 10, 22, 8, 0, 0)
const GROUP = { direct: '0123456789abcdef0123', key: '0123456789abcdeffedcba9876543210' }
const CHAIN = { direct: 'abcdef0123456789abcd', key: '00112233445566778899aabbccddeeff' }

export const UNITS = {
  sales: { ...GROUP, using: '9876543210fedcba9876', taxNo: '91310115MA1K00015K' },
  telecom: { ...GROUP, using: '1111111111aaaaaa0001', taxNo: '91310115MA1K000319' },
  small: { ...GROUP, using: '1111111111aaaaaa0002', taxNo: '91310115MA1K0004X1' },
  property: { ...GROUP, using: '1111111111aaaaaa0003', taxNo: '91310115MA1K000581' },
  assets: { ...GROUP, using: '1111111111aaaaaa0004', taxNo: '91310115MA1K00066U' },
  chain: { ...CHAIN, using: 'abcdef0123456789abcd', taxNo: '91440101MA5C000154' },
} as const
export type UnitName = keyof typeof UNITS

export async function startFrozen(t: TestContext, options: SimulatorOptions = {}): Promise<Simulator> {
  const verdictDelay = { minMs: 0, maxMs: 0, hiddenMs: 0 }
  const simulator = await startSimulator({
    hostNowMs: () => TEST_NOW_MS,
    firstRunningNumber: 1n,
    verdictDelay,
    ratePerSecond: 100_000,
    ...options,
  })
  t.after(() => simulator.close())
  return simulator
}

let serialCount = 0
export function aSerial(unit: { using: string; direct: string }): string {
  serialCount += 1
  return unit.using + unit.direct + String(serialCount).padStart(32, '0')
}

export interface Seller {
  caller: Caller
  taxNo: string
  /** The next number of its segment. */
  nextNumber(): string
  /** Fills number, platform id, seller and issue time into invoices that do not say otherwise. */
  upload(...invoices: WireInvoice[]): Promise<RawAnswer>
  result(receiptNo: string): Promise<RawAnswer>
  /** Uploads one invoice and returns its row of the result. */
  verdict(invoice: WireInvoice): Promise<{ fphm: string; status: string; message: string }>
}

export async function makeSeller(
  simulator: Simulator,
  name: UnitName = 'sales',
  supply: { numbers?: number; quota?: string } = {},
): Promise<Seller> {
  const unit = UNITS[name]
  const caller: Caller = { url: simulator.url, ...unit }
  const numbers = { nsrsbh: unit.taxNo, lysl: String(supply.numbers ?? 500), ywlsh: aSerial(unit) }
  const claimed = await callRaw(caller, 'QDFPPLFM', numbers)
  const quota = { nsrsbh: unit.taxNo, ptbh: unit.direct, sqlx: '0', sqed: supply.quota ?? '100000000.00' }
  await callRaw(caller, 'XZTHSXED', { ...quota, ywlsh: aSerial(unit) })
  let next = BigInt(claimed.data.fpqshm)
  const nextNumber = () => String(next++)
  const complete = (invoice: WireInvoice): WireInvoice => ({
    fphm: nextNumber(),
    ptbh: unit.direct,
    xsfnsrsbh: unit.taxNo,
    kprq: '2026-11-22 15:59:30',
    ...invoice,
  })
  const upload = (...invoices: WireInvoice[]) => callRaw(caller, 'QDFPSC', invoices.map(complete))
  const result = (receiptNo: string) => callRaw(caller, 'CXQDFPSCJG', { sllsh: receiptNo })
  return {
    caller,
    taxNo: unit.taxNo,
    nextNumber,
    upload,
    result,
    async verdict(invoice) {
      const accepted = await upload(invoice)
      if (accepted.data.returncode !== '00') throw new Error(`upload refused: ${JSON.stringify(accepted.data)}`)
      const told = await result(accepted.data.sllsh)
      const [row] = told.data.resultList
      if (row === undefined) throw new Error('no result')
      return row
    },
  }
}
