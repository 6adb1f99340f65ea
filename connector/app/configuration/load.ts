/**
 * Loads a FILE: text → entries → checks → desired state. Three stages, each telling all it finds: the YAML itself, the
 * schema, then everything else (references, uniqueness, addresses, secrets, mappings).
 */
import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { StoredSettings } from '../../../adapters/postgres/settings/settings-store.js'
import { checkEntries, type OpenReference, refuseReference } from './check.js'
import type { Configuration } from './configuration.js'
import { type ConfigurationFinding, type Findings, makeFindings, type Place } from './findings.js'
import { readEntries } from './read-entries.js'
import { type ResolveDeps, resolveEntries } from './resolve.js'

export interface LoadDeps extends Omit<ResolveDeps, 'folder'> {
  /** `host:port` that may be called over plain http. */
  insecureHosts: readonly string[]
  /** `host:port` of internal callback targets. */
  callbackHosts: readonly string[]
}

export type LoadOutcome =
  | { ok: true; loaded: LoadedConfiguration; warnings: readonly ConfigurationFinding[] }
  | { ok: false; findings: Findings }

export interface LoadedConfiguration {
  configuration: Configuration
  /** References into sections that FILE leaves out: the database must answer. */
  openReferences: readonly OpenReference[]
  positionOf(path: string): Place
}

export async function loadConfiguration(path: string, deps: LoadDeps): Promise<LoadOutcome> {
  const text = await readText(path)
  if (text === null) return refuseFile(path)
  const read = readEntries(text)
  if (read.entries === null) return { ok: false, findings: read.findings }
  const findings = makeFindings(read.positionOf)
  const openReferences = checkEntries(read.entries, deps, findings)
  const configuration = await resolveEntries(read.entries, { ...deps, folder: dirname(path) }, findings)
  if (findings.faults.length > 0) return { ok: false, findings }
  return {
    ok: true,
    loaded: { configuration, openReferences, positionOf: read.positionOf },
    warnings: findings.warnings,
  }
}

/** The references that neither FILE nor the database can answer. */
export function checkOpenReferences(
  { openReferences, positionOf }: LoadedConfiguration,
  stored: Pick<StoredSettings, 'directUnits' | 'usingUnits'>,
): readonly ConfigurationFinding[] {
  const held = {
    directUnits: new Set<string>(stored.directUnits.map(({ leqiId }) => leqiId)),
    usingUnits: new Set<string>(stored.usingUnits.map(({ taxNo }) => taxNo)),
  }
  const findings = makeFindings(positionOf)
  for (const reference of openReferences) {
    if (!held[reference.to].has(reference.key)) refuseReference(reference, findings)
  }
  return findings.faults
}

async function readText(path: string): Promise<string | null> {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path))
  } catch {
    // Missing, a folder, no permission, not UTF-8: told as one finding about FILE.
    return null
  }
}

function refuseFile(path: string): LoadOutcome {
  const findings = makeFindings(() => ({ line: 1, column: 1 }))
  findings.refuse('', { code: 'CFG-file', zh: `文件 ${path} 不可读`, en: `the file ${path} cannot be read as UTF-8` })
  return { ok: false, findings }
}
