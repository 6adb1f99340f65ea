/** Loads a settings file for a verb: prints its findings, and refuses it when one of them is a fault. */
import { resolve } from 'node:path'
import type { StoredSettings } from '../../../adapters/postgres/settings/settings-store.js'
import { compileMapping } from '../../../mappings/engine/compile.js'
import type { Config } from '../config.js'
import type { ConfigurationFinding } from '../configuration/findings.js'
import { checkOpenReferences, type LoadedConfiguration, loadConfiguration } from '../configuration/load.js'
import { printFinding, sortFindings } from './print-plan.js'
import { type VerbContext, VerbRefused } from './verbs.js'

export interface SettingsFile {
  configuration: LoadedConfiguration['configuration']
  /** Judges what only the database can answer. Errors: VerbRefused. */
  judge(stored: StoredSettings): void
}

/** Errors: VerbRefused (exit 1) when the file is wrong. */
export async function loadSettingsFile(file: string, config: Config, context: VerbContext): Promise<SettingsFile> {
  const refuse = (faults: readonly ConfigurationFinding[]): never => {
    for (const fault of sortFindings(faults)) context.complain(printFinding(file, fault, 'error'))
    throw new VerbRefused(
      1,
      `${file} 有 ${faults.length} 处错误，未做任何更改`,
      `${file} has ${faults.length} faults; nothing was changed`,
    )
  }
  const outcome = await loadConfiguration(resolve(file), {
    env: context.source.env,
    insecureHosts: config.insecureHosts,
    callbackHosts: config.callbackHosts,
    compileMapping: (text) => {
      const compiled = compileMapping(text)
      return compiled.ok
        ? { businessType: compiled.mapping.businessType, problems: [] }
        : { businessType: null, problems: compiled.faults }
    },
  })
  if (!outcome.ok) return refuse(outcome.findings.faults)
  for (const warning of sortFindings(outcome.warnings)) context.complain(printFinding(file, warning, 'warning'))
  const { loaded } = outcome
  return {
    configuration: loaded.configuration,
    judge: (stored) => {
      const faults = checkOpenReferences(loaded, stored)
      if (faults.length > 0) refuse(faults)
    },
  }
}
