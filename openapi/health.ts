/**
 * `/livez` and `/readyz`: is the process alive, may it be given work, and where to look when it burns.
 *
 * Liveness looks at the process alone, so that a broken database never restarts it. Readiness is off while starting
 * and draining and while a dependency is down; its body says since when and why, what is parked under which cause,
 * which results wait, and how each unit stands.
 */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import Type, { type Static } from 'typebox'
import { makeProblem, PROBLEM_TYPE, Problem } from './problem.js'

/** Longest wait for the source; probes give up after a few seconds themselves. */
const READ_TIMEOUT_MS = 2_000

const Instant = Type.String({ description: 'RFC 3339, UTC' })
const Money = Type.String({ description: 'yuan with two decimals' })
const OrNull = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()])

const DependencyHealth = Type.Object({
  isUp: Type.Boolean(),
  since: Instant,
  lastError: OrNull(Type.String({ description: 'why it is down, in the words of what refuses; null while it is up' })),
})

const ParkedCount = Type.Object({
  entity: Type.Enum(['inbox', 'order', 'invoice', 'batch']),
  cause: Type.String(),
  count: Type.Integer(),
  oldestAt: OrNull(Instant),
})

const ResultCounts = Type.Object({
  pendingCount: Type.Integer({ description: 'results not yet confirmed by the broker' }),
  unroutableCount: Type.Integer({ description: 'of these: no queue is bound that would take them' }),
  oldestPendingAt: OrNull(Instant),
})

const DisabledEndpoint = Type.Object({
  businessType: Type.String(),
  cause: Type.Enum(['gone', 'failing'], { description: 'gone: it answered 410; failing: nothing arrived for days' }),
  since: Instant,
})

const CallbackCounts = Type.Object({
  pendingCount: Type.Integer({ description: 'deliveries that are still tried' }),
  exhaustedCount: Type.Integer({ description: 'deliveries that were given up; a person may replay them' }),
  oldestPendingAt: OrNull(Instant),
  disabledEndpoints: Type.Array(DisabledEndpoint, { description: 'switched off; their deliveries wait' }),
})

const UnitRestore = Type.Object({
  state: Type.Enum(['reconciling', 'held'], {
    description: 'reconciling: the bureau is being asked, it goes on by itself; held: a person must decide',
  }),
  ground: Type.Enum(['other_server', 'other_timeline', 'other_schema', 'behind_high_water', 'operator']),
  since: Instant,
})

const UnitStanding = Type.Object({
  taxNo: Type.String(),
  name: Type.String(),
  isVerified: Type.Boolean(),
  freeNumberCount: Type.Integer(),
  numberWarningCount: Type.Integer(),
  quota: OrNull(Type.Object({ period: Type.String({ description: 'yyyy-MM' }), availableAmount: Money })),
  restored: OrNull(UnitRestore),
})

const BureauStop = Type.Object({
  directUnit: Type.String({ description: 'its Leqi id' }),
  taxNo: OrNull(Type.String({ description: 'the using unit that is held back; null: all of the direct unit' })),
  cause: Type.String({ description: 'what waits for it is parked under this cause' }),
  code: Type.String(),
  message: Type.String(),
  since: Instant,
  nextLookAt: Instant,
})

const ClockFault = Type.Object({
  directUnit: Type.String({ description: 'its Leqi id' }),
  skewMs: Type.Integer({ description: 'milliseconds that the clock of this process is ahead of the bureau’s' }),
  message: Type.String(),
})

const HealthReport = Type.Object({
  phase: Type.Enum(['starting', 'running', 'draining']),
  /** By name: database, order consumer, result publisher, … */
  dependencies: Type.Record(Type.String(), DependencyHealth),
  parked: OrNull(Type.Array(ParkedCount, { description: 'null: the database cannot be asked' })),
  results: OrNull(ResultCounts),
  callbacks: OrNull(CallbackCounts),
  units: OrNull(Type.Array(UnitStanding)),
  stops: Type.Array(BureauStop, { description: 'why nothing is sent to the bureau; empty: the way is open' }),
  clockFaults: Type.Array(ClockFault, { description: 'this process sends nothing while its clock is wrong' }),
})
export type HealthReport = Static<typeof HealthReport>

const Readiness = Type.Object({
  status: Type.Enum(['ready', 'not_ready']),
  ...HealthReport.properties,
})

/** Fulfilled by the composition. What cannot be found out is null; it should not reject for a broken dependency. */
export interface HealthSource {
  read(): Promise<HealthReport>
}

export interface HealthRoutesOptions {
  health: HealthSource
  /** The source itself failed. */
  onError: (error: unknown, requestId: string) => void
}

export const healthRoutes: FastifyPluginAsyncTypebox<HealthRoutesOptions> = async (app, { health, onError }) => {
  app.get(
    '/livez',
    {
      schema: {
        operationId: 'getLiveness',
        tags: ['health'],
        summary: 'Whether the process is alive',
        response: { 200: Type.Object({ status: Type.Enum(['alive']) }) },
      },
    },
    async () => ({ status: 'alive' as const }),
  )

  app.get(
    '/readyz',
    {
      schema: {
        operationId: 'getReadiness',
        tags: ['health'],
        summary: 'Whether it may be given work, and why not',
        response: { 200: Readiness, 503: Type.Union([Readiness, Problem]) },
      },
    },
    async (request, reply) => {
      let report: HealthReport
      try {
        report = await withTimeout(health.read(), READ_TIMEOUT_MS)
      } catch (error) {
        onError(error, request.id)
        return reply.code(503).type(PROBLEM_TYPE).send(makeProblem(503, request.id))
      }
      const isReady = report.phase === 'running' && Object.values(report.dependencies).every(({ isUp }) => isUp)
      const body = { status: isReady ? ('ready' as const) : ('not_ready' as const), ...report }
      return reply.code(isReady ? 200 : 503).send(body)
    },
  )
}

async function withTimeout<T>(work: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`the health source gave no answer within ${ms} ms`)), ms)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
