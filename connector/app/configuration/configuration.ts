/**
 * The desired state of the settings, as a FILE declares it: complete, checked, secrets as secrets, mappings as texts.
 *
 * A section that FILE leaves out is absent: it is neither changed nor pruned.
 */
import type { BusinessTypeSettings } from '../../../adapters/postgres/settings/business-types.js'
import type { SellerBuyer, SellerProduct } from '../../../adapters/postgres/settings/catalogues.js'
import type { DirectUnitSettings } from '../../../adapters/postgres/settings/direct-units.js'
import type { UnitIssuingSettings, UsingUnitSettings } from '../../../adapters/postgres/settings/using-units.js'
import type { Secret } from '../../kernel/secret.js'

export interface DesiredDirectUnit {
  settings: DirectUnitSettings
  /** null: FILE gives none, what is stored stays. */
  apiKey: Secret | null
}

export interface DesiredBusinessType {
  settings: BusinessTypeSettings
  callbackSecret: Secret | null
  mapping: { text: string; sha256: string }
}

export interface Configuration {
  directUnits?: readonly DesiredDirectUnit[]
  usingUnits?: readonly UsingUnitSettings[]
  issuing?: readonly UnitIssuingSettings[]
  businessTypes?: readonly DesiredBusinessType[]
  products?: readonly SellerProduct[]
  buyers?: readonly SellerBuyer[]
}
