/**
 * The difference between what a FILE wants and what is stored. Pure; printed by `plan`, carried out by `apply`.
 *
 * Entries are matched by their natural key. A secret is compared by its keyed fingerprint and shown as "changed"; the
 * text of a mapping by its hash. Without pruning nothing is ever deleted; with it only entries of sections that FILE
 * holds.
 */

import type { StoredBusinessType } from '../../../adapters/postgres/settings/business-types.js'
import type { StoredDirectUnit } from '../../../adapters/postgres/settings/direct-units.js'
import type { StoredSettings } from '../../../adapters/postgres/settings/settings-store.js'
import { fen, formatAmount } from '../../kernel/amount.js'
import { Decimal } from '../../kernel/decimal.js'
import type { Configuration, DesiredBusinessType, DesiredDirectUnit } from './configuration.js'
import type { SectionName } from './schema.js'

export interface Change {
  action: 'create' | 'update' | 'delete'
  section: SectionName
  /** Natural key: Leqi id, tax number, code, or seller and code. */
  key: string
  /** What differs; empty for a deletion. */
  fields: readonly FieldChange[]
}

interface FieldChange {
  name: string
  before: string | null
  /** For a secret only that it changed. */
  after: string | null
}

export interface PlanOptions {
  isPruning: boolean
  /** Whether a secret of FILE is the stored one. */
  isSameKey(unit: StoredDirectUnit, desired: DesiredDirectUnit): boolean
  isSameCallbackSecret(type: StoredBusinessType, desired: DesiredBusinessType): boolean
}

/** Natural keys, shared with those who carry a plan out. */
export const KEYS = {
  directUnits: ({ leqiId }: { leqiId: string }) => leqiId,
  usingUnits: ({ taxNo }: { taxNo: string }) => taxNo,
  issuing: ({ taxNo }: { taxNo: string }) => taxNo,
  businessTypes: ({ code }: { code: string }) => code,
  products: ({ seller, code }: { seller: string; code: string }) => `${seller} ${code}`,
  buyers: ({ seller, code }: { seller: string; code: string }) => `${seller} ${code}`,
} as const

const SECRET_CHANGED = 'changed'

/** Changes in the order of FILE's sections: creations and updates first, deletions of a section after them. */
export function planConfiguration(desired: Configuration, stored: StoredSettings, options: PlanOptions): Change[] {
  const { isPruning } = options
  const units = new Map(stored.directUnits.map((unit) => [unit.leqiId, unit]))
  const types = new Map(stored.businessTypes.map((type) => [type.code, type]))
  return [
    ...planSection('directUnits', isPruning, {
      desired: desired.directUnits?.map((unit) => ({
        key: unit.settings.leqiId,
        fields: printFields(unit.settings),
        secrets: { apiKey: unit.apiKey !== null && !isKept(units.get(unit.settings.leqiId), unit, options.isSameKey) },
      })),
      stored: stored.directUnits.map(({ id, isVerified, apiKeySealed, ...settings }) => ({
        key: settings.leqiId,
        fields: printFields(settings),
        secrets: { apiKey: apiKeySealed !== null },
      })),
    }),
    ...planSection('usingUnits', isPruning, {
      desired: desired.usingUnits?.map((unit) => toSide(KEYS.usingUnits(unit), unit)),
      stored: stored.usingUnits.map(({ id, isVerified, ...unit }) => toSide(KEYS.usingUnits(unit), unit)),
    }),
    ...planSection('issuing', isPruning, {
      desired: desired.issuing?.map((settings) => toSide(KEYS.issuing(settings), settings)),
      stored: stored.issuing.map((settings) => toSide(KEYS.issuing(settings), settings)),
    }),
    ...planSection('businessTypes', isPruning, {
      desired: desired.businessTypes?.map((type) => ({
        key: type.settings.code,
        fields: { ...printFields(type.settings), mapping: type.mapping.sha256 },
        secrets: {
          callbackSecret:
            type.callbackSecret !== null && !isKept(types.get(type.settings.code), type, options.isSameCallbackSecret),
        },
      })),
      stored: stored.businessTypes.map(({ callbackSecretSealed, mappingSha256, ...settings }) => ({
        key: settings.code,
        fields: { ...printFields(settings), mapping: mappingSha256 },
        secrets: { callbackSecret: callbackSecretSealed !== null },
      })),
    }),
    ...planSection('products', isPruning, {
      desired: desired.products?.map((product) => toSide(KEYS.products(product), product)),
      stored: stored.products.map((product) => toSide(KEYS.products(product), product)),
    }),
    ...planSection('buyers', isPruning, {
      desired: desired.buyers?.map((buyer) => toSide(KEYS.buyers(buyer), buyer)),
      stored: stored.buyers.map((buyer) => toSide(KEYS.buyers(buyer), buyer)),
    }),
  ]
}

type Fields = Readonly<Record<string, string | null>>

/** One entry of one side, ready to be compared. */
interface Side {
  key: string
  fields: Fields
  /** Desired side: must be written. Stored side: is set. */
  secrets: Readonly<Record<string, boolean>>
}

function isKept<S, D>(stored: S | undefined, desired: D, isSame: (stored: S, desired: D) => boolean): boolean {
  return stored !== undefined && isSame(stored, desired)
}

function toSide(key: string, entry: object): Side {
  return { key, fields: printFields(entry), secrets: {} }
}

function planSection(
  section: SectionName,
  isPruning: boolean,
  { desired, stored }: { desired: readonly Side[] | undefined; stored: readonly Side[] },
): Change[] {
  if (desired === undefined) return []
  const storedByKey = new Map(stored.map((side) => [side.key, side]))
  const changes: Change[] = []
  for (const side of desired) {
    const before = storedByKey.get(side.key)
    const fields = [
      ...diffFields(before?.fields ?? {}, side.fields),
      ...diffSecrets(before?.secrets ?? {}, side.secrets),
    ]
    if (before === undefined) changes.push({ action: 'create', section, key: side.key, fields })
    else if (fields.length > 0) changes.push({ action: 'update', section, key: side.key, fields })
  }
  if (!isPruning) return changes
  const kept = new Set(desired.map(({ key }) => key))
  const deleted = stored.filter(({ key }) => !kept.has(key))
  return [...changes, ...deleted.map(({ key }) => ({ action: 'delete' as const, section, key, fields: [] }))]
}

function diffFields(before: Fields, after: Fields): FieldChange[] {
  return Object.entries(after)
    .map(([name, value]) => ({ name, before: before[name] ?? null, after: value }))
    .filter((field) => field.before !== field.after)
}

function diffSecrets(before: Side['secrets'], after: Side['secrets']): FieldChange[] {
  return Object.entries(after)
    .filter(([, mustWrite]) => mustWrite)
    .map(([name]) => ({ name, before: before[name] ? 'set' : null, after: SECRET_CHANGED }))
}

function printFields(settings: object): Fields {
  return Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, printValue(value)]))
}

function printValue(value: unknown): string | null {
  if (value === null || value === undefined) return null
  if (typeof value === 'bigint') return formatAmount(fen(value))
  if (value instanceof Decimal) return value.toString()
  if (Array.isArray(value)) return value.join(', ')
  if (typeof value !== 'object') return String(value)
  // Sorted, because FILE may write the members in any order.
  const members = Object.entries(value).map(([name, member]) => `${name} ${member}`)
  return members.sort().join(', ')
}
