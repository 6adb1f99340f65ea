/** Settings of a chaos run: four sellers of two direct units, numbers and quota short now and then, quick polls. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { addChain, addSeller, makeSettings, plainMapping, SELLERS } from '../../connector/testing/pipeline-settings.js'
import { LINE_COUNT_MAX } from './orders.js'

const SELLING = ['sales', 'property', 'assets', 'chain'] as const
const POLL = { firstMs: 100, maxMs: 2_000 }
/** A claim lasts a seller for some minutes of the run, a download for some of its orders. */
const SUPPLY = { numberWarningCount: 60, numberClaimCount: 200, quotaDownloadAmount: '50000.00' }

export const BUSINESS_TYPES = SELLING.map((seller) => `chaos-${seller}`)

/** Writes the settings and their mappings into `folder`; returns the path of the settings. */
export function writeWorld(folder: string, bureauUrl: string): string {
  const settings = makeSettings(bureauUrl)
  addChain(settings)
  for (const seller of SELLING) if (seller !== 'sales') addSeller(settings, SELLERS[seller])
  for (const unit of settings.directUnits) unit.poll = POLL
  for (const unit of settings.issuing) Object.assign(unit, SUPPLY, { maxLinesPerInvoice: LINE_COUNT_MAX })
  settings.products = []
  settings.businessTypes = SELLING.map((seller) => {
    const code = `chaos-${seller}`
    writeFileSync(join(folder, `${code}.yaml`), plainMapping(code))
    return { code, name: `业务 ${seller}`, seller: SELLERS[seller].taxNo, mapping: `${code}.yaml` }
  })
  const path = join(folder, 'settings.yaml')
  writeFileSync(path, stringify(settings, { aliasDuplicateObjects: false }))
  return path
}
