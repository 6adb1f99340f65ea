/** The dashboard and the alert rules ask for metrics that exist, and no metric of ours is on no dashboard. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parse } from 'yaml'
import { makeMetricRegistry } from '../../adapters/system/metrics.js'
import { METRICS } from './metric-catalogue.js'

interface Panel {
  title: string
  type: string
  targets?: readonly { expr: string; datasource: { uid: string } }[]
}

interface Dashboard {
  templating: { list: readonly { name: string; type: string }[] }
  panels: readonly Panel[]
}

interface Rules {
  groups: readonly { rules: readonly { alert: string; expr: string; annotations: { summary: string } }[] }[]
}

const dashboard: Dashboard = JSON.parse(readFileSync('docs/operations/grafana-dashboard.json', 'utf8'))
const rules: Rules = parse(readFileSync('docs/operations/alerts.yaml', 'utf8'))

const targets = dashboard.panels.flatMap((panel) => panel.targets ?? [])
const alerts = rules.groups.flatMap((group) => group.rules)

/** Names as a query writes them: a histogram is asked for by its series. */
async function exportedNames(): Promise<ReadonlySet<string>> {
  const { text } = await makeMetricRegistry(METRICS).render()
  const types = [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)]
  return new Set(
    types.flatMap(([, name = '', type]) =>
      type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
    ),
  )
}

function namesIn(expr: string): string[] {
  return expr.match(/\b(leqi|process|nodejs)_\w+/g) ?? []
}

test('every metric that the dashboard or an alert asks for is on the page', async () => {
  const exported = await exportedNames()
  const asked = [...targets, ...alerts].flatMap(({ expr }) => namesIn(expr))

  assert.ok(asked.length > 40)
  assert.deepEqual(
    asked.filter((name) => !exported.has(name)),
    [],
  )
})

test('every metric of ours is on the dashboard', () => {
  const shown = new Set(
    targets.flatMap(({ expr }) => namesIn(expr)).map((name) => name.replace(/_(bucket|sum|count)$/, '')),
  )

  assert.deepEqual(
    Object.keys(METRICS).filter((name) => !shown.has(name)),
    [],
  )
})

test('the dashboard may be imported anywhere: its source is a variable, and its titles are Chinese', () => {
  assert.ok(dashboard.templating.list.some(({ name, type }) => name === 'datasource' && type === 'datasource'))
  for (const { datasource } of targets) assert.equal(datasource.uid, `\${datasource}`)
  for (const { title } of dashboard.panels) assert.match(title, /\p{Script=Han}/u)
})

test('every alert has a name of its own, a query and a Chinese summary', () => {
  assert.ok(alerts.length >= 10)
  assert.equal(new Set(alerts.map(({ alert }) => alert)).size, alerts.length)
  for (const { alert, expr, annotations } of alerts) {
    assert.ok(namesIn(expr).length > 0, alert)
    assert.match(annotations.summary, /\p{Script=Han}/u, alert)
  }
})

test('names and labels are as Prometheus wants them, and no label can hold what a tenant wrote', () => {
  const labels = new Set<string>()
  for (const [name, metric] of Object.entries(METRICS)) {
    assert.match(name, /^leqi_[a-z_]+$/)
    assert.equal(name.endsWith('_total'), metric.type === 'counter', name)
    if (metric.type === 'histogram') assert.match(name, /_seconds$/)
    for (const label of 'labels' in metric ? metric.labels : []) labels.add(label)
  }
  assert.deepEqual([...labels].sort(), [
    ...['cause', 'direction', 'disposition', 'entity', 'kind', 'method', 'node_version', 'outcome', 'route'],
    ...['service', 'state', 'station', 'status', 'step', 'verdict', 'version'],
  ])
})
