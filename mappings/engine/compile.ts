/**
 * The engine of mappings: a YAML text becomes a compiled mapping, or a complete list of what is wrong with it.
 *
 * Knows: the grammar of mapping.yaml, the expression language, the draft. Must not know: files, databases, the clock.
 * Invariants: pure and deterministic; what compiles has been type-checked against the declared shape of the order, so
 * that an order of that shape can fail only by its values; nothing in a mapping loops, calls out or remembers.
 */
import type { MapOutcome, OrderMapper } from '../../connector/order/mapper.js'
import { readDefinition } from './definition.js'
import { compileDraft } from './draft-cells.js'
import { type Explanation, explainDraft } from './explain.js'
import type { ExpressionScope } from './expression.js'
import type { MappingFault } from './faults.js'
import { makeLanguage } from './language.js'
import { mapOrder } from './map-order.js'
import { parseShape } from './order-shape.js'
import { makeTables } from './tables.js'
import type { Walk } from './walked-lists.js'
import { parseYaml } from './yaml-source.js'

/** One version of a business type's mapping, ready to run. */
export interface CompiledMapping extends OrderMapper {
  version: number
  map(order: unknown): MapOutcome
  /** For each field of the draft: how it is filled, and from where in the order. */
  explain(): readonly Explanation[]
}

export type CompileOutcome = { ok: true; mapping: CompiledMapping } | { ok: false; faults: readonly MappingFault[] }

/**
 * Compiles the text of a mapping.yaml.
 *
 * Errors  MAP-… faults with path, line and column, all that can be found at once: syntax of the YAML ends the search,
 *         then its grammar, then the shape of the order; all expressions are judged together
 */
export function compileMapping(yamlText: string): CompileOutcome {
  const yaml = parseYaml(yamlText)
  if (!yaml.ok) return yaml
  const { source } = yaml
  const read = readDefinition(source)
  if (!read.ok) return read
  const { definition } = read
  const parsed = parseShape(definition.order, source)
  if (!parsed.ok) return parsed

  const { shape } = parsed
  const faults: MappingFault[] = []
  const tables = makeTables(definition.tables)
  const language = makeLanguage(shape, tables).registerVariable('order', shape.typeName)
  const variables: ExpressionScope['variables'] = new Map([['order', { root: 'order', tokens: [] }]])
  const walks: Walk[] = []
  const scope: ExpressionScope = { language, variables, tables, order: shape, item: null, enclosing: [], walks }
  const cells = compileDraft(definition, { scope, source, faults })
  if (faults.length > 0) return { ok: false, faults: sortByPlace(faults) }

  const compiled = { shape, cells, walks }
  return {
    ok: true,
    mapping: {
      businessType: definition.businessType,
      version: Number(definition.version),
      map: (order) => mapOrder(compiled, order),
      explain: () => explainDraft(cells),
    },
  }
}

function sortByPlace(faults: readonly MappingFault[]): MappingFault[] {
  return [...faults].sort((left, right) => left.line - right.line || left.column - right.column)
}
