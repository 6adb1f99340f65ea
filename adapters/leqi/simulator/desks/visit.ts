/** What a desk (one service) is given, and what it may answer. Desks never see HTTP, keys or faults. */
import type { Books } from '../books.js'
import type { DirectUnit, Taxpayer, UsingUnit } from '../registry.js'
import type { ClassificationTable } from '../tables/classification.js'
import type { RateTable } from '../tables/rates.js'

export interface TaxTables {
  classifications: ClassificationTable
  rates: RateTable
}

export interface Visit {
  environment: 'production' | 'sandbox'
  direct: DirectUnit
  using: UsingUnit
  taxpayer: Taxpayer
  books: Books
  tables: TaxTables
  nowMs: number
  /** The decrypted request, as bytes and as parsed JSON. */
  plain: Buffer
  request: unknown
}

export type DeskAnswer =
  /** returncode 00 with these fields. */
  | { kind: 'done'; data: object }
  /** returncode 01: nothing was stored or moved. */
  | { kind: 'refused'; message: string }
  /** returncode 04: nothing is held under what was asked for. */
  | { kind: 'none'; message: string }
  /** A platform code instead of an answer (4063). */
  | { kind: 'platform'; code: string }

export function refuse(message: string): DeskAnswer {
  return { kind: 'refused', message }
}

/** A field of a request as text, whether it came as a JSON string or number. Shape: empty when absent. */
export function readField(request: unknown, name: string): string {
  if (typeof request !== 'object' || request === null) return ''
  const value: unknown = Reflect.get(request, name)
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : ''
}

/** Whether the request's tax number is the using unit's; every service of a taxpayer asks for it. Source: protocol 1. */
export function refuseForeignTaxNo(visit: Visit): DeskAnswer | null {
  const taxNo = readField(visit.request, 'nsrsbh')
  if (taxNo === '') return refuse('参数校验异常：纳税人识别号不能为空')
  return taxNo === visit.taxpayer.taxNo ? null : refuse('参数校验异常：纳税人识别号与使用单位不一致')
}

/**
 * Whether a request serial has the prescribed form. Shape: using unit's id + direct unit's id + 32 letters or digits.
 * Source: Leqi base capability document, ywlsh.
 */
export function isOwnSerial(visit: Visit, serial: string): boolean {
  const owner = visit.using.leqiId + visit.direct.leqiId
  return serial.startsWith(owner) && /^[0-9A-Za-z]{32}$/.test(serial.slice(owner.length))
}
