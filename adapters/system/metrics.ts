/**
 * Figures in Prometheus' text format, by prom-client, on a registry of their own.
 *
 * Knows: the library. Must not know: what a figure means. A gauge that was forgotten, or never set, is not on the page:
 * nothing is told that is not known.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

export interface MetricDefinition {
  type: 'gauge' | 'counter' | 'histogram'
  help: string
  labels?: readonly string[]
  /** Upper bounds of a histogram. */
  buckets?: readonly number[]
}

type Labels = Readonly<Record<string, string>>

export interface MetricRegistry<Name extends string> {
  set(name: Name, value: number, labels?: Labels): void
  /** What a gauge said is not known any more. */
  forget(name: Name): void
  count(name: Name, by: number, labels?: Labels): void
  observe(name: Name, value: number, labels?: Labels): void
  render(): Promise<{ contentType: string; text: string }>
}

/** Registers what is defined, and the figures of the process; the latter are gathered from now on. */
export function makeMetricRegistry<Name extends string>(
  definitions: Readonly<Record<Name, MetricDefinition>>,
): MetricRegistry<Name> {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const gauges = new Map<string, Gauge>()
  const counters = new Map<string, Counter>()
  const histograms = new Map<string, Histogram>()
  for (const [name, { type, help, labels = [], buckets }] of Object.entries<MetricDefinition>(definitions)) {
    const options = { name, help, labelNames: [...labels], registers: [registry] }
    if (type === 'counter') counters.set(name, new Counter(options))
    if (type === 'histogram')
      histograms.set(name, new Histogram({ ...options, ...(buckets && { buckets: [...buckets] }) }))
    if (type === 'gauge') {
      const gauge = new Gauge(options)
      // A gauge without labels would begin with a 0 that nobody measured.
      if (labels.length === 0) gauge.remove()
      gauges.set(name, gauge)
    }
  }

  return {
    set: (name, value, labels = {}) => find(gauges, name).set({ ...labels }, value),
    forget(name) {
      const gauge = find(gauges, name)
      gauge.reset()
      if (definitions[name].labels === undefined) gauge.remove()
    },
    count: (name, by, labels = {}) => find(counters, name).inc({ ...labels }, by),
    observe: (name, value, labels = {}) => find(histograms, name).observe({ ...labels }, value),
    render: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  }
}

function find<T>(metrics: ReadonlyMap<string, T>, name: string): T {
  const metric = metrics.get(name)
  if (metric === undefined) throw new RangeError(`${name} is no metric of this type`)
  return metric
}
