/**
 * What the schema cannot say about a FILE: uniqueness, references, addresses, byte lengths, rules between fields.
 * Pure; every finding is collected.
 */
import { judgeTarget } from '../../../adapters/http-callback/target.js'
import { isTaxNumber, judgeTaxNumber } from '../../taxpayer/tax-number.js'
import { BUREAU_ADDRESSES, judgeApiAddress } from './api-address.js'
import type { FindingsCollector } from './findings.js'
import type { BusinessTypeEntry, ConfigurationEntries, DirectUnitEntry, SectionName } from './schema.js'

/** 基础版, without which nothing can be issued. */
const BASE_CAPABILITY = '202007'
/** 归集能力: mandatory at the bureau's, not called by this version. */
const COLLECTION_CAPABILITY = '203067'
/** Bytes in UTF-8. Source: product manual 5.6.2. */
const TYPE_NAME_BYTES_MAX = 50
const TYPE_DESCRIPTION_BYTES_MAX = 60

/** A reference to a unit that FILE itself does not hold, because it leaves the whole section out. */
export interface OpenReference {
  path: string
  to: 'directUnits' | 'usingUnits'
  key: string
}

/** `host:port` that the operator named: simulators of the bureau, internal receivers of callbacks. */
export interface NamedHosts {
  insecureHosts: readonly string[]
  callbackHosts: readonly string[]
}

/** Returns the references that only the database can answer. */
export function checkEntries(
  entries: ConfigurationEntries,
  hosts: NamedHosts,
  findings: FindingsCollector,
): OpenReference[] {
  for (const [index, unit] of (entries.directUnits ?? []).entries()) {
    checkDirectUnit(unit, `/directUnits/${index}`, hosts.insecureHosts, findings)
  }
  for (const [index, type] of (entries.businessTypes ?? []).entries()) {
    checkBusinessType(type, `/businessTypes/${index}`, hosts, findings)
  }
  checkTaxNumbers(entries, findings)
  checkUniqueness(entries, findings)
  checkCompleteness(entries, findings)
  return checkReferences(entries, findings)
}

function checkDirectUnit(
  unit: DirectUnitEntry,
  path: string,
  insecureHosts: readonly string[],
  { refuse, warn }: FindingsCollector,
): void {
  if (!unit.capabilities.includes(BASE_CAPABILITY)) {
    refuse(`${path}/capabilities`, {
      code: 'CFG-capability',
      zh: `缺少基础能力 ${BASE_CAPABILITY}`,
      en: `the base capability ${BASE_CAPABILITY} is missing`,
    })
  }
  if (!unit.capabilities.includes(COLLECTION_CAPABILITY)) {
    warn(`${path}/capabilities`, {
      code: 'CFG-capability',
      zh: `缺少归集能力 ${COLLECTION_CAPABILITY}`,
      en: `the collection capability ${COLLECTION_CAPABILITY} is missing`,
    })
  }
  const refusal = judgeApiAddress(unit.apiUrl ?? BUREAU_ADDRESSES[unit.environment], unit.environment, insecureHosts)
  if (refusal !== null) refuse(`${path}/apiUrl`, { code: 'CFG-address', ...refusal })
  if (unit.poll.firstMs > unit.poll.maxMs) {
    refuse(`${path}/poll`, {
      code: 'CFG-form',
      zh: 'firstMs 不得大于 maxMs',
      en: 'firstMs must not be greater than maxMs',
    })
  }
  if ([unit.apiKey, unit.apiKeyFromEnv, unit.apiKeyFromFile].filter((source) => source !== null).length > 1) {
    refuse(path, {
      code: 'CFG-secret',
      zh: 'apiKey、apiKeyFromEnv、apiKeyFromFile 只能给出一个',
      en: 'give only one of apiKey, apiKeyFromEnv, apiKeyFromFile',
    })
  }
}

function checkBusinessType(
  type: BusinessTypeEntry,
  path: string,
  hosts: NamedHosts,
  { refuse, warn }: FindingsCollector,
): void {
  const bytes = [
    ['name', type.name, TYPE_NAME_BYTES_MAX],
    ['description', type.description, TYPE_DESCRIPTION_BYTES_MAX],
  ] as const
  for (const [field, value, max] of bytes) {
    const size = Buffer.byteLength(value)
    if (size > max) {
      refuse(`${path}/${field}`, {
        code: 'CFG-form',
        zh: `有 ${size} 字节，至多 ${max} 字节（UTF-8）`,
        en: `has ${size} bytes, at most ${max} (UTF-8)`,
      })
    }
  }
  if (type.delivery === 'amqp') {
    if (type.callbackUrl === null && type.callbackSecretFromEnv === null) return
    warn(path, {
      code: 'CFG-delivery',
      zh: 'delivery 为 amqp，不会使用回调地址与密钥',
      en: 'delivery is amqp: the callback address and secret are not used',
    })
    return
  }
  if (type.callbackUrl === null || type.callbackSecretFromEnv === null) {
    refuse(path, {
      code: 'CFG-delivery',
      zh: `delivery 为 ${type.delivery}，须给出 callbackUrl 与 callbackSecretFromEnv`,
      en: `delivery ${type.delivery} needs callbackUrl and callbackSecretFromEnv`,
    })
  }
  const refusal = type.callbackUrl === null ? null : judgeTarget(type.callbackUrl, hosts.callbackHosts)
  if (refusal !== null) refuse(`${path}/callbackUrl`, { code: 'CFG-address', ...refusal })
}

function checkTaxNumbers(entries: ConfigurationEntries, { refuse, warn }: FindingsCollector): void {
  const judge = (path: string, taxNo: string) => {
    const judgement = judgeTaxNumber(taxNo)
    if (judgement === 'right' || judgement === 'unknown') return
    warn(path, {
      code: 'CFG-tax-number',
      zh: '税号校验位不符，请核对',
      en: 'the check digit of the tax number is wrong, please compare',
    })
  }
  for (const [index, { taxNo }] of (entries.directUnits ?? []).entries()) judge(`/directUnits/${index}/taxNo`, taxNo)
  for (const [index, { taxNo }] of (entries.usingUnits ?? []).entries()) judge(`/usingUnits/${index}/taxNo`, taxNo)
  for (const [index, { taxNo, isPerson }] of (entries.buyers ?? []).entries()) {
    if (taxNo === null || isPerson) continue
    const path = `/buyers/${index}/taxNo`
    if (isTaxNumber(taxNo)) judge(path, taxNo)
    else
      refuse(path, {
        code: 'CFG-form',
        zh: '税号须为 15–20 位数字或大写字母',
        en: 'must have 15–20 digits or capitals',
      })
  }
}

function checkUniqueness(entries: ConfigurationEntries, findings: FindingsCollector): void {
  refuseRepeated('directUnits', entries.directUnits, ({ leqiId }) => leqiId, 'leqiId', findings)
  refuseRepeated('usingUnits', entries.usingUnits, ({ taxNo }) => taxNo, 'taxNo', findings)
  refuseRepeated('issuing', entries.issuing, ({ taxNo }) => taxNo, 'taxNo', findings)
  refuseRepeated('businessTypes', entries.businessTypes, ({ code }) => code, 'code', findings)
  refuseRepeated('businessTypes', entries.businessTypes, ({ seller, name }) => `${seller} ${name}`, 'name', findings)
  refuseRepeated('products', entries.products, ({ seller, code }) => `${seller} ${code}`, 'code', findings)
  refuseRepeated('buyers', entries.buyers, ({ seller, code }) => `${seller} ${code}`, 'code', findings)
}

function refuseRepeated<E>(
  section: SectionName,
  list: readonly E[] | undefined,
  keyOf: (entry: E) => string,
  field: string,
  { refuse }: FindingsCollector,
): void {
  const firsts = new Map<string, number>()
  for (const [index, entry] of (list ?? []).entries()) {
    const key = keyOf(entry)
    const first = firsts.get(key)
    if (first === undefined) firsts.set(key, index)
    else {
      refuse(`/${section}/${index}/${field}`, {
        code: 'CFG-duplicate',
        zh: `${field} 与 /${section}/${first} 重复`,
        en: `${field} repeats that of /${section}/${first}`,
      })
    }
  }
}

/** A unit without issuing settings is stored and cannot issue. */
function checkCompleteness({ usingUnits, issuing }: ConfigurationEntries, { warn }: FindingsCollector): void {
  if (issuing === undefined) return
  const configured = new Set(issuing.map(({ taxNo }) => taxNo))
  for (const [index, { taxNo }] of (usingUnits ?? []).entries()) {
    if (configured.has(taxNo)) continue
    warn(`/usingUnits/${index}`, {
      code: 'CFG-incomplete',
      zh: `使用单位 ${taxNo} 没有开票业务配置（issuing），不能开票`,
      en: `using unit ${taxNo} has no issuing settings and cannot issue`,
    })
  }
}

function checkReferences(entries: ConfigurationEntries, findings: FindingsCollector): OpenReference[] {
  const sellers = (['businessTypes', 'products', 'buyers'] as const).flatMap((section) =>
    (entries[section] ?? []).map(({ seller }, index) => ({ path: `/${section}/${index}/seller`, key: seller })),
  )
  const issuers = (entries.issuing ?? []).map(({ taxNo }, index) => ({ path: `/issuing/${index}/taxNo`, key: taxNo }))
  const owners = (entries.usingUnits ?? []).map(({ directUnit }, index) => ({
    path: `/usingUnits/${index}/directUnit`,
    key: directUnit,
  }))
  const references: OpenReference[] = [
    ...owners.map((reference) => ({ ...reference, to: 'directUnits' as const })),
    ...[...issuers, ...sellers].map((reference) => ({ ...reference, to: 'usingUnits' as const })),
  ]
  const held = {
    directUnits: entries.directUnits && new Set(entries.directUnits.map(({ leqiId }) => leqiId)),
    usingUnits: entries.usingUnits && new Set(entries.usingUnits.map(({ taxNo }) => taxNo)),
  }
  const open: OpenReference[] = []
  for (const reference of references) {
    const keys = held[reference.to]
    if (keys === undefined) open.push(reference)
    else if (!keys.has(reference.key)) refuseReference(reference, findings)
  }
  return open
}

export function refuseReference({ path, to, key }: OpenReference, { refuse }: FindingsCollector): void {
  refuse(path, { code: 'CFG-reference', zh: `${to} 中没有 ${key}`, en: `there is no ${key} in ${to}` })
}
