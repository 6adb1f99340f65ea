/**
 * Who can cure a fault of the draft (design D15): whoever put the value there, and for a missing value whoever could.
 */
import type { Fault } from '../../kernel/fault.js'
import { assertNever } from '../../kernel/never.js'
import type { Origin, Origins } from '../origins.js'

/** Values that the seller's own books or the code table can supply when the order leaves them out. */
const CATALOGUE_VALUES: ReadonlySet<string> = new Set(
  'taxCode taxRate shortName preference model unit name taxNo isPerson address phone bank account'.split(' '),
)
/** Values that the unit's settings supply when the order leaves them out. */
const SETTING_VALUES: ReadonlySet<string> = new Set(['drawer'])

const INDEX = /^\d+$/

/**
 * The cure of a fault at a path of the draft.
 * Shape: the longest prefix of the path with an origin decides. The origin of a whole list does not speak for what
 * its entries leave out, so that the search ends at the entry.
 * Errors: none; without any origin the value is missing, and the catalogue or else the sender must supply it.
 */
export function cureOf(path: string, origins: Origins): Pick<Fault, 'cure' | 'parkCause'> {
  for (let prefix = path; prefix !== ''; ) {
    const origin = origins.get(prefix)
    if (origin !== undefined) return cureOfOrigin(origin)
    const slash = prefix.lastIndexOf('/')
    if (INDEX.test(prefix.slice(slash + 1))) break
    prefix = prefix.slice(0, slash)
  }
  return cureOfMissing(path.slice(path.lastIndexOf('/') + 1))
}

function cureOfOrigin(origin: Origin): Pick<Fault, 'cure' | 'parkCause'> {
  switch (origin.from) {
    case 'order':
      return { cure: 'sender' }
    case 'constant':
      return { cure: 'administrator', parkCause: 'mapping_fault' }
    case 'product':
    case 'buyer':
      return { cure: 'administrator', parkCause: 'catalogue_missing' }
    case 'setting':
      return { cure: 'administrator', parkCause: 'unit_unverified' }
    case 'table':
      return { cure: 'administrator', parkCause: 'tax_tables_stale' }
    default:
      return assertNever(origin)
  }
}

function cureOfMissing(name: string): Pick<Fault, 'cure' | 'parkCause'> {
  if (CATALOGUE_VALUES.has(name)) return { cure: 'administrator', parkCause: 'catalogue_missing' }
  if (SETTING_VALUES.has(name)) return { cure: 'administrator', parkCause: 'unit_unverified' }
  return { cure: 'sender' }
}
