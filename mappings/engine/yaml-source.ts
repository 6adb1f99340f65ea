/**
 * mapping.yaml as a plain value plus the place of every part of it, so that each fault names line and column.
 *
 * Scalars come as text, boolean or null. A number is the text that was written: a constant such as a tax code of 19
 * digits or the rate 0.13 must not pass through a JavaScript number.
 */
import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  Scalar,
} from 'yaml'
import { pointerToken } from '../../connector/kernel/fault.js'
import { type MappingFault, makeMappingFault, type Position } from './faults.js'

/** Characters of a mapping: one of 200 fields with comments has some 30 KB. */
const TEXT_LENGTH_MAX = 256 * 1024
/** Collections inside each other; the deepest place of a mapping is some ten levels down. */
const DEPTH_MAX = 40

export interface YamlSource {
  value: unknown
  /** Where a value stands; the nearest known ancestor for a path that is not in the document. */
  positionOf(path: string): Position
  /** Where the character at `offset` of a scalar's text stands. */
  positionIn(path: string, offset: number): Position
}

export type YamlOutcome = { ok: true; source: YamlSource } | { ok: false; faults: MappingFault[] }

const START: Position = { line: 1, column: 1 }

export function parseYaml(text: string, lengthMax = TEXT_LENGTH_MAX): YamlOutcome {
  if (text.length > lengthMax) {
    return refuse('MAP-size', START, `文本超过 ${lengthMax} 个字符`, `the text has more than ${lengthMax} characters`)
  }
  try {
    return parseText(text)
  } catch (error) {
    // The library composes nested collections by recursion: only a text of brackets exhausts the stack.
    if (error instanceof RangeError) return refuse('MAP-yaml', START, '嵌套过深', 'nested too deeply')
    throw error
  }
}

function parseText(text: string): YamlOutcome {
  const lines = new LineCounter()
  const document = parseDocument(text, {
    lineCounter: lines,
    version: '1.2',
    logLevel: 'silent',
    uniqueKeys: true,
    prettyErrors: false,
  })
  const toPosition = (offset: number): Position => {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(line, 1), column: Math.max(col, 1) }
  }
  const problems = [...document.errors, ...document.warnings]
  if (problems.length > 0) {
    return { ok: false, faults: problems.map((problem) => toSyntaxFault(problem.message, toPosition(problem.pos[0]))) }
  }
  return readDocument(document, text, toPosition)
}

type ToPosition = (offset: number) => Position

function readDocument(document: Document, text: string, toPosition: ToPosition): YamlOutcome {
  const reading: Reading = { nodes: new Map(), faults: [], toPosition }
  const value = toPlain(document.contents, '', 0, reading)
  if (reading.faults.length > 0) return { ok: false, faults: reading.faults }
  const startOf = (path: string): number => {
    let known = path
    while (known !== '' && !reading.nodes.has(known)) known = known.slice(0, known.lastIndexOf('/'))
    return reading.nodes.get(known)?.range?.[0] ?? 0
  }
  const source: YamlSource = {
    value,
    positionOf: (path) => toPosition(startOf(path)),
    positionIn: (path, offset) => toPosition(locate(reading.nodes.get(path), offset, text) ?? startOf(path)),
  }
  return { ok: true, source }
}

interface Reading {
  nodes: Map<string, Node>
  faults: MappingFault[]
  toPosition: ToPosition
}

function toPlain(node: unknown, path: string, depth: number, reading: Reading): unknown {
  if (isMap(node)) {
    reading.nodes.set(path, node)
    if (depth >= DEPTH_MAX) return refuseNode(reading, node, path, '嵌套过深', 'nested too deeply')
    return Object.fromEntries(node.items.map((pair) => toPlainMember(pair, path, depth, reading)))
  }
  if (isSeq(node)) {
    reading.nodes.set(path, node)
    if (depth >= DEPTH_MAX) return refuseNode(reading, node, path, '嵌套过深', 'nested too deeply')
    return node.items.map((item, index) => toPlain(item, `${path}/${index}`, depth + 1, reading))
  }
  if (isScalar(node)) {
    reading.nodes.set(path, node)
    return toPlainScalar(node, path, reading)
  }
  if (isAlias(node)) refuseNode(reading, node, path, '不支持锚点与别名', 'anchors and aliases are not supported')
  return null
}

function toPlainMember({ key, value }: Pair, path: string, depth: number, reading: Reading): [string, unknown] {
  if (!isScalar(key)) {
    if (isNode(key)) refuseNode(reading, key, path, '键必须是文本', 'a key must be a plain text')
    return ['', null]
  }
  const name = key.source ?? String(key.value)
  const memberPath = `${path}/${pointerToken(name)}`
  const plain = toPlain(value, memberPath, depth + 1, reading)
  // A fault of a whole block is best seen at its key.
  if (!isScalar(value)) reading.nodes.set(memberPath, key)
  return [name, plain]
}

function toPlainScalar(node: Scalar, path: string, reading: Reading): string | boolean | null {
  const { value } = node
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return value
  if (typeof value === 'number' && node.source !== undefined) return node.source
  return refuseNode(reading, node, path, '不支持的 YAML 值', 'this kind of YAML value is not supported')
}

function refuseNode(reading: Reading, node: Node, path: string, message: string, messageEn: string): null {
  const position = reading.toPosition(node.range?.[0] ?? 0)
  reading.faults.push(makeMappingFault('MAP-yaml', { path, position }, message, messageEn))
  return null
}

/**
 * The source offset of a character of a scalar's text. Exact for plain and quoted scalars on one line and for literal
 * blocks (`|`), which are how expressions are written; null for folded texts and escapes, whose start is near enough.
 */
function locate(node: Node | undefined, offset: number, text: string): number | null {
  if (!isScalar(node) || typeof node.value !== 'string' || !node.range) return null
  const [start, end] = node.range
  if (node.type === Scalar.BLOCK_LITERAL) return locateInBlock(node.value, offset, text, start)
  const opening = node.type === Scalar.PLAIN ? 0 : 1
  const written = text.slice(start + opening, end - opening)
  return written === node.value ? start + opening + offset : null
}

function locateInBlock(value: string, offset: number, text: string, start: number): number {
  const before = value.slice(0, offset)
  const lineCount = before.split('\n').length - 1
  let lineStart = text.indexOf('\n', start) + 1
  for (let line = 0; line < lineCount; line += 1) lineStart = text.indexOf('\n', lineStart) + 1
  const lineText = value.split('\n')[lineCount] ?? ''
  const lineEnd = text.indexOf('\n', lineStart)
  const written = text.slice(lineStart, lineEnd < 0 ? text.length : lineEnd)
  const indent = Math.max(written.length - lineText.length, 0)
  return lineStart + indent + (offset - (before.lastIndexOf('\n') + 1))
}

function refuse(code: string, position: Position, message: string, messageEn: string): YamlOutcome {
  return { ok: false, faults: [makeMappingFault(code, { path: '', position }, message, messageEn)] }
}

function toSyntaxFault(problem: string, position: Position): MappingFault {
  return makeMappingFault('MAP-yaml', { path: '', position }, `YAML 语法错误：${problem}`, `YAML: ${problem}`)
}
