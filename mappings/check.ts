/** What `leqi-connector mapping check` and `mapping test` do; the verbs only print what these give them. */
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Fault, pointerToken } from '../connector/kernel/fault.js'
import { decodeOrder } from '../connector/order/decode.js'
import { type CompiledMapping, compileMapping } from './engine/compile.js'
import type { Explanation } from './engine/explain.js'
import type { MappingFault } from './engine/faults.js'

const ORDER_SUFFIX = '.order.json'
const GOLDEN_SUFFIX = '.draft.json'
/** Columns of a line, the formatter's setting. */
const LINE_LENGTH_MAX = 120

export interface CheckReport {
  file: string
  ok: boolean
  /** null when the mapping does not compile. */
  businessType: string | null
  version: number | null
  faults: readonly MappingFault[]
  /** Field by field, what the mapping does; empty when it does not compile. */
  explanation: readonly Explanation[]
}

export interface TestReport {
  folder: string
  ok: boolean
  faults: readonly MappingFault[]
  examples: readonly ExampleReport[]
}

interface ExampleReport {
  /** Name of the example: `ordinary`. */
  name: string
  ok: boolean
  /** What became of the order. */
  kind: 'draft' | 'ignored' | 'faulty' | 'undecodable'
  /** JSON Pointers at which the outcome and the golden file differ; `''` when there is no golden file. */
  differences: readonly string[]
}

/** Compiles a mapping file. Errors: those of reading the file. */
export async function checkMappingFile(path: string): Promise<CheckReport> {
  const outcome = compileMapping(await readFile(path, 'utf8'))
  if (!outcome.ok) {
    return { file: path, ok: false, businessType: null, version: null, faults: outcome.faults, explanation: [] }
  }
  const { businessType, version } = outcome.mapping
  return { file: path, ok: true, businessType, version, faults: [], explanation: outcome.mapping.explain() }
}

/** Runs a definition's examples and compares them with their golden files. Errors: those of reading the files. */
export async function testDefinition(folder: string): Promise<TestReport> {
  const outcome = compileMapping(await readFile(join(folder, 'mapping.yaml'), 'utf8'))
  if (!outcome.ok) return { folder, ok: false, faults: outcome.faults, examples: [] }
  const names = await listExamples(folder)
  const examples = await Promise.all(names.map((name) => testExample(folder, name, outcome.mapping)))
  return { folder, ok: examples.length > 0 && examples.every(({ ok }) => ok), faults: [], examples }
}

/** Writes the golden files of a definition anew and names those that changed; the diff is the review. */
export async function rewriteGoldens(folder: string, mapping: CompiledMapping): Promise<string[]> {
  const changed: string[] = []
  for (const name of await listExamples(folder)) {
    const file = join(folder, 'examples', `${name}${GOLDEN_SUFFIX}`)
    const golden = `${toGoldenText(JSON.parse(JSON.stringify(await runExample(folder, name, mapping))), '', 0)}\n`
    if ((await readGolden(file)) === golden) continue
    await writeFile(file, golden)
    changed.push(file)
  }
  return changed
}

async function testExample(folder: string, name: string, mapping: CompiledMapping): Promise<ExampleReport> {
  const outcome = await runExample(folder, name, mapping)
  const golden = await readGolden(join(folder, 'examples', `${name}${GOLDEN_SUFFIX}`))
  // The outcome as JSON holds decimals as texts, like the golden file.
  const actual: unknown = JSON.parse(JSON.stringify(outcome))
  const differences = golden === null ? [''] : listDifferences(actual, JSON.parse(golden), '')
  return { name, ok: differences.length === 0, kind: outcome.kind, differences }
}

type ExampleOutcome = ReturnType<CompiledMapping['map']> | { kind: 'undecodable'; faults: readonly Fault[] }

async function runExample(folder: string, name: string, mapping: CompiledMapping): Promise<ExampleOutcome> {
  const decoded = decodeOrder(await readFile(join(folder, 'examples', `${name}${ORDER_SUFFIX}`)))
  if (decoded.kind === 'fault') return { kind: 'undecodable', faults: [decoded.fault] }
  return mapping.map(decoded.value)
}

/**
 * JSON as the house's formatter writes it, so that a golden file is the same whoever wrote it last: objects over
 * several lines, a list of texts on one line where it fits.
 */
function toGoldenText(value: unknown, indent: string, startColumn: number): string {
  if (!isCollection(value)) return JSON.stringify(value)
  const inner = `${indent}  `
  if (Array.isArray(value)) {
    const inline = `[${value.map((item) => JSON.stringify(item)).join(', ')}]`
    const isInline = !value.some(isCollection) && startColumn + inline.length < LINE_LENGTH_MAX
    if (isInline || value.length === 0) return inline
    return `[\n${value.map((item) => `${inner}${toGoldenText(item, inner, inner.length)}`).join(',\n')}\n${indent}]`
  }
  const members = Object.entries(value).map(([key, member]) => {
    const start = `${inner}${JSON.stringify(key)}: `
    return start + toGoldenText(member, inner, start.length)
  })
  return members.length === 0 ? '{}' : `{\n${members.join(',\n')}\n${indent}}`
}

async function listExamples(folder: string): Promise<string[]> {
  const files = await readdir(join(folder, 'examples'))
  return files
    .filter((file) => file.endsWith(ORDER_SUFFIX))
    .map((file) => file.slice(0, -ORDER_SUFFIX.length))
    .sort()
}

async function readGolden(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}

/** JSON Pointers at which two JSON values differ; only the deepest. */
function listDifferences(actual: unknown, golden: unknown, path: string): string[] {
  if (!isCollection(actual) || !isCollection(golden) || Array.isArray(actual) !== Array.isArray(golden)) {
    return Object.is(actual, golden) ? [] : [path]
  }
  const left = new Map(Object.entries(actual))
  const right = new Map(Object.entries(golden))
  return [...new Set([...left.keys(), ...right.keys()])].flatMap((key) => {
    return listDifferences(left.get(key), right.get(key), `${path}/${pointerToken(key)}`)
  })
}

function isCollection(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
