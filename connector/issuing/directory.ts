/**
 * The directory: every setting, book and table that the story of an order looks up, as one consistent snapshot.
 *
 * Knows: who sells under which business type, with which mapping, catalogue and tax tables. A process holds one
 * directory in memory and replaces it whole when `revision` has risen.
 * Must not know: SQL, keys in clear (they stay sealed here), compiled mappings (their text is enough).
 * Invariant: all parts of one directory were true at the same instant.
 */

import type { Catalogue } from '../catalogue/catalogue.js'
import type { TaxTables } from '../invoice/tax-tables.js'
import type { UsingUnitId } from '../kernel/ids.js'
import type { DirectUnit, UsingUnit } from '../taxpayer/taxpayer.js'

/** How the results of a business type travel. */
export type ResultDelivery = 'amqp' | 'callback' | 'both'

/** The version of a mapping that is active for a business type; its text is what runs. */
interface ActiveMapping {
  versionId: string
  /** Counts up per business type from 1. */
  number: number
  /** The YAML document. */
  text: string
}

/** 业务类型: where a message's business type leads. */
export interface BusinessTypeEntry {
  code: string
  name: string
  /** The seller; a mapping cannot choose it. */
  unitId: UsingUnitId
  delivery: ResultDelivery
  mapping: ActiveMapping | null
}

export interface Directory {
  /** Rises with every change of a setting, book or table. */
  revision: bigint
  unit(id: UsingUnitId): UsingUnit | null
  /** Using units with issuing settings, ordered by tax number. */
  units: readonly UsingUnit[]
  /** Direct units, those without using units included, ordered by Leqi id. */
  directUnits: readonly DirectUnit[]
  /** The sealed API key of a direct unit by its `id`; null when none was given yet. */
  sealedApiKey(directUnitId: string): string | null
  businessType(code: string): BusinessTypeEntry | null
  tables: TaxTables
  /** Books of one seller; empty ones for a unit that has none. */
  catalogue(unitId: UsingUnitId): Catalogue
}

export interface DirectorySource {
  /** The revision alone, to learn cheaply whether a snapshot is old. */
  loadRevision(): Promise<bigint>
  load(): Promise<Directory>
}
