/**
 * `/metrics` for scrapers, outside the base like the probes. It holds no tenant's data, so anybody who reaches the port may
 * read it, unless the operator asks for a token (ADR 0022).
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyInstance } from 'fastify'
import Type from 'typebox'
import { Refusal } from '../connector/kernel/refusal.js'
import type { Secret } from '../connector/kernel/secret.js'
import { tokenOf } from './access.js'
import { Problem } from './problem.js'

/** Stands for whatever no route answers, so that a scanner's paths make no labels. */
const NO_ROUTE = 'none'
const METHODS: readonly string[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

export interface HttpRequestReport {
  /** The pattern of the route, never the path that was asked for. */
  route: string
  method: string
  status: number
  durationMs: number
}

/** Fulfilled by the composition; it should not reject for a broken dependency. */
export interface MetricsSource {
  read(): Promise<{ contentType: string; text: string }>
  countRequest(report: HttpRequestReport): void
}

export interface MetricsOptions {
  metrics: MetricsSource
  /** null: none is asked for. */
  metricsToken: Secret | null
}

export const metricsRoutes: FastifyPluginAsyncTypebox<MetricsOptions> = async (app, { metrics, metricsToken }) => {
  app.get(
    '/metrics',
    {
      schema: {
        operationId: 'getMetrics',
        tags: ['health'],
        summary: 'Figures for Prometheus, in its text format',
        response: { 200: Type.String(), 401: Problem },
      },
      onRequest: async (request) => {
        if (metricsToken !== null) requireToken(tokenOf(request), metricsToken)
      },
    },
    async (_request, reply) => {
      const { contentType, text } = await metrics.read()
      return reply.type(contentType).send(text)
    },
  )
}

/** Counts every request when its answer has gone out. */
export function countRequests(app: FastifyInstance, metrics: MetricsSource): void {
  app.addHook('onResponse', async ({ method, routeOptions }, { statusCode, elapsedTime }) => {
    metrics.countRequest({
      route: routeOptions.url ?? NO_ROUTE,
      method: METHODS.includes(method) ? method : 'other',
      status: statusCode,
      durationMs: elapsedTime,
    })
  })
}

function requireToken(given: string, wanted: Secret): void {
  if (timingSafeEqual(hash(given), hash(wanted.reveal()))) return
  throw new Refusal('unauthenticated', {
    code: 'ACC-metrics-token',
    message: '读取指标的令牌不正确（LEQI_METRICS_TOKEN）',
    messageEn: 'this is not the token for metrics (LEQI_METRICS_TOKEN)',
  })
}

function hash(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
