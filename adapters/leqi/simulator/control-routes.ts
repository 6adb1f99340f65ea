/** `/_control/…`: the control door over HTTP, JSON in and out. Open to whoever reaches the port: never expose it. */
import type { Static, TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import type { Environment } from './bureau.js'
import { ControlFault, type SimulatorControl } from './control.js'
import {
  CLASSIFICATION_INPUT,
  CLOCK_INPUT,
  FAULTS_INPUT,
  NEXT_FAULT_INPUT,
  PERIOD_INPUT,
  QUOTA_INPUT,
  RATES_INPUT,
  SETTINGS_INPUT,
  TAXPAYER_INPUT,
  UNIT_INPUT,
  VERDICT_INPUT,
} from './control-input.js'

interface ControlRequest {
  method: string
  /** Below `/_control/`, decoded, without empty parts. */
  path: readonly string[]
  query: URLSearchParams
  body: string
}

interface ControlResponse {
  status: number
  body: unknown
}

interface Route {
  method: 'GET' | 'PUT' | 'PATCH' | 'POST'
  /** `:` matches any one part. */
  path: string
  run(request: ControlRequest, parameter: string): unknown
}

export type ControlRoutes = (request: ControlRequest) => ControlResponse

export function makeControlRoutes(control: SimulatorControl): ControlRoutes {
  const routes: readonly Route[] = [
    { method: 'GET', path: 'health', run: () => ({ status: 'up' }) },
    { method: 'GET', path: 'state', run: () => control.state() },
    { method: 'GET', path: 'counters', run: () => control.counters() },
    { method: 'GET', path: 'book', run: (request) => control.book(environmentOf(request)) },
    { method: 'GET', path: 'invoices/:', run: (request, number) => control.invoice(number, environmentOf(request)) },
    { method: 'PUT', path: 'clock', run: accept(CLOCK_INPUT, control.setClock) },
    { method: 'PUT', path: 'faults', run: accept(FAULTS_INPUT, control.setFaults) },
    { method: 'POST', path: 'faults/next', run: accept(NEXT_FAULT_INPUT, control.faultNext) },
    { method: 'PATCH', path: 'settings', run: accept(SETTINGS_INPUT, control.setSettings) },
    { method: 'POST', path: 'verdicts', run: accept(VERDICT_INPUT, control.forceVerdict) },
    { method: 'PATCH', path: 'taxpayers/:', run: acceptFor(TAXPAYER_INPUT, control.setTaxpayer) },
    { method: 'PATCH', path: 'taxpayers/:/quota', run: acceptFor(QUOTA_INPUT, control.setQuota) },
    { method: 'PUT', path: 'taxpayers/:/period', run: acceptFor(PERIOD_INPUT, control.setPeriod) },
    {
      method: 'POST',
      path: 'taxpayers/:/void-segments',
      run: (request, taxNo) => control.voidSegments(taxNo, environmentOf(request)),
    },
    { method: 'PATCH', path: 'units/:', run: acceptFor(UNIT_INPUT, control.setUnit) },
    { method: 'PATCH', path: 'classifications/:', run: acceptFor(CLASSIFICATION_INPUT, control.setClassification) },
    { method: 'PUT', path: 'rates', run: accept(RATES_INPUT, control.setRates) },
    { method: 'POST', path: 'reset', run: () => control.reset() },
  ]

  return (request) => {
    const atPath = routes.flatMap((route) => {
      const parameter = match(route.path, request.path)
      return parameter === null ? [] : [{ route, parameter }]
    })
    const found = atPath.find(({ route }) => route.method === request.method)
    if (found === undefined) return { status: atPath.length > 0 ? 405 : 404, body: { error: 'no such control' } }
    try {
      const answer = found.route.run(request, found.parameter)
      return answer === null ? { status: 404, body: { error: 'not held' } } : { status: 200, body: answer ?? {} }
    } catch (error) {
      if (error instanceof ControlFault || error instanceof RangeError) {
        return { status: 422, body: { error: error.message } }
      }
      throw error
    }
  }
}

/** The part that `:` stands for, empty when there is none; null when the path does not match. */
function match(pattern: string, path: readonly string[]): string | null {
  const parts = pattern.split('/')
  if (parts.length !== path.length) return null
  let parameter = ''
  for (const [index, part] of parts.entries()) {
    const given = path[index] ?? ''
    if (part === ':') parameter = given
    else if (part !== given) return null
  }
  return parameter
}

function accept<T extends TSchema>(schema: T, run: (input: Static<T>) => unknown): Route['run'] {
  const read = makeReader(schema)
  return (request) => run(read(request.body))
}

function acceptFor<T extends TSchema>(
  schema: T,
  run: (name: string, input: Static<T>, environment: Environment) => unknown,
): Route['run'] {
  const read = makeReader(schema)
  return (request, name) => run(name, read(request.body), environmentOf(request))
}

/** Errors: ControlFault for broken JSON or a body that does not fit. */
function makeReader<T extends TSchema>(schema: T): (body: string) => Static<T> {
  const compiled = Compile(schema)
  return (body) => {
    const value = parseJson(body)
    if (compiled.Check(value)) return value
    throw new ControlFault(
      compiled
        .Errors(value)
        .map((each) => `${each.instancePath || '/'} ${each.message}`)
        .join('; '),
    )
  }
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    throw new ControlFault('the body is no JSON')
  }
}

function environmentOf({ query }: ControlRequest): Environment {
  return query.get('environment') === 'sandbox' ? 'sandbox' : 'production'
}
