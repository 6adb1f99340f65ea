/** `audit [--json]`: checks every promise in one snapshot; exits 1 on a violation. */
import { runAudit } from '../../../adapters/postgres/audit/audit.js'
import { makePool } from '../../../adapters/postgres/pool.js'
import { utcRfc3339 } from '../../kernel/time.js'
import { loadConfig } from '../config.js'
import type { ExitCode, VerbContext } from './verbs.js'

export async function audit(context: VerbContext, options: { json: boolean }): Promise<ExitCode> {
  const config = loadConfig(context.source, ['databaseUrl'])
  const pool = makePool({
    url: config.databaseUrl.reveal(),
    schema: config.databaseSchema,
    applicationName: 'leqi-connector audit',
    connectionCountMax: 1,
    onError: (error) => context.complain(error.message),
  })
  try {
    const report = await runAudit(pool, config.databaseSchema)
    if (options.json) context.print(JSON.stringify({ ...report, at: utcRfc3339(report.at) }, null, 2))
    else for (const line of describeReport(report)) context.print(line)
    return report.ok ? 0 : 1
  } finally {
    await pool.end()
  }
}

function describeReport({ ok, at, counts, violations }: Awaited<ReturnType<typeof runAudit>>): string[] {
  return [
    ...Object.entries(counts).map(([name, count]) => `${name.padEnd(20)} ${count}`),
    ...violations.flatMap(({ invariant, what, count, examples }) => [
      `${invariant} violated ${count} times: ${what}`,
      ...examples.map((example) => `    ${example}`),
    ]),
    `${utcRfc3339(at)} ${ok ? '审计通过 / audit clean' : `${violations.length} 项违反 / ${violations.length} promises violated`}`,
  ]
}
