/** From FILE's text to typed entries: YAML with places, then the schema's judgement in words people understand. */

import type { TSchema } from 'typebox'
import { Settings } from 'typebox/system'
import { Errors, Value } from 'typebox/value'
import { parseYaml } from '../../../mappings/engine/yaml-source.js'
import { pointerToken } from '../../kernel/fault.js'
import { findNearestName } from '../nearest-name.js'
import { type Findings, makeFindings, type Place, type Remark } from './findings.js'
import { type ConfigurationEntries, ConfigurationSchema } from './schema.js'

/** Characters of a FILE; 50,000 products of 250 characters each, and as many buyers. */
const TEXT_LENGTH_MAX = 32 * 1024 * 1024
/** Findings of one reading; a file with more is wrong as a whole. */
const FAULT_COUNT_MAX = 1_000
/** What may be a key; a syntax error likes to quote what it stumbled over. */
const HEX_KEY = /[0-9a-fA-F]{32}/g
const WHOLE_NUMBER = /^\d{1,15}$/

export type ReadOutcome =
  | { entries: ConfigurationEntries; positionOf: (path: string) => Place }
  | { entries: null; findings: Findings }

/** Errors: none thrown; `entries` is null when the text is no YAML or does not fit the schema. */
export function readEntries(text: string): ReadOutcome {
  const outcome = parseYaml(text, TEXT_LENGTH_MAX)
  if (!outcome.ok) return { entries: null, findings: toSyntaxFindings(outcome.faults) }
  const { source } = outcome
  const value = Value.Default(ConfigurationSchema, toNumbers(source.value, ConfigurationSchema))
  const findings = makeFindings(source.positionOf)
  const told = new Set<string>()
  for (const { path, remark } of listErrors(value).flatMap(explain)) {
    // One field may break several keywords; what it should be is the same sentence each time.
    const key = remark.code === 'CFG-form' ? path : `${path} ${remark.en}`
    if (!told.has(key)) findings.refuse(path, remark)
    told.add(key)
  }
  if (findings.faults.length > 0) return { entries: null, findings }
  // The schema found no error and every optional field has its default by now.
  return { entries: value as ConfigurationEntries, positionOf: source.positionOf }
}

interface SyntaxFault extends Place {
  path: string
  message: string
  messageEn: string
}

function toSyntaxFindings(faults: readonly SyntaxFault[]): Findings {
  const hide = (text: string) => text.replace(HEX_KEY, '…')
  return {
    faults: faults.map(({ path, line, column, message, messageEn }) => ({
      code: 'CFG-yaml',
      path,
      line,
      column,
      message: hide(message),
      messageEn: hide(messageEn),
    })),
    warnings: [],
  }
}

/** YAML numbers arrive as the text that was written; whole numbers are read where the schema wants one. */
function toNumbers(value: unknown, schema: TSchema): unknown {
  if (Array.isArray(value)) {
    const items = memberOf(schema, 'items')
    return items === null ? value : value.map((item) => toNumbers(item, items))
  }
  if (typeof value === 'object' && value !== null) {
    const properties = memberOf(schema, 'properties')
    return Object.fromEntries(
      Object.entries(value).map(([name, member]) => {
        const memberSchema = properties === null ? null : memberOf(properties, name)
        return [name, memberSchema === null ? member : toNumbers(member, memberSchema)]
      }),
    )
  }
  const isWholeNumber = typeof value === 'string' && WHOLE_NUMBER.test(value)
  return isWholeNumber && 'type' in schema && schema.type === 'integer' ? Number(value) : value
}

function memberOf(schema: TSchema, name: string): TSchema | null {
  const member: unknown = Object.hasOwn(schema, name) ? Reflect.get(schema, name) : null
  return typeof member === 'object' ? member : null
}

/** The library stops at eight errors unless it is told otherwise; its setting is shared, so it is put back. */
function listErrors(value: unknown): ReturnType<typeof Errors> {
  const { maxErrors } = Settings.Get()
  Settings.Set({ maxErrors: FAULT_COUNT_MAX })
  try {
    return Errors(ConfigurationSchema, value)
  } finally {
    Settings.Set({ maxErrors })
  }
}

type SchemaError = ReturnType<typeof Errors>[number]
interface Explanation {
  path: string
  remark: Remark
}

function explain(error: SchemaError): Explanation[] {
  const path = error.instancePath
  switch (error.keyword) {
    case 'required':
      return error.params.requiredProperties.map((name) => ({
        path,
        remark: { code: 'CFG-missing', zh: `缺少 ${name}`, en: `${name} is missing` },
      }))
    case 'additionalProperties':
      return error.params.additionalProperties.map((name) => explainUnknown(path, name, error.schemaPath))
    case 'boolean':
      // The same unknown field once more; `additionalProperties` names it.
      return []
    default:
      return [{ path, remark: explainForm(error) }]
  }
}

function explainUnknown(path: string, name: string, schemaPath: string): Explanation {
  const known = Object.keys(memberOf(schemaAt(schemaPath), 'properties') ?? {})
  const nearest = findNearestName(name, known)
  return {
    path: `${path}/${pointerToken(name)}`,
    remark: {
      code: 'CFG-unknown',
      zh: nearest === null ? `未知的字段 ${name}` : `未知的字段 ${name}，是否为 ${nearest}？`,
      en: nearest === null ? `unknown field ${name}` : `unknown field ${name}; did you mean ${nearest}?`,
    },
  }
}

/** Says what the field is for; the value itself is never repeated, it may be a key. */
function explainForm(error: SchemaError): Remark {
  const schema = schemaAt(error.schemaPath)
  const description = 'description' in schema ? String(schema.description) : ''
  const [zh = '', en = ''] = description.split(' / ')
  return {
    code: 'CFG-form',
    zh: `不合规（${zh || '见 JSON Schema'}）`,
    en: `${error.message}${en === '' ? '' : ` (${en})`}`,
  }
}

/** The schema at a path such as `#/properties/products/items/properties/code`. */
function schemaAt(schemaPath: string): TSchema {
  let schema: TSchema = ConfigurationSchema
  for (const token of schemaPath.split('/').slice(1)) schema = memberOf(schema, token) ?? schema
  return schema
}
