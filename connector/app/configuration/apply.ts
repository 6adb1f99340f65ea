/**
 * Carries a plan out: one transaction for all settings, so that a fault anywhere changes nothing.
 *
 * Order inside the transaction: deletions of leaves, then creations and updates from the units down, then deletions of
 * units. What a change cures is told to the caller inside the same transaction, who wakes it there.
 */
import type { SettingsStore, StoredSettings } from '../../../adapters/postgres/settings/settings-store.js'
import { SealError, type Sealer } from '../../../adapters/system/sealing.js'
import type { WakeFilter } from '../../issuing/ports.js'
import type { Database, Tx } from '../../issuing/transaction.js'
import type { IdSource, UsingUnitId } from '../../kernel/ids.js'
import { assert } from '../../kernel/never.js'
import type { Secret } from '../../kernel/secret.js'
import type { Configuration } from './configuration.js'
import { type Change, KEYS, planConfiguration } from './plan.js'
import type { SectionName } from './schema.js'

/** Fields of a direct unit after whose change nothing proves any more that its channel works. */
const DIRECT_UNIT_PROOFS = ['apiKey', 'apiUrl', 'environment', 'taxNo']
const USING_UNIT_PROOFS = ['leqiId', 'directUnit']

/** Under which field the callback secret of a business type is sealed; its unit is the type's code. */
export const CALLBACK_SECRET_FIELD = 'callbackSecret'

/** What may go on after a change; the caller adds how many at once. */
export type Cure = Omit<WakeFilter, 'limit'>

export interface ApplyDeps {
  database: Database
  settings: SettingsStore
  sealer: Sealer
  ids: IdSource
  /** Called inside the transaction when anything changed: wakes what the changes cure, tells the other processes. */
  onApplied(tx: Tx, cures: readonly Cure[]): Promise<void>
}

/** A deletion that history or unfinished work forbids. */
export class SettingInUse extends Error {
  override name = 'SettingInUse'
  readonly code = 'CFG-in-use'
  readonly messageEn: string

  constructor(message: string, messageEn: string) {
    super(message)
    this.messageEn = messageEn
  }
}

/** What FILE would change. */
export function planChanges(
  deps: Pick<ApplyDeps, 'sealer'>,
  desired: Configuration,
  stored: StoredSettings,
  isPruning: boolean,
): Change[] {
  const { sealer } = deps
  return planConfiguration(desired, stored, {
    isPruning,
    isSameKey: (unit, { apiKey }) => isSameSecret(sealer, apiKey, unit.apiKeySealed, apiKeyPlace(unit.id)),
    isSameCallbackSecret: (type, { callbackSecret }) =>
      isSameSecret(sealer, callbackSecret, type.callbackSecretSealed, callbackSecretPlace(type.code)),
  })
}

/**
 * Changes the settings to what FILE wants, `judge` permitting; nothing at all when anything fails.
 * Shape: the changes made; an empty list when everything was so already, and then no process is disturbed.
 * Errors: SettingInUse; whatever `judge` throws after it has seen what is stored.
 */
export async function applyConfiguration(
  deps: ApplyDeps,
  desired: Configuration,
  { isPruning, judge }: { isPruning: boolean; judge: (stored: StoredSettings) => void },
): Promise<readonly Change[]> {
  return deps.database.transaction('other', async (tx) => {
    await deps.settings.lock(tx)
    const stored = await deps.settings.load(tx)
    judge(stored)
    const changes = planChanges(deps, desired, stored, isPruning)
    if (changes.length === 0) return changes
    const work: Work = { ...deps, tx, desired, stored, plan: groupChanges(changes), units: indexUnits(stored) }
    await refuseUsed(work)
    await deleteLeaves(work)
    await writeUnits(work)
    await writeBusinessTypes(work)
    await writeCatalogues(work)
    await deleteUnits(work)
    await deps.settings.raiseRevision(tx)
    await deps.onApplied(tx, listCures(work))
    return changes
  })
}

interface Plan {
  written(section: SectionName): ReadonlyMap<string, Change>
  deleted(section: SectionName): ReadonlySet<string>
}

interface Units {
  direct: Map<string, string>
  using: Map<string, UsingUnitId>
}

interface Work extends ApplyDeps {
  tx: Tx
  desired: Configuration
  stored: StoredSettings
  plan: Plan
  units: Units
}

function groupChanges(changes: readonly Change[]): Plan {
  const pick = (section: SectionName, isDeletion: boolean) =>
    changes.filter((change) => change.section === section && (change.action === 'delete') === isDeletion)
  return {
    written: (section) => new Map(pick(section, false).map((change) => [change.key, change])),
    deleted: (section) => new Set(pick(section, true).map(({ key }) => key)),
  }
}

function indexUnits(stored: StoredSettings): Units {
  return {
    direct: new Map(stored.directUnits.map(({ leqiId, id }) => [leqiId, id])),
    using: new Map(stored.usingUnits.map(({ taxNo, id }) => [taxNo, id])),
  }
}

async function refuseUsed(work: Work): Promise<void> {
  refuseOrphans(work)
  const { tx, settings, plan, units, stored } = work
  const ids = [...plan.deleted('usingUnits')].map((taxNo) => idOf(units.using, taxNo))
  const usedIds = (await settings.findUsedUnits(tx, ids)).map(({ id }) => id)
  const usedTypes = await settings.findUsedTypes(tx, [...plan.deleted('businessTypes')])
  if (usedIds.length > 0) {
    const taxNos = stored.usingUnits.filter(({ id }) => usedIds.includes(id)).map(KEYS.usingUnits)
    throw new SettingInUse(
      `使用单位 ${taxNos.join('、')} 已有号段、额度或发票，不能删除`,
      `using unit ${taxNos.join(', ')} has numbers, quota or invoices and cannot be deleted`,
    )
  }
  if (usedTypes.length > 0) {
    throw new SettingInUse(
      `业务类型 ${usedTypes.join('、')} 还有未完成的订单或未送达的回调，不能删除`,
      `business type ${usedTypes.join(', ')} has unfinished orders or undelivered callbacks and cannot be deleted`,
    )
  }
}

/** Units whose dependants would stay behind, because FILE leaves the dependants' section out. */
function refuseOrphans({ plan, stored, desired }: Work): void {
  const deletedDirect = plan.deleted('directUnits')
  const units = desired.usingUnits === undefined ? stored.usingUnits : []
  if (units.some(({ directUnit }) => deletedDirect.has(directUnit))) {
    // The wording is the product manual's, 2.1.4.
    throw new SettingInUse(
      '该直连单位下存在非本单位的其他使用单位，不允许删除！请移除相关使用单位后再重试。',
      'the direct unit has using units and cannot be deleted: remove them first',
    )
  }
  const deletedUsing = plan.deleted('usingUnits')
  const types = desired.businessTypes === undefined ? stored.businessTypes : []
  const orphans = types.filter(({ seller }) => deletedUsing.has(seller)).map(KEYS.businessTypes)
  if (orphans.length > 0) {
    throw new SettingInUse(
      `业务类型 ${orphans.join('、')} 仍属于要删除的使用单位`,
      `business type ${orphans.join(', ')} still belongs to a using unit that would be deleted`,
    )
  }
}

async function deleteLeaves({ tx, settings, plan, units, stored }: Work): Promise<void> {
  const ownedKeys = (section: 'products' | 'buyers') => {
    const doomed = plan.deleted(section)
    return stored[section]
      .filter((entry) => doomed.has(KEYS[section](entry)))
      .map(({ seller, code }) => ({ usingUnitId: idOf(units.using, seller), code }))
  }
  await settings.deleteProducts(tx, ownedKeys('products'))
  await settings.deleteBuyers(tx, ownedKeys('buyers'))
  await settings.deleteBusinessTypes(tx, [...plan.deleted('businessTypes')])
  await settings.deleteIssuing(
    tx,
    [...plan.deleted('issuing')].map((taxNo) => idOf(units.using, taxNo)),
  )
}

async function writeUnits({ tx, settings, sealer, ids, plan, units, desired }: Work): Promise<void> {
  const directChanges = plan.written('directUnits')
  for (const unit of desired.directUnits ?? []) {
    const change = directChanges.get(unit.settings.leqiId)
    if (change === undefined) continue
    const id = units.direct.get(unit.settings.leqiId) ?? ids.uuid()
    units.direct.set(unit.settings.leqiId, id)
    const apiKeySealed =
      unit.apiKey !== null && touches(change, ['apiKey']) ? sealer.seal(unit.apiKey, apiKeyPlace(id)) : null
    const isUnverified = change.action === 'create' || touches(change, DIRECT_UNIT_PROOFS)
    await settings.saveDirectUnit(tx, { id, settings: unit.settings, apiKeySealed, isUnverified })
  }
  const usingChanges = plan.written('usingUnits')
  for (const unit of desired.usingUnits ?? []) {
    const change = usingChanges.get(unit.taxNo)
    if (change === undefined) continue
    // A new id is a using unit's from here on.
    const id = units.using.get(unit.taxNo) ?? (ids.uuid() as UsingUnitId)
    units.using.set(unit.taxNo, id)
    const isUnverified = change.action === 'create' || touches(change, USING_UNIT_PROOFS)
    const directUnitId = idOf(units.direct, unit.directUnit)
    await settings.saveUsingUnit(tx, { id, directUnitId, settings: unit, isUnverified })
  }
  const issuingChanges = plan.written('issuing')
  for (const issuing of desired.issuing ?? []) {
    if (issuingChanges.has(issuing.taxNo)) {
      await settings.saveIssuing(tx, idOf(units.using, issuing.taxNo), issuing)
    }
  }
}

async function writeBusinessTypes({ tx, settings, sealer, ids, plan, units, desired }: Work): Promise<void> {
  const changes = plan.written('businessTypes')
  const renamed = [...changes.values()].filter(
    (change) => change.action === 'update' && touches(change, ['name', 'seller']),
  )
  await settings.releaseTypeNames(
    tx,
    renamed.map(({ key }) => key),
  )
  for (const type of desired.businessTypes ?? []) {
    const { code, seller } = type.settings
    const change = changes.get(code)
    if (change === undefined) continue
    const mappingVersionId = await settings.saveMappingVersion(tx, {
      id: ids.uuid(),
      businessType: code,
      ...type.mapping,
    })
    const callbackSecretSealed =
      type.callbackSecret !== null && touches(change, ['callbackSecret'])
        ? sealer.seal(type.callbackSecret, callbackSecretPlace(code))
        : null
    const usingUnitId = idOf(units.using, seller)
    await settings.saveBusinessType(tx, {
      settings: type.settings,
      usingUnitId,
      mappingVersionId,
      callbackSecretSealed,
    })
  }
}

async function writeCatalogues({ tx, settings, ids, plan, units, desired }: Work): Promise<void> {
  const own = <E extends { seller: string; code: string }>(section: 'products' | 'buyers', list: readonly E[] = []) => {
    const changes = plan.written(section)
    return list
      .filter((entry) => changes.has(KEYS[section](entry)))
      .map((entry) => ({ id: ids.uuid(), usingUnitId: idOf(units.using, entry.seller), entry }))
  }
  await settings.saveProducts(tx, own('products', desired.products))
  await settings.saveBuyers(tx, own('buyers', desired.buyers))
}

async function deleteUnits({ tx, settings, plan, units }: Work): Promise<void> {
  const usingIds = [...plan.deleted('usingUnits')].map((taxNo) => idOf(units.using, taxNo))
  await settings.deleteUsingUnits(tx, usingIds)
  const directIds = [...plan.deleted('directUnits')].map((leqiId) => idOf(units.direct, leqiId))
  await settings.deleteDirectUnits(tx, directIds)
}

/** What waits for a mapping, a catalogue or a unit's settings; a unit's channel is cured by its verification. */
function listCures({ plan, units, desired }: Work): Cure[] {
  const types = [...plan.written('businessTypes').keys()]
  const sellers = new Set<string>(plan.written('issuing').keys())
  for (const section of ['products', 'buyers'] as const) {
    const changes = plan.written(section)
    for (const entry of desired[section] ?? []) {
      if (changes.has(KEYS[section](entry))) sellers.add(entry.seller)
    }
  }
  return [
    ...types.map((businessType) => ({ causes: ['mapping_missing', 'mapping_fault'] as const, businessType })),
    ...[...sellers].map((seller) => ({
      causes: ['catalogue_missing', 'mapping_missing'] as const,
      usingUnitId: idOf(units.using, seller),
    })),
  ]
}

function touches(change: Change, names: readonly string[]): boolean {
  return change.fields.some(({ name }) => names.includes(name))
}

function idOf<Id>(ids: ReadonlyMap<string, Id>, key: string): Id {
  const id = ids.get(key)
  assert(id !== undefined, `references were checked before, and ${key} is not there`)
  return id
}

function apiKeyPlace(directUnitId: string) {
  return { unit: directUnitId, field: 'apiKey' }
}

function callbackSecretPlace(code: string) {
  return { unit: code, field: CALLBACK_SECRET_FIELD }
}

/** By fingerprint; a stored text that does not open under this master key is simply not the same. */
function isSameSecret(
  sealer: Sealer,
  secret: Secret | null,
  sealed: string | null,
  place: { unit: string; field: string },
): boolean {
  if (secret === null || sealed === null) return false
  try {
    return sealer.fingerprint(sealer.open(sealed, place), place) === sealer.fingerprint(secret, place)
  } catch (error) {
    if (error instanceof SealError) return false
    throw error
  }
}
