/**
 * The door before the desks: address, content type, ids, capability, service, grants, rate, sandbox marks, decryption.
 *
 * Order of the checks and their codes: Leqi protocol 2.2, 2.7. Must not know what a service does.
 */
import type { IncomingHttpHeaders } from 'node:http'
import { BASE_CAPABILITY, HEADERS } from '../wire.js'
import type { Counters } from './counters.js'
import { countUp } from './counters.js'
import { readField } from './desks/visit.js'
import type { RateLimit } from './rate-limit.js'
import type { DirectUnit, Registry, Taxpayer, UsingUnit } from './registry.js'
import type { Settings } from './settings.js'
import { decryptSm4 } from './sm4.js'

export interface Call {
  environment: 'production' | 'sandbox'
  /** As they stand in the path. */
  capability: string
  service: string
  headers: IncomingHttpHeaders
  remoteIp: string
  body: string
}

export interface Admission {
  direct: DirectUnit
  using: UsingUnit
  taxpayer: Taxpayer
  key: Buffer
  plain: Buffer
  request: unknown
}

type GateAnswer =
  | { kind: 'admitted'; admission: Admission }
  | { kind: 'platform'; code: string }
  /** Too many calls; the text names the limit. */
  | { kind: 'busy'; message: string }

export interface Gate {
  admit(call: Call): GateAnswer
}

export interface GateDependencies {
  registry: Registry
  settings: Settings
  rateLimit: RateLimit
  counters: Counters
  /** Service codes that exist in the base capability. */
  services: ReadonlySet<string>
}

export function makeGate({ registry, settings, rateLimit, counters, services }: GateDependencies): Gate {
  function findDirectUnit(id: string): DirectUnit | null {
    const known = registry.directUnits.get(id)
    if (known !== undefined) return known
    return settings.autoRegister && id !== '' ? registry.registerDirectUnit(id) : null
  }

  function findUsingUnit(direct: DirectUnit, id: string): UsingUnit | '4033' | '4055' {
    const known = direct.usingUnits.get(id)
    if (known !== undefined) return known
    if (settings.autoRegister && id !== '') return registry.registerUsingUnit(direct, id)
    const isElsewhere = [...registry.directUnits.values()].some((each) => each.usingUnits.has(id))
    return isElsewhere ? '4033' : '4055'
  }

  function admit(call: Call): GateAnswer {
    const { headers } = call
    const direct = findDirectUnit(header(headers, HEADERS.directUnit))
    if (direct === null) return platform('4054')
    if (direct.allowedIps.length > 0 && !direct.allowedIps.includes(call.remoteIp)) return platform('4067')
    if (!header(headers, 'content-type').toLowerCase().startsWith('application/json')) return platform('4057')
    const using = findUsingUnit(direct, header(headers, HEADERS.usingUnit))
    if (typeof using === 'string') return platform(using)
    const code = findCapabilityFault(call, direct, using, services)
    if (code !== null) return platform(code)
    const limits = { perSecond: settings.ratePerSecond, penaltyMs: settings.ratePenaltyMs }
    if (!rateLimit.admit(`${direct.leqiId}/${call.capability}`, limits)) {
      counters.rateRefusalCount += 1
      return { kind: 'busy', message: `当前访问请求较多，请5分钟后重试，将访问并发控制在${limits.perSecond}以内` }
    }
    countUp(counters.calls, call.service)
    return open(call, direct, using)
  }

  function open(call: Call, direct: DirectUnit, using: UsingUnit): GateAnswer {
    const key = direct.keys[call.environment]
    const plain = key === null ? null : decryptSm4(call.body, key)
    const request = plain === null ? undefined : parseJson(plain)
    // A wrong key passes the padding check once in 256 and then shows as broken JSON.
    if (key === null || plain === null || request === undefined) return platform('4057')
    if (using.taxNo === null) using.taxNo = firstTaxNo(request)
    const taxpayer = registry.registerTaxpayer(using.taxNo ?? '')
    return { kind: 'admitted', admission: { direct, using, taxpayer, key, plain, request } }
  }

  return { admit }
}

function findCapabilityFault(
  { environment, capability, service, headers }: Call,
  direct: DirectUnit,
  using: UsingUnit,
  services: ReadonlySet<string>,
): string | null {
  if (direct.isDisqualified) return '40322'
  if (using.isDisqualified) return '40321'
  const isSubscribed = direct.capabilities === null || direct.capabilities.has(capability)
  if (!isSubscribed || header(headers, HEADERS.capability) !== capability) return '4049'
  const isKnownService = capability === BASE_CAPABILITY && services.has(service)
  if (!isKnownService || header(headers, HEADERS.service) !== service) return '4061'
  if (using.capabilities !== null && !using.capabilities.has(capability)) return '4032'
  if (environment === 'production') return null
  // A free sandbox call carries the flag, a subscription test the use case; never both, never neither.
  const isFlagged = header(headers, HEADERS.sandboxFlag) === '1'
  const isUseCase = header(headers, HEADERS.useCase) !== ''
  return isFlagged === isUseCase ? '4047' : null
}

function platform(code: string): GateAnswer {
  return { kind: 'platform', code }
}

function header(headers: IncomingHttpHeaders, name: string): string {
  const value = headers[name.toLowerCase()]
  return typeof value === 'string' ? value : ''
}

function parseJson(plain: Buffer): unknown {
  try {
    return JSON.parse(plain.toString('utf8'))
  } catch {
    // Not JSON: told to the caller as undefined, which JSON itself cannot yield.
    return undefined
  }
}

/** The tax number that an auto-registered unit's first request speaks of. */
function firstTaxNo(request: unknown): string | null {
  const first: unknown = Array.isArray(request) ? request[0] : request
  return readField(first, 'nsrsbh') || readField(first, 'xsfnsrsbh') || null
}
