/**
 * The declared shape of an order: what its expressions may look at, and of which type it is.
 *
 *   order:
 *     id: id                  # text or whole number, kept exactly as text
 *     total_price: decimal    # number or plain decimal text
 *     quantity: integer
 *     paid: boolean
 *     note?: string           # ? after the name: may be missing or null
 *     extra?: any             # anything; a text or number can be read as text, all else counts as missing
 *     buyer?: {name: string}
 *     items: [{sku: string}]  # a list, with the shape of its items
 *
 * Fields that are not declared are ignored. A field without `?` that is missing makes the order its sender's fault.
 */
import { pointerToken } from '../../connector/kernel/fault.js'
import { type MappingFault, makeMappingFault } from './faults.js'
import type { YamlSource } from './yaml-source.js'

/** Fields of all objects of the shape together. */
const FIELD_COUNT_MAX = 500
const FIELD_NAME_LENGTH_MAX = 100
/** Names that reach an object's prototype in JavaScript. */
const FORBIDDEN_NAMES: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])

const SCALAR_TYPES = ['string', 'id', 'decimal', 'integer', 'boolean', 'any'] as const
export type ScalarType = (typeof SCALAR_TYPES)[number]

export type Shape = ScalarShape | ObjectShape | ListShape

interface ScalarShape {
  kind: 'scalar'
  type: ScalarType
}

export interface ObjectShape {
  kind: 'object'
  /** Its name among the expression language's types, `Shape1` … */
  typeName: string
  /** Where it is declared, for messages: `order.items[]`. */
  title: string
  fields: readonly FieldShape[]
  Record: RecordClass
}

export interface ListShape {
  kind: 'list'
  item: Shape
  /** An expression walks it, so its length is bound; set while the mapping is compiled. */
  isWalked: boolean
  /** Its length multiplies the work of expressions, so it is counted; set while the mapping is compiled. */
  isCounted: boolean
}

export interface FieldShape {
  name: string
  isOptional: boolean
  shape: Shape
}

/** What an object of the order becomes; one class per declared object, because the language knows types by their class. */
export type OrderRecord = Record<string, unknown>
type RecordClass = new () => OrderRecord

export type ShapeOutcome = { ok: true; shape: ObjectShape } | { ok: false; faults: MappingFault[] }

export function parseShape(declaration: unknown, source: YamlSource): ShapeOutcome {
  const parsing: Parsing = { source, faults: [], objectCount: 0, fieldCount: 0 }
  const shape = parseAny(declaration, { path: '/order', title: 'order' }, parsing)
  if (shape.kind !== 'object' && parsing.faults.length === 0) {
    refuse(parsing, '/order', '订单结构必须是对象', 'the shape of an order is an object')
  }
  if (parsing.faults.length > 0 || shape.kind !== 'object') return { ok: false, faults: parsing.faults }
  return { ok: true, shape }
}

interface Parsing {
  source: YamlSource
  faults: MappingFault[]
  objectCount: number
  fieldCount: number
}

interface Place {
  path: string
  title: string
}

const NOTHING: ScalarShape = { kind: 'scalar', type: 'any' }

function parseAny(declaration: unknown, place: Place, parsing: Parsing): Shape {
  if (typeof declaration === 'string') return parseScalar(declaration, place, parsing)
  if (Array.isArray(declaration)) return parseList(declaration, place, parsing)
  if (typeof declaration === 'object' && declaration !== null) return parseObject(declaration, place, parsing)
  refuse(parsing, place.path, '应为类型名、对象或列表', 'must be the name of a type, an object or a list')
  return NOTHING
}

function parseScalar(name: string, place: Place, parsing: Parsing): Shape {
  const type = SCALAR_TYPES.find((each) => each === name)
  if (type !== undefined) return { kind: 'scalar', type }
  const types = SCALAR_TYPES.join(', ')
  refuse(parsing, place.path, `未知的类型 ${name}，可用：${types}`, `unknown type ${name}, there are: ${types}`)
  return NOTHING
}

function parseList(declaration: readonly unknown[], place: Place, parsing: Parsing): Shape {
  const [item, ...more] = declaration
  if (item === undefined || more.length > 0) {
    refuse(parsing, place.path, '列表必须恰好写一个元素的结构', 'a list names the shape of its items, once')
    return NOTHING
  }
  const shape = parseAny(item, { path: `${place.path}/0`, title: `${place.title}[]` }, parsing)
  if (shape.kind === 'list')
    refuse(parsing, place.path, '列表不能直接嵌套', 'a list directly in a list is not supported')
  return { kind: 'list', item: shape, isWalked: false, isCounted: false }
}

function parseObject(declaration: object, place: Place, parsing: Parsing): Shape {
  parsing.objectCount += 1
  const typeName = `Shape${parsing.objectCount}`
  const fields: FieldShape[] = []
  for (const [key, value] of Object.entries(declaration)) {
    const isOptional = key.endsWith('?')
    const name = isOptional ? key.slice(0, -1) : key
    const path = `${place.path}/${pointerToken(key)}`
    parsing.fieldCount += 1
    if (!isFieldName(name)) refuse(parsing, path, '不允许的字段名', 'this name of a field is not allowed')
    if (fields.some((field) => field.name === name)) refuse(parsing, path, '字段重复', 'the field is declared twice')
    const shape = parseAny(value, { path, title: `${place.title}.${name}` }, parsing)
    fields.push({ name, isOptional, shape })
  }
  if (fields.length === 0) refuse(parsing, place.path, '对象至少要有一个字段', 'an object has at least one field')
  if (parsing.fieldCount > FIELD_COUNT_MAX) {
    refuse(parsing, place.path, `字段超过 ${FIELD_COUNT_MAX} 个`, `more than ${FIELD_COUNT_MAX} fields`)
  }
  return {
    kind: 'object',
    typeName,
    title: place.title,
    fields,
    Record: class implements OrderRecord {
      [field: string]: unknown
    },
  }
}

function isFieldName(name: string): boolean {
  return name !== '' && name.length <= FIELD_NAME_LENGTH_MAX && !FORBIDDEN_NAMES.has(name)
}

function refuse(parsing: Parsing, path: string, message: string, messageEn: string): void {
  const place = { path, position: parsing.source.positionOf(path) }
  parsing.faults.push(makeMappingFault('MAP-shape', place, message, messageEn))
}

/** The shape at a place below `root`; any token steps from a list to its items. null: there is no such place. */
export function shapeAt(tokens: readonly (string | number)[], root: Shape): Shape | null {
  let shape: Shape | null = root
  for (const token of tokens) {
    if (shape?.kind === 'list') shape = shape.item
    else if (shape?.kind === 'object') shape = shape.fields.find((field) => field.name === token)?.shape ?? null
    else return null
  }
  return shape
}

/** What a message says an object of the shape is called; the language itself only knows `Shape1` … */
export function toReadableTypes(message: string, root: ObjectShape): string {
  const titles = new Map<string, string>()
  collectTitles(root, titles)
  return message
    .replaceAll(/Shape\d+/g, (typeName) => titles.get(typeName) ?? typeName)
    .replaceAll(/optional<(?:optional<)*([^<>]+)>+/g, '$1 (may be missing)')
}

function collectTitles(shape: Shape, titles: Map<string, string>): void {
  if (shape.kind === 'list') collectTitles(shape.item, titles)
  if (shape.kind !== 'object') return
  titles.set(shape.typeName, shape.title)
  for (const field of shape.fields) collectTitles(field.shape, titles)
}
