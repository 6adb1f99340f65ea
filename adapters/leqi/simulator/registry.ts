/**
 * Who is registered: direct units with their keys, using units, and the traits of each taxpayer (基本信息, 风险信息).
 *
 * Shared by production and sandbox. Must not know numbers, quota or invoices: those are the books.
 */
import type { Static } from 'typebox'
import { BASE_CAPABILITY } from '../wire.js'
import { parseKey } from './sm4.js'
import type { SimulatorWorld, TAXPAYER_TRAITS, WorldDirectUnit, WorldTaxpayer } from './world.js'

/** 归集能力, which every production unit subscribes beside the base capability. */
const COLLECTION_CAPABILITY = '203067'
const DEFAULT_MONTHLY_QUOTA = '9000000000.00'

export type TaxpayerTraits = { -readonly [K in keyof typeof TAXPAYER_TRAITS]: Static<(typeof TAXPAYER_TRAITS)[K]> }

export interface Taxpayer {
  taxNo: string
  traits: TaxpayerTraits
  monthlyQuota: string
  quotaByPeriod: Readonly<Record<string, string>>
}

export interface UsingUnit {
  leqiId: string
  /** Null for an auto-registered unit until its first request names a tax number. */
  taxNo: string | null
  /** Null: all of the direct unit. */
  capabilities: Set<string> | null
  isDisqualified: boolean
}

export interface DirectUnit {
  leqiId: string
  name: string
  taxNo: string
  keys: { production: Buffer; sandbox: Buffer | null }
  /** Null: every capability (auto-registered). */
  capabilities: Set<string> | null
  allowedIps: string[]
  isDisqualified: boolean
  usingUnits: Map<string, UsingUnit>
}

export interface Registry {
  directUnits: Map<string, DirectUnit>
  taxpayers: Map<string, Taxpayer>
  registerDirectUnit(leqiId: string): DirectUnit
  registerUsingUnit(direct: DirectUnit, leqiId: string): UsingUnit
  /** The taxpayer of a tax number, registered with plain traits when it is not known yet. */
  registerTaxpayer(taxNo: string): Taxpayer
}

/** @param autoRegisterKey key of units that register themselves by calling. */
export function makeRegistry(world: SimulatorWorld, autoRegisterKey: string): Registry {
  const taxpayers = new Map(world.taxpayers.map((each) => [each.taxNo, toTaxpayer(each)]))
  const directUnits = new Map(world.directUnits.map((each) => [each.leqiId, toDirectUnit(each)]))
  const registry: Registry = {
    directUnits,
    taxpayers,
    registerDirectUnit(leqiId) {
      const key = parseKey(autoRegisterKey)
      const direct: DirectUnit = {
        leqiId,
        name: `自动登记单位${leqiId}`,
        taxNo: '',
        keys: { production: key, sandbox: key },
        capabilities: null,
        allowedIps: [],
        isDisqualified: false,
        usingUnits: new Map(),
      }
      directUnits.set(leqiId, direct)
      return direct
    },
    registerUsingUnit(direct, leqiId) {
      const known = [...directUnits.values()].map((each) => each.usingUnits.get(leqiId)).find((each) => each?.taxNo)
      const using = { leqiId, taxNo: known?.taxNo ?? null, capabilities: null, isDisqualified: false }
      direct.usingUnits.set(leqiId, using)
      return using
    },
    registerTaxpayer(taxNo) {
      const known = taxpayers.get(taxNo)
      if (known !== undefined) return known
      const taxpayer = toTaxpayer({ taxNo })
      // An auto-registered unit has no tax number before its first request names one.
      if (taxNo !== '') taxpayers.set(taxNo, taxpayer)
      return taxpayer
    },
  }
  return registry
}

function toDirectUnit(unit: WorldDirectUnit): DirectUnit {
  const { leqiId, name, taxNo, key, sandboxKey, capabilities, allowedIps, usingUnits } = unit
  return {
    leqiId,
    name,
    taxNo,
    keys: { production: parseKey(key), sandbox: sandboxKey === undefined ? null : parseKey(sandboxKey) },
    capabilities: new Set(capabilities ?? [BASE_CAPABILITY, COLLECTION_CAPABILITY]),
    allowedIps: allowedIps ?? [],
    isDisqualified: false,
    usingUnits: new Map(
      usingUnits.map((using) => {
        const granted = using.capabilities === undefined ? null : new Set(using.capabilities)
        return [
          using.leqiId,
          { leqiId: using.leqiId, taxNo: using.taxNo, capabilities: granted, isDisqualified: false },
        ]
      }),
    ),
  }
}

function toTaxpayer(described: WorldTaxpayer): Taxpayer {
  const { taxNo, monthlyQuota, quotaByPeriod, ...traits } = described
  return {
    taxNo,
    monthlyQuota: monthlyQuota ?? DEFAULT_MONTHLY_QUOTA,
    quotaByPeriod: quotaByPeriod ?? {},
    traits: { ...plainTraits(taxNo), ...traits },
  }
}

function plainTraits(taxNo: string): TaxpayerTraits {
  return {
    name: `示例企业${taxNo}`,
    taxpayerType: '1',
    industry: '5299',
    secondaryIndustries: [],
    industryNatures: [],
    region: '13100000000',
    statusCode: '03',
    isPilot: true,
    riskType: '',
    warningLevel: '',
    isRisk: false,
    creditGrade: 'A',
    typeValidFrom: '2016-05-01',
    typeValidTo: null,
    hasFormerRateAuthorisation: false,
    hasUnlimitedQuota: false,
    isQuotaSuspended: false,
    isFiled: true,
  }
}
