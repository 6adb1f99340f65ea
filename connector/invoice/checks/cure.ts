/** Who can cure a fault, told by where the faulty value came from (design D15). */
import type { Fault } from '../../kernel/fault.js'
import { assertNever } from '../../kernel/never.js'
import type { Origin, Origins } from '../draft.js'

/**
 * The cure of a fault at a place of the draft.
 *
 * Shape   `path` is a JSON Pointer into the draft; the longest prefix of it that has an origin decides. A value that
 *         nobody is known to have given is the sender's to give.
 */
export function cureOf(path: string, origins: Origins): Pick<Fault, 'cure' | 'parkCause'> {
  const origin = originOf(path, origins)
  if (origin === null) return { cure: 'sender' }
  switch (origin.from) {
    case 'order':
      return { cure: 'sender' }
    case 'constant':
      return { cure: 'administrator', parkCause: 'mapping_fault' }
    case 'product':
    case 'buyer':
      return { cure: 'administrator', parkCause: 'catalogue_missing' }
    case 'setting':
    case 'table':
      return { cure: 'administrator', parkCause: 'tax_tables_stale' }
    default:
      return assertNever(origin)
  }
}

function originOf(path: string, origins: Origins): Origin | null {
  for (let prefix = path; prefix !== ''; prefix = prefix.slice(0, prefix.lastIndexOf('/'))) {
    // `hasOwn`, because a path may spell the name of an inherited property.
    const origin = Object.hasOwn(origins, prefix) ? origins[prefix] : undefined
    if (origin !== undefined) return origin
  }
  return null
}
