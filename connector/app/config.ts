/**
 * The environment, read once into one frozen Config. The only file that touches `process.env`.
 *
 * All problems are reported together, each naming its variable and never its value: values are secrets until proven
 * otherwise. An empty variable counts as not set. Unknown names with our prefix are refused, because a mistyped name
 * would silently leave a default in force.
 */
import { readFileSync } from 'node:fs'
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os'
import type { Static } from 'typebox'
import { Value } from 'typebox/value'
import { Secret } from '../kernel/secret.js'
import { type Bilingual, OWN_PREFIX, toMac, VARIABLES, type Variable } from './config-variables.js'
import { findNearestName } from './nearest-name.js'

/** Characters a secret or certificate file may have. */
const FILE_LENGTH_MAX = 256 * 1024

/** What a host without an external interface tells the bureau about itself. */
const DEVICE_WITHOUT_NETWORK = { ip: '127.0.0.1', mac: '00-00-00-00-00-00' }

type Table = typeof VARIABLES
type ValueOf<V extends Variable> =
  | (V extends { isSecret: true } ? Secret : Static<V['schema']>)
  | (V['fallback'] extends null ? null : never)
type Values = { readonly [K in keyof Table]: ValueOf<Table[K]> }

export type Config = Omit<Values, 'deviceIp' | 'deviceMac'> & { readonly deviceIp: string; readonly deviceMac: string }

/** What a verb may insist on. */
export type Requirable = 'databaseUrl' | 'amqpUrl' | 'masterKey'
export type ConfigWith<R extends Requirable> = Config & { readonly [K in R]: Secret }

export type Environment = Readonly<Record<string, string | undefined>>

export interface ConfigSource {
  env: Environment
  /** Throws when the file cannot be read. */
  readTextFile(path: string): string
  listInterfaces(): Record<string, NetworkInterfaceInfo[] | undefined>
}

export interface ConfigProblem {
  variable: string
  message: string
  messageEn: string
}

export class ConfigError extends Error {
  override name = 'ConfigError'
  readonly problems: readonly ConfigProblem[]

  constructor(problems: readonly ConfigProblem[]) {
    super(problems.map(({ variable, messageEn }) => `${variable}: ${messageEn}`).join('; '))
    this.problems = problems
  }
}

/** The real environment, files and network interfaces of this process. */
export function readHost(): ConfigSource {
  return {
    env: { ...process.env },
    readTextFile: (path) => readFileSync(path, 'utf8'),
    listInterfaces: networkInterfaces,
  }
}

/**
 * Reads, judges and freezes the configuration.
 * Errors: ConfigError with every problem found, also those that concern a variable this verb does not require.
 */
export function loadConfig<const R extends Requirable = never>(
  source: ConfigSource,
  requires: readonly R[] = [],
): ConfigWith<R> {
  const problems: ConfigProblem[] = [...findUnknownNames(source.env), ...findTlsOffSwitch(source.env)]
  const values: Record<string, unknown> = {}
  for (const [key, variable] of Object.entries<Variable>(VARIABLES)) {
    const outcome = readVariable(source, variable)
    if ('problem' in outcome) problems.push(outcome.problem)
    else values[key] = outcome.value
  }
  if (typeof values.caPem === 'string') {
    const outcome = readCertificate(source, values.caPem)
    if ('problem' in outcome) problems.push(outcome.problem)
    else values.caPem = outcome.value
  }
  for (const key of requires) {
    if (values[key] === null) problems.push(problemOf(VARIABLES[key].name, { zh: '必须设置', en: 'must be set' }))
  }
  if (problems.length > 0) throw new ConfigError(problems)
  const device = findDevice(source.listInterfaces())
  values.deviceIp ??= device.ip
  values.deviceMac ??= device.mac
  // Every key of the table was filled by `readVariable`, which checked it against the schema the type is made of.
  return Object.freeze(values) as ConfigWith<R>
}

/** One row of the README's table. */
export interface ConfigRow {
  name: string
  /** Where the value may be read from a file instead, or null. */
  fileName: string | null
  fallback: Bilingual
  meaning: Bilingual
}

export function describeConfig(): readonly ConfigRow[] {
  return Object.values<Variable>(VARIABLES).map(({ name, isSecret, fallback, fallbackMeaning, meaning }) => {
    const value = fallback === null || String(fallback) === '' ? '–' : String(fallback)
    return {
      name,
      fileName: isSecret ? `${name}_FILE` : null,
      fallback: fallbackMeaning ?? { zh: value, en: value },
      meaning,
    }
  })
}

type Outcome = { value: unknown } | { problem: ConfigProblem }
type Given = { text: string | null } | { problem: ConfigProblem }

function readVariable(source: ConfigSource, variable: Variable): Outcome {
  const given = readText(source, variable)
  if ('problem' in given) return given
  if (given.text === null) return { value: variable.fallback }
  const value = variable.read === undefined ? given.text : variable.read(given.text)
  if (!Value.Check(variable.schema, value)) return { problem: problemOf(variable.name, variable.expected) }
  const refusal = variable.refuse?.(given.text) ?? null
  if (refusal !== null) return { problem: problemOf(variable.name, refusal) }
  return { value: variable.isSecret ? new Secret(given.text) : Array.isArray(value) ? Object.freeze(value) : value }
}

function readText({ env, readTextFile }: ConfigSource, { name, isSecret }: Variable): Given {
  const text = env[name] || null
  const fileVariable = `${name}_FILE`
  const path = isSecret ? env[fileVariable] || null : null
  if (path === null) return { text }
  if (text !== null) {
    return {
      problem: problemOf(name, {
        zh: `与 ${fileVariable} 同时设置，只能设其一`,
        en: `is set together with ${fileVariable}: set one of them`,
      }),
    }
  }
  const content = tryRead(readTextFile, path)
  return content === null || content.trim() === ''
    ? { problem: problemOf(fileVariable, { zh: '文件不可读或为空', en: 'names a file that is empty or unreadable' }) }
    : { text: content.trim() }
}

function readCertificate({ readTextFile }: ConfigSource, path: string): Outcome {
  const content = tryRead(readTextFile, path)
  return content?.includes('-----BEGIN CERTIFICATE-----')
    ? { value: content }
    : { problem: problemOf(VARIABLES.caPem.name, VARIABLES.caPem.expected) }
}

function tryRead(readTextFile: ConfigSource['readTextFile'], path: string): string | null {
  try {
    const content = readTextFile(path)
    return content.length > FILE_LENGTH_MAX ? null : content
  } catch {
    // The reason would name the path, which may be as private as the value; the variable is named instead.
    return null
  }
}

function findUnknownNames(env: Environment): ConfigProblem[] {
  const known = describeConfig().flatMap(({ name, fileName }) => (fileName === null ? [name] : [name, fileName]))
  return Object.keys(env)
    .filter((name) => name.startsWith(OWN_PREFIX) && !known.includes(name))
    .sort()
    .map((name) => {
      const nearest = findNearestName(name, known)
      return problemOf(name, {
        zh: nearest === null ? '未知的变量' : `未知的变量，是否为 ${nearest}？`,
        en: nearest === null ? 'is not known' : `is not known; did you mean ${nearest}?`,
      })
    })
}

/** Node's global off-switch would reach the calls to the bureau as well. */
function findTlsOffSwitch(env: Environment): ConfigProblem[] {
  const name = 'NODE_TLS_REJECT_UNAUTHORIZED'
  return env[name] === '0'
    ? [problemOf(name, { zh: '不得关闭证书校验', en: 'must not switch certificate checks off; see LEQI_CA_FILE' })]
    : []
}

/** The first external interface with an IPv4 address, in the order the host lists them. */
function findDevice(interfaces: ReturnType<ConfigSource['listInterfaces']>): { ip: string; mac: string } {
  const external = Object.values(interfaces)
    .flatMap((addresses) => addresses ?? [])
    .find(({ internal, family }) => !internal && family === 'IPv4')
  return external === undefined ? DEVICE_WITHOUT_NETWORK : { ip: external.address, mac: toMac(external.mac) }
}

function problemOf(variable: string, { zh, en }: Bilingual): ConfigProblem {
  return { variable, message: zh, messageEn: en }
}
