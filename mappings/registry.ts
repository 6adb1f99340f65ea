/**
 * The shipped definitions: one folder per business type with mapping.yaml, NOTES.md and examples. This room's only
 * file besides `check.ts` that reads files; the engine gets texts.
 */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type CompiledMapping, compileMapping } from './engine/compile.js'
import type { MappingFault } from './engine/faults.js'

export interface Definition {
  folder: string
  /** The YAML as it is stored with the business type. */
  text: string
  mapping: CompiledMapping
}

/** A definition that does not compile; shipping one is our own mistake, so it stops the start. */
export class BrokenDefinition extends Error {
  override name = 'BrokenDefinition'
  readonly file: string
  readonly faults: readonly MappingFault[]

  constructor(file: string, faults: readonly MappingFault[]) {
    const [first] = faults
    const where = first === undefined ? '' : `:${first.line}:${first.column} ${first.code} ${first.messageEn}`
    super(`${file}${where}`)
    this.file = file
    this.faults = faults
  }
}

/**
 * Loads and compiles every definition of a folder, by business type.
 *
 * Errors  BrokenDefinition for the first that does not compile or whose business type is taken by another
 */
export async function loadDefinitions(folder: string): Promise<ReadonlyMap<string, Definition>> {
  const definitions = new Map<string, Definition>()
  for (const name of await listDefinitionFolders(folder)) {
    const definition = await loadDefinition(join(folder, name))
    const { businessType } = definition.mapping
    if (definitions.has(businessType)) throw new BrokenDefinition(`${name}: second mapping of ${businessType}`, [])
    definitions.set(businessType, definition)
  }
  return definitions
}

export async function loadDefinition(folder: string): Promise<Definition> {
  const file = join(folder, 'mapping.yaml')
  const text = await readFile(file, 'utf8')
  const outcome = compileMapping(text)
  if (!outcome.ok) throw new BrokenDefinition(file, outcome.faults)
  return { folder, text, mapping: outcome.mapping }
}

async function listDefinitionFolders(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  return entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort()
}
