/**
 * What `/metrics` tells: what the process counted, and what the database says, asked at most every few seconds however
 * often the page is read. Without a database the page tells what the process knows, and that the database is away.
 */
import type { StoreFigures } from '../../adapters/postgres/metrics.js'
import { makeMetricRegistry } from '../../adapters/system/metrics.js'
import type { HealthReport, HealthSource } from '../../openapi/health.js'
import type { HttpRequestReport, MetricsSource } from '../../openapi/metrics.js'
import type { CallReport } from '../issuing/bureau.js'
import type { Clock, Instant, Timers } from '../kernel/time.js'
import { chinaYear, taxPeriodOf } from '../kernel/time.js'
import { LOAD_MS_MAX, within } from './health.js'
import { METRICS, type MetricName } from './metric-catalogue.js'

/** Scrapers of one process share what was asked for within this time. */
const FRESH_MS = 5_000
const SECOND_MS = 1_000

/** The report that ends each step; its `waitedMs` says how long the step took. */
const STEP_OF: Readonly<Record<string, string>> = {
  'batch.reserved': 'received_to_reserved',
  'batch.uploaded': 'reserved_to_accepted',
  'batch.polled': 'accepted_to_settled',
  'results.published': 'settled_to_published',
}

export interface Metrics extends MetricsSource {
  countCall(call: CallReport): void
  /** Told of whatever the engine writes down; what is no figure is passed over. */
  countEvent(event: string, fields: Readonly<Record<string, unknown>>): void
  /** Messages taken in, by what they became. */
  countDispositions(counts: Readonly<Record<string, number>>): void
}

export interface MetricsDeps {
  health: () => HealthSource
  /** Units: year and period of the running month in China. */
  loadFigures: (now: { year: number; period: string }) => Promise<StoreFigures>
  inFlightCount: () => number
  version: string
  clock: Clock
  timers: Timers
  onError: (error: unknown) => void
}

export function makeMetrics(deps: MetricsDeps): Metrics {
  const { clock, timers } = deps
  const registry = makeMetricRegistry<MetricName>(METRICS)
  registry.set('leqi_build_info', 1, { version: deps.version, node_version: process.version })
  registry.count('leqi_results_published_total', 0)
  let loading: Promise<StoreFigures> | null = null
  let asked: { atMs: number; done: Promise<void> } | null = null

  async function refresh(): Promise<void> {
    const [report, figures] = await Promise.all([deps.health().read(), askFigures()])
    const now = clock.now()
    tellProcess(registry, report)
    tellStored(registry, report, now)
    tellFigures(registry, figures)
  }

  /** A silent database is not asked again while it owes an answer. */
  function loadOnce(): Promise<StoreFigures> {
    const now = clock.now()
    loading ??= deps.loadFigures({ year: chinaYear(now), period: taxPeriodOf(now) }).finally(() => {
      loading = null
    })
    return loading
  }

  async function askFigures(): Promise<StoreFigures | null> {
    try {
      return await within(LOAD_MS_MAX, loadOnce(), timers)
    } catch (error) {
      deps.onError(error)
      return null
    }
  }

  function refreshOnce(): Promise<void> {
    const nowMs = timers.elapsedMs()
    if (asked === null || nowMs - asked.atMs >= FRESH_MS) asked = { atMs: nowMs, done: refresh() }
    return asked.done
  }

  return {
    async read() {
      await refreshOnce()
      registry.set('leqi_batches_in_flight', deps.inFlightCount())
      return registry.render()
    },
    countRequest({ route, method, status, durationMs }: HttpRequestReport) {
      const labels = { route, method, status: `${Math.trunc(status / 100)}xx` }
      registry.observe('leqi_http_request_duration_seconds', durationMs / SECOND_MS, labels)
    },
    countEvent: (event, fields) => countEvent(registry, event, fields),
    countDispositions(counts) {
      for (const [disposition, count] of Object.entries(counts)) {
        registry.count('leqi_messages_total', count, { disposition })
      }
    },
    countCall({ service, outcome, durationMs }) {
      registry.observe('leqi_bureau_call_duration_seconds', durationMs / SECOND_MS, { service, outcome })
    },
  }
}

type Registry = ReturnType<typeof makeMetricRegistry<MetricName>>

function countEvent(registry: Registry, event: string, fields: Readonly<Record<string, unknown>>): void {
  const step = STEP_OF[event]
  const { waitedMs } = fields
  if (step !== undefined && typeof waitedMs === 'number') {
    registry.observe('leqi_step_duration_seconds', waitedMs / SECOND_MS, { step })
  }
  if (event === 'batch.polled') {
    registry.count('leqi_invoices_total', numberIn(fields.issuedCount), { verdict: 'issued' })
    registry.count('leqi_invoices_total', numberIn(fields.refusedCount), { verdict: 'refused' })
  }
  if (event === 'results.published') registry.count('leqi_results_published_total', numberIn(fields.confirmedCount))
  if (event === 'callback.attempted') registry.count('leqi_callback_attempts_total', 1, { state: String(fields.state) })
  if (event === 'incident.noted') registry.count('leqi_incidents_total', 1, { kind: String(fields.kind) })
  if (event === 'station.failed') registry.count('leqi_station_failures_total', 1, { station: String(fields.station) })
}

function numberIn(value: unknown): number {
  return typeof value === 'number' ? value : 0
}

function tellProcess(registry: Registry, { phase, dependencies, stops, clockFaults }: HealthReport): void {
  const isUp = (name: string) => (dependencies[name]?.isUp === true ? 1 : 0)
  const areAllUp = Object.values(dependencies).every((dependency) => dependency.isUp)
  registry.set('leqi_ready', phase === 'running' && areAllUp ? 1 : 0)
  registry.set('leqi_database_up', isUp('database'))
  registry.set('leqi_broker_up', isUp('orders in'), { direction: 'in' })
  registry.set('leqi_broker_up', isUp('results out'), { direction: 'out' })
  registry.set('leqi_intake_up', isUp('intake'))
  registry.set('leqi_clock_faults', clockFaults.length)
  const broken = stops.filter(({ cause }) => cause === 'bureau_unreachable')
  registry.set('leqi_bureau_breakers_open', new Set(broken.map(({ directUnit }) => directUnit)).size)
  registry.forget('leqi_bureau_stops')
  for (const [cause, count] of countBy(stops, (stop) => stop.cause)) registry.set('leqi_bureau_stops', count, { cause })
}

function tellStored(registry: Registry, { parked, results, callbacks }: HealthReport, now: Instant): void {
  const ageSeconds = (since: string | null) => (since === null ? 0 : Math.max(0, now - Date.parse(since)) / SECOND_MS)
  registry.forget('leqi_parked')
  for (const { entity, cause, count } of parked ?? []) registry.set('leqi_parked', count, { entity, cause })
  tell(registry, {
    leqi_results_pending: results?.pendingCount,
    leqi_results_unroutable: results?.unroutableCount,
    leqi_results_oldest_seconds: results === null ? null : ageSeconds(results.oldestPendingAt),
    leqi_callbacks_pending: callbacks?.pendingCount,
    leqi_callbacks_exhausted: callbacks?.exhaustedCount,
    leqi_callbacks_oldest_seconds: callbacks === null ? null : ageSeconds(callbacks.oldestPendingAt),
    leqi_callback_endpoints_disabled: callbacks?.disabledEndpoints.length,
  })
}

function tellFigures(registry: Registry, figures: StoreFigures | null): void {
  registry.forget('leqi_needs_person')
  for (const { kind, count } of figures?.incidents ?? []) registry.set('leqi_needs_person', count, { kind })
  tell(registry, {
    leqi_units: figures?.unitCount,
    leqi_units_restore_held: figures?.heldUnitCount,
    leqi_numbers_free: figures?.numbers.freeCount,
    leqi_numbers_free_min: figures?.numbers.freeCountMin,
    leqi_units_numbers_short: figures?.numbers.shortUnitCount,
    leqi_quota_available_yuan: figures?.quota.availableYuan,
    leqi_quota_available_ratio_min: figures?.quota.availableShareMin,
    leqi_units_quota_short: figures?.quota.shortUnitCount,
    leqi_in_doubt_batches: figures?.doubts.count,
    leqi_in_doubt_oldest_seconds: figures === null ? null : (figures.doubts.oldestSeconds ?? 0),
    leqi_dead_letters: figures?.deadLetterCount,
    leqi_callback_breakers_open: figures?.openCallbackBreakerCount,
  })
}

/** What is not known is not told: an old figure would hide that the database is away. */
function tell(registry: Registry, values: Partial<Record<MetricName, number | null | undefined>>): void {
  // The keys of an object literal that its type bounds.
  for (const [name, value] of Object.entries(values) as [MetricName, number | null | undefined][]) {
    if (value === null || value === undefined) registry.forget(name)
    else registry.set(name, value)
  }
}

function countBy<T>(items: readonly T[], keyOf: (item: T) => string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const item of items) counts.set(keyOf(item), (counts.get(keyOf(item)) ?? 0) + 1)
  return counts
}
