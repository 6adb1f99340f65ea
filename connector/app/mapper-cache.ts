/** Compiled mappings by stored version: compiled once, kept for the life of the process. */
import { compileMapping } from '../../mappings/engine/compile.js'
import type { MappingText } from '../issuing/prepare.js'
import type { OrderMapper } from '../order/mapper.js'

/** Versions kept; far more than any deployment has in use at a time. */
const VERSION_COUNT_MAX = 500

/** Errors: null for a stored text that this release does not compile any more; told once. */
export function makeMapperCache(
  tell: (event: string, fields: object) => void,
): (businessType: string, version: MappingText) => OrderMapper | null {
  const mappers = new Map<string, OrderMapper | null>()
  return (businessType, version) => {
    const known = mappers.get(version.versionId)
    if (known !== undefined) return known
    const compiled = compileMapping(version.text)
    const mapper = compiled.ok ? compiled.mapping : null
    if (!compiled.ok) tell('mapping.unusable', { businessType, version: version.number, faults: compiled.faults })
    if (mappers.size >= VERSION_COUNT_MAX) mappers.delete(mappers.keys().next().value ?? '')
    mappers.set(version.versionId, mapper)
    return mapper
  }
}
