/**
 * mapping.yaml: how one business type's order becomes an invoice draft. This file is its grammar.
 *
 * A value is written in one of two ways. `= order.total_price` is an expression (CEL) on the order, like a formula in a
 * spreadsheet; anything else is a constant: `ordinary`, `0.13`, `true`. A field that is left out or `null` stays empty.
 * `order` declares what the message looks like; what it does not name is not looked at. `lines`, `payments`, `extras`
 * and `vouchers` are lists of entries: with `forEach: = order.items` an entry stands for each item that `where` lets
 * through, without it for itself. In entries of `lines` the item is called `line`, elsewhere `entry`.
 * Invariant: what this schema lets through has a known place in the draft; nothing is ignored silently.
 */
import { type Static, type TSchema, Type } from 'typebox'
import { Settings } from 'typebox/system'
import { Errors } from 'typebox/value'
import { pointerToken } from '../../connector/kernel/fault.js'
import { type MappingFault, makeMappingFault } from './faults.js'
import type { YamlSource } from './yaml-source.js'

const STRICT = { additionalProperties: false }
/** Entries of one list of the mapping; each may stand for thousands of items. */
const ENTRY_COUNT_MAX = 20
/** Errors of the grammar that are looked for; a text with more is no mapping. */
const ERROR_COUNT_MAX = 500

/** A constant or an expression; numbers arrive as the text that was written. */
const LEAF = Type.Union([Type.String(), Type.Boolean(), Type.Null()])

/** An object of the named leaves, all optional, and of other members. */
function fields<Name extends string, Members extends Record<string, TSchema>>(
  names: readonly Name[],
  members: Members,
) {
  // Every name is given the same schema, which is what the type says.
  const leaves = Object.fromEntries(names.map((name) => [name, Type.Optional(LEAF)])) as Record<
    Name,
    ReturnType<typeof Type.Optional<typeof LEAF>>
  >
  return Type.Object({ ...leaves, ...members }, STRICT)
}

function entries<Entry extends TSchema>(entry: Entry) {
  return Type.Array(entry, { maxItems: ENTRY_COUNT_MAX })
}

const BUYER_FIELDS = [
  ...(['code', 'name', 'taxNo', 'isPerson', 'idType', 'idNo', 'nationality'] as const),
  ...(['address', 'phone', 'bank', 'account'] as const),
] as const
const LINE_FIELDS = [
  ...(['productCode', 'name', 'model', 'unit', 'quantity', 'unitPrice', 'amount'] as const),
  ...(['taxCode', 'taxRate', 'preference', 'discountRate', 'discountAmount', 'coalKind'] as const),
] as const
const VOUCHER_FIELDS = [
  ...(['kind', 'invoiceCode', 'invoiceNumber', 'voucherNumber', 'issuedOn'] as const),
  ...(['totalAmount', 'deductedAmount', 'remark'] as const),
] as const
const HEAD_FIELDS = [
  ...(['orderNo', 'letter', 'kind', 'currency', 'pricesIncludeTax', 'expectedGross', 'orderDiscount'] as const),
  ...(['remark', 'drawer', 'payee', 'reviewer', 'coalQuality', 'originalOrderNo', 'reason'] as const),
] as const
const REPEAT_FIELDS = ['forEach', 'where'] as const

const REQUIREMENT = Type.Object({ require: LEAF, otherwise: Type.String({ minLength: 1, maxLength: 100 }) }, STRICT)
const LINE = fields([...REPEAT_FIELDS, ...LINE_FIELDS], {})
const VOUCHER = fields([...REPEAT_FIELDS, ...VOUCHER_FIELDS], {})

const MAPPING = fields(HEAD_FIELDS, {
  businessType: Type.String({ pattern: '^[a-z0-9_-]{1,40}$' }),
  version: Type.String({ pattern: '^[1-9][0-9]{0,8}$' }),
  description: Type.Optional(Type.String({ maxLength: 500 })),
  /** The shape of the order is a language of its own, read and judged by `parseShape`. */
  order: Type.Unknown(),
  tables: Type.Optional(
    Type.Record(
      Type.String({ pattern: '^[A-Za-z][A-Za-z0-9_]{0,39}$' }),
      Type.Record(Type.String(), Type.String(), { maxProperties: 2_000 }),
      { maxProperties: 20, ...STRICT },
    ),
  ),
  accept: Type.Optional(Type.Array(REQUIREMENT, { maxItems: ENTRY_COUNT_MAX })),
  buyer: Type.Optional(fields(BUYER_FIELDS, {})),
  lines: Type.Array(LINE, { minItems: 1, maxItems: ENTRY_COUNT_MAX }),
  shipping: Type.Optional(fields(LINE_FIELDS, {})),
  differential: Type.Optional(fields(['where', 'type', 'deduction'], { vouchers: Type.Optional(entries(VOUCHER)) })),
  payments: Type.Optional(entries(fields([...REPEAT_FIELDS, 'channel', 'transactionNo'], {}))),
  extras: Type.Optional(entries(fields([...REPEAT_FIELDS, 'name', 'type', 'value'], {}))),
})

/** A mapping as it was written, before its expressions are understood. */
export type MappingText = Static<typeof MAPPING>
export type Leaf = Static<typeof LEAF>

export type DefinitionOutcome = { ok: true; definition: MappingText } | { ok: false; faults: MappingFault[] }

/** Checks the document against the grammar above; all faults, each at its place. */
export function readDefinition(source: YamlSource): DefinitionOutcome {
  const faults: MappingFault[] = []
  for (const error of listErrors(source.value)) {
    for (const { path, message, messageEn } of describeError(error)) {
      faults.push(makeMappingFault('MAP-schema', { path, position: source.positionOf(path) }, message, messageEn))
    }
  }
  if (faults.length > 0) return { ok: false, faults }
  // `Errors` found none, so the value has the schema's type.
  return { ok: true, definition: source.value as MappingText }
}

/** The library stops at eight errors unless it is told otherwise; the setting is the process's, so it is put back. */
function listErrors(value: unknown): ReturnType<typeof Errors> {
  const { maxErrors } = Settings.Get()
  Settings.Set({ maxErrors: ERROR_COUNT_MAX })
  try {
    return Errors(MAPPING, value)
  } finally {
    Settings.Set({ maxErrors })
  }
}

interface Description {
  path: string
  message: string
  messageEn: string
}

type SchemaError = ReturnType<typeof Errors>[number]

/** In the words of somebody who writes mappings, not of JSON Schema. */
function describeError(error: SchemaError): Description[] {
  const path = error.instancePath
  switch (error.keyword) {
    case 'required':
      return error.params.requiredProperties.map((name) => {
        return { path, message: `缺少 ${name}`, messageEn: `${name} is missing` }
      })
    case 'additionalProperties':
      return error.params.additionalProperties.map((name) => {
        return {
          path: `${path}/${pointerToken(name)}`,
          message: `未知的字段 ${name}`,
          messageEn: `unknown field ${name}`,
        }
      })
    case 'anyOf':
      return [{ path, message: '应为常量或表达式', messageEn: 'must be a constant or an expression' }]
    case 'type':
      return isInsideLeaf(error) ? [] : [{ path, message: `类型应为 ${error.params.type}`, messageEn: error.message }]
    case 'boolean':
      // The same unknown field once more; `additionalProperties` names it.
      return []
    default:
      return [{ path, message: `不合规：${error.message}`, messageEn: error.message }]
  }
}

/** What kinds a leaf may have is told once, by `anyOf`. */
function isInsideLeaf(error: SchemaError): boolean {
  return error.schemaPath.includes('/anyOf/')
}
