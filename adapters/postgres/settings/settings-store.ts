/**
 * All settings as one store: units, issuing, business types and catalogues, loaded together and changed together in the
 * transaction of the caller.
 *
 * Knows: the settings' tables, natural keys (Leqi id, tax number, code) and how they hang together.
 * Must not know: YAML, keys in clear (sealed texts come and go), what a change means for orders.
 */
import type { Tx } from '../../../connector/issuing/transaction.js'
import { clientOf } from '../database.js'
import { makeQueries, type Query } from '../query.js'
import { raiseSettingsRevision } from '../settings-revision.js'
import {
  type BusinessTypeChange,
  deleteBusinessTypes,
  loadBusinessTypes,
  releaseTypeNames,
  type StoredBusinessType,
  saveBusinessType,
  saveMappingVersion,
} from './business-types.js'
import {
  deleteBuyers,
  deleteProducts,
  type EntryKey,
  loadBuyers,
  loadProducts,
  type Owned,
  type SellerBuyer,
  type SellerProduct,
  saveBuyers,
  saveProducts,
} from './catalogues.js'
import {
  type DirectUnitChange,
  deleteDirectUnits,
  loadDirectUnits,
  type StoredDirectUnit,
  saveDirectUnit,
} from './direct-units.js'
import { findUsedTypes, findUsedUnits } from './settings-use.js'
import {
  deleteIssuing,
  deleteUsingUnits,
  loadIssuing,
  loadUsingUnits,
  type StoredUsingUnit,
  saveIssuing,
  saveUsingUnit,
  type UnitIssuingSettings,
  type UsingUnitChange,
} from './using-units.js'

export interface StoredSettings {
  directUnits: readonly StoredDirectUnit[]
  usingUnits: readonly StoredUsingUnit[]
  issuing: readonly UnitIssuingSettings[]
  businessTypes: readonly StoredBusinessType[]
  products: readonly SellerProduct[]
  buyers: readonly SellerBuyer[]
}

export type SettingsStore = ReturnType<typeof makeSettingsStore>

export function makeSettingsStore() {
  const queries = makeQueries()
  /** A writing operation as a method that takes the transaction first. */
  const on =
    <A extends readonly unknown[], R>(work: (query: Query, ...rest: A) => Promise<R>) =>
    (tx: Tx, ...rest: A): Promise<R> =>
      work(queries(tx), ...rest)
  return {
    /** Waits until no other transaction is changing settings; held until the end of this one. */
    lock: on((query) => lock(query)),
    load: on((query) => loadAll(query)),
    /** So that every process learns that its snapshot is old. */
    raiseRevision: (tx: Tx) => raiseSettingsRevision(clientOf(tx)),
    saveDirectUnit: on((query, change: DirectUnitChange) => saveDirectUnit(query, change)),
    deleteDirectUnits: on((query, ids: readonly string[]) => deleteDirectUnits(query, ids)),
    saveUsingUnit: on((query, change: UsingUnitChange) => saveUsingUnit(query, change)),
    deleteUsingUnits: on((query, ids: readonly string[]) => deleteUsingUnits(query, ids)),
    findUsedUnits: on((query, ids: readonly string[]) => findUsedUnits(query, ids)),
    saveIssuing: on((query, usingUnitId: string, entry: UnitIssuingSettings) => saveIssuing(query, usingUnitId, entry)),
    deleteIssuing: on((query, usingUnitIds: readonly string[]) => deleteIssuing(query, usingUnitIds)),
    saveMappingVersion: on((query, version: Parameters<typeof saveMappingVersion>[1]) =>
      saveMappingVersion(query, version),
    ),
    releaseTypeNames: on((query, codes: readonly string[]) => releaseTypeNames(query, codes)),
    saveBusinessType: on((query, change: BusinessTypeChange) => saveBusinessType(query, change)),
    deleteBusinessTypes: on((query, codes: readonly string[]) => deleteBusinessTypes(query, codes)),
    findUsedTypes: on((query, codes: readonly string[]) => findUsedTypes(query, codes)),
    saveProducts: on((query, products: readonly Owned<SellerProduct>[]) => saveProducts(query, products)),
    deleteProducts: on((query, keys: readonly EntryKey[]) => deleteProducts(query, keys)),
    saveBuyers: on((query, buyers: readonly Owned<SellerBuyer>[]) => saveBuyers(query, buyers)),
    deleteBuyers: on((query, keys: readonly EntryKey[]) => deleteBuyers(query, keys)),
  }
}

async function lock(query: Query): Promise<void> {
  await query.from('settings_revision').select('revision').forUpdate()
}

async function loadAll(query: Query): Promise<StoredSettings> {
  return {
    directUnits: await loadDirectUnits(query),
    usingUnits: await loadUsingUnits(query),
    issuing: await loadIssuing(query),
    businessTypes: await loadBusinessTypes(query),
    products: await loadProducts(query),
    buyers: await loadBuyers(query),
  }
}
