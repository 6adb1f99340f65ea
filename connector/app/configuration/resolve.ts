/** From checked entries to the desired state: reads secrets and mapping files, turns texts into money and decimals. */
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { amount } from '../../kernel/amount.js'
import { Decimal } from '../../kernel/decimal.js'
import { sha256 } from '../../kernel/digest.js'
import type { TaxpayerId } from '../../kernel/ids.js'
import { Secret } from '../../kernel/secret.js'
import type { Environment } from '../config.js'
import { BUREAU_ADDRESSES } from './api-address.js'
import type { Configuration, DesiredBusinessType, DesiredDirectUnit } from './configuration.js'
import type { FindingsCollector } from './findings.js'
import type { BusinessTypeEntry, ConfigurationEntries, DirectUnitEntry, IssuingEntry } from './schema.js'

const API_KEY = /^[0-9a-fA-F]{32}$/
/** Source: Standard Webhooks 1.0.0, 24 to 64 bytes, written `whsec_` and base64; reliability asks for 32 at least. */
const CALLBACK_SECRET_BYTES_MIN = 32
const CALLBACK_SECRET_BYTES_MAX = 64
const CALLBACK_SECRET = /^whsec_([A-Za-z0-9+/]+={0,2})$/
const SECRET_LENGTH_MAX = 1_000

/** One thing wrong in a mapping's text. */
interface MappingProblem {
  line: number
  column: number
  code: string
  message: string
  messageEn: string
}

/** Checks a mapping without running it: all problems, and which business type it was written for. */
type CompileMapping = (text: string) => { businessType: string | null; problems: readonly MappingProblem[] }

export interface ResolveDeps {
  /** Folder that the paths of FILE are relative to. */
  folder: string
  env: Environment
  compileMapping: CompileMapping
}

/** What cannot be resolved is refused through `findings`; the result is only good when nothing was. */
export async function resolveEntries(
  entries: ConfigurationEntries,
  deps: ResolveDeps,
  findings: FindingsCollector,
): Promise<Configuration> {
  const { directUnits, usingUnits, issuing, businessTypes, products, buyers } = entries
  return {
    ...(directUnits && {
      directUnits: await mapInTurn(directUnits, (unit, index) =>
        resolveDirectUnit(unit, `/directUnits/${index}`, deps, findings),
      ),
    }),
    ...(usingUnits && { usingUnits: usingUnits.map((unit) => ({ ...unit, taxNo: toTaxpayerId(unit.taxNo) })) }),
    ...(issuing && { issuing: issuing.map(toIssuing) }),
    ...(businessTypes && {
      businessTypes: await mapInTurn(businessTypes, (type, index) =>
        resolveBusinessType(type, `/businessTypes/${index}`, deps, findings),
      ),
    }),
    ...(products && {
      products: products.map((product) => ({
        ...product,
        seller: toTaxpayerId(product.seller),
        taxRate: Decimal.of(product.taxRate),
      })),
    }),
    ...(buyers && { buyers: buyers.map((buyer) => ({ ...buyer, seller: toTaxpayerId(buyer.seller) })) }),
  }
}

async function resolveDirectUnit(
  entry: DirectUnitEntry,
  path: string,
  deps: ResolveDeps,
  findings: FindingsCollector,
): Promise<DesiredDirectUnit> {
  const { apiKey, apiKeyFromEnv, apiKeyFromFile, ...settings } = entry
  const source = { inline: apiKey, variable: apiKeyFromEnv, file: apiKeyFromFile }
  const place = { path: `${path}/${apiKeyFromEnv !== null ? 'apiKeyFromEnv' : 'apiKeyFromFile'}` }
  const text = await readSecret(source, place.path, deps, findings)
  if (text !== null && !API_KEY.test(text)) {
    findings.refuse(apiKey === null ? place.path : `${path}/apiKey`, {
      code: 'CFG-secret',
      zh: '密钥须为 32 位十六进制',
      en: 'the key must have 32 hex characters',
    })
  }
  return {
    settings: {
      ...settings,
      taxNo: toTaxpayerId(settings.taxNo),
      apiUrl: settings.apiUrl ?? BUREAU_ADDRESSES[settings.environment],
    },
    apiKey: text === null ? null : new Secret(text.toLowerCase()),
  }
}

async function resolveBusinessType(
  entry: BusinessTypeEntry,
  path: string,
  deps: ResolveDeps,
  findings: FindingsCollector,
): Promise<DesiredBusinessType> {
  const { mapping, callbackSecretFromEnv, ...settings } = entry
  const secretPath = `${path}/callbackSecretFromEnv`
  const source = { inline: null, variable: callbackSecretFromEnv, file: null }
  const secret = await readSecret(source, secretPath, deps, findings)
  if (secret !== null && !isCallbackSecret(secret)) {
    const limits = [CALLBACK_SECRET_BYTES_MIN, CALLBACK_SECRET_BYTES_MAX]
    findings.refuse(secretPath, {
      code: 'CFG-secret',
      zh: `密钥须为 whsec_ 加 ${limits.join(' 到 ')} 字节的 base64`,
      en: `the secret must be whsec_ and ${limits.join(' to ')} bytes in base64`,
    })
  }
  const text = await readMapping(entry, `${path}/mapping`, deps, findings)
  return {
    settings: { ...settings, seller: toTaxpayerId(settings.seller) },
    callbackSecret: secret === null ? null : new Secret(secret),
    mapping: { text, sha256: sha256(text) },
  }
}

function isCallbackSecret(text: string): boolean {
  const [, base64 = ''] = CALLBACK_SECRET.exec(text) ?? []
  const bytes = Buffer.from(base64, 'base64')
  // Base64 that is cut off or padded wrongly decodes as well, to something else than was meant.
  const isWhole = bytes.toString('base64') === base64
  return isWhole && bytes.length >= CALLBACK_SECRET_BYTES_MIN && bytes.length <= CALLBACK_SECRET_BYTES_MAX
}

async function readSecret(
  source: { inline: string | null; variable: string | null; file: string | null },
  path: string,
  deps: ResolveDeps,
  findings: FindingsCollector,
): Promise<string | null> {
  if (source.variable !== null) {
    const text = deps.env[source.variable]?.trim()
    if (text) return text
    findings.refuse(path, {
      code: 'CFG-secret',
      zh: `环境变量 ${source.variable} 未设置`,
      en: `the environment variable ${source.variable} is not set`,
    })
    return null
  }
  if (source.file === null) return source.inline
  const text = (await tryRead(resolve(deps.folder, source.file)))?.trim()
  if (text && text.length <= SECRET_LENGTH_MAX) return text
  findings.refuse(path, { code: 'CFG-secret', zh: '密钥文件不可读或为空', en: 'the key file is empty or unreadable' })
  return null
}

async function readMapping(
  entry: BusinessTypeEntry,
  path: string,
  deps: ResolveDeps,
  findings: FindingsCollector,
): Promise<string> {
  const text = await tryRead(resolve(deps.folder, entry.mapping))
  if (text === null) {
    findings.refuse(path, {
      code: 'CFG-mapping',
      zh: `映射文件 ${entry.mapping} 不可读`,
      en: `the mapping file ${entry.mapping} cannot be read`,
    })
    return ''
  }
  const { businessType, problems } = deps.compileMapping(text)
  for (const { line, column, code, message, messageEn } of problems) {
    const place = `${entry.mapping}:${line}:${column} ${code}`
    findings.refuse(path, { code: 'CFG-mapping', zh: `${place} ${message}`, en: `${place} ${messageEn}` })
  }
  if (businessType !== null && businessType !== entry.code) {
    findings.warn(path, {
      code: 'CFG-mapping',
      zh: `该映射是为业务类型 ${businessType} 编写的`,
      en: `this mapping was written for business type ${businessType}`,
    })
  }
  return text
}

async function tryRead(path: string): Promise<string | null> {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path))
  } catch {
    // Missing, a folder, no permission, not UTF-8: for the writer of FILE they are one thing, said by the caller.
    return null
  }
}

function toIssuing(entry: IssuingEntry) {
  return {
    ...entry,
    taxNo: toTaxpayerId(entry.taxNo),
    quotaDownloadAmount: amount(entry.quotaDownloadAmount),
    maxNetPerInvoice: entry.maxNetPerInvoice === null ? null : amount(entry.maxNetPerInvoice),
  }
}

function toTaxpayerId(taxNo: string): TaxpayerId {
  // The schema's pattern has proven the form.
  return taxNo as TaxpayerId
}

/** One after the other, so that findings come in the order of FILE. */
async function mapInTurn<E, R>(list: readonly E[], work: (entry: E, index: number) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  for (const [index, entry] of list.entries()) results.push(await work(entry, index))
  return results
}
