/**
 * The HTTP interface: fastify with typebox schemas. One route file per subject, errors as problem details.
 *
 * Knows: HTTP, limits, headers. Must not know: SQL, adapters, how a use case decides.
 * Invariants: every response has a schema, so that a field nobody named cannot leave; an unknown error tells nothing
 * but its request id.
 */
import { type TypeBoxTypeProvider, TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox'
import {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifySchemaCompiler,
  fastify,
} from 'fastify'
import type { TSchema } from 'typebox'
import Value from 'typebox/value'
import { authenticate, type SignInDeps } from '../connector/access/sign-in.js'
import { Refusal } from '../connector/kernel/refusal.js'
import { API_BASE, guardRoutes } from './access.js'
import { type HealthSource, healthRoutes } from './health.js'
import { countRequests, type MetricsOptions, metricsRoutes } from './metrics.js'
import { makeProblem, PROBLEM_TYPE, type Problem, problemOf, problemOfSchema } from './problem.js'
import { authRoutes } from './routes/auth.js'
import { type OrganizationRoutesDeps, organizationRoutes } from './routes/organizations.js'
import { type OwnPasswordRoutesDeps, ownPasswordRoutes } from './routes/own-password.js'
import { type RoleRoutesDeps, roleRoutes } from './routes/roles.js'
import { type UserRoutesDeps, userRoutes } from './routes/users.js'

const BODY_BYTES_MAX = 1024 * 1024
const HEADER_BYTES_MAX = 16 * 1024
/** Longest time a client may take to send a request. */
const REQUEST_TIMEOUT_MS = 10_000
/** An idle connection is kept this long; a little above the usual 60 s of load balancers. */
const KEEP_ALIVE_TIMEOUT_MS = 65_000
/** Longest wait of `stop` for requests under way, before their connections are cut. */
const STOP_TIMEOUT_MS = 5_000

const SECOND_MS = 1_000

const SECURITY_HEADERS = {
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
} as const

export interface HttpDeps extends MetricsOptions {
  health: HealthSource
  signIn: SignInDeps
  api: ApiDeps
  /** An error that no route expected. */
  onError: (error: unknown, requestId: string) => void
}

/** What the routes of the administration work with, by resource. */
export type ApiDeps = OrganizationRoutesDeps & OwnPasswordRoutesDeps & RoleRoutesDeps & UserRoutesDeps

export interface HttpServer {
  start(): Promise<void>
  stop(): Promise<void>
  /** `http://…`, once started. */
  address(): string | null
}

/** The application without a port: what `inject` tests. */
export async function buildHttp(deps: HttpDeps): Promise<FastifyInstance> {
  const app = fastify({
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    connectionTimeout: 0,
    http: { maxHeaderSize: HEADER_BYTES_MAX },
    forceCloseConnections: 'idle',
    logger: false,
    trustProxy: false,
    // A request id that a client chose would let it write into our log.
    requestIdHeader: false,
    genReqId: () => crypto.randomUUID(),
    frameworkErrors: (error, request, reply) => sendProblem(reply, makeProblem(error.statusCode ?? 400, request.id)),
  }).withTypeProvider<TypeBoxTypeProvider>()
  app.setValidatorCompiler(compileValidator)
  app.addHook('onRequest', async (_request, reply) => {
    reply.headers(SECURITY_HEADERS)
  })
  app.setNotFoundHandler((request, reply) => sendProblem(reply, makeProblem(404, request.id)))
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    if (error instanceof Refusal) {
      if (error.retryAfterMs !== null) reply.header('retry-after', Math.ceil(error.retryAfterMs / SECOND_MS))
      if (error.kind === 'unauthenticated') reply.header('www-authenticate', 'Bearer')
      return sendProblem(reply, problemOf(error, request.id))
    }
    if (error.validation !== undefined) {
      return sendProblem(reply, problemOfSchema(error.validationContext ?? 'body', error.validation, request.id))
    }
    const status = statusOf(error)
    if (status >= 500) deps.onError(error, request.id)
    return sendProblem(reply, makeProblem(status, request.id))
  })
  countRequests(app, deps.metrics)
  guardRoutes(app, (token) => authenticate(deps.signIn, token))
  await app.register(healthRoutes, deps)
  await app.register(metricsRoutes, deps)
  await app.register(authRoutes, { ...deps, prefix: API_BASE })
  await app.register(organizationRoutes, { ...deps.api, prefix: API_BASE })
  await app.register(ownPasswordRoutes, { ...deps.api, prefix: API_BASE })
  await app.register(roleRoutes, { ...deps.api, prefix: API_BASE })
  await app.register(userRoutes, { ...deps.api, prefix: API_BASE })
  return app
}

export function makeHttpServer(options: HttpDeps & { host: string; port: number }): HttpServer {
  let app: FastifyInstance | null = null
  let address: string | null = null
  return {
    async start() {
      app = await buildHttp(options)
      address = await app.listen({ host: options.host, port: options.port })
    },
    async stop() {
      const closing = app
      app = null
      address = null
      if (closing === null) return
      const timer = setTimeout(() => closing.server.closeAllConnections(), STOP_TIMEOUT_MS)
      await closing.close()
      clearTimeout(timer)
    },
    address: () => address,
  }
}

/** Texts of a query become what its schema says, and what is absent becomes its default; a body stays as it was sent. */
const compileValidator: FastifySchemaCompiler<TSchema> = (route) => {
  const validate = TypeBoxValidatorCompiler(route)
  if (route.httpPart !== 'querystring') return validate
  return (query) => validate(Value.Default(route.schema, query))
}

function statusOf(error: unknown): number {
  const status = typeof error === 'object' && error !== null && 'statusCode' in error ? error.statusCode : null
  return typeof status === 'number' && status >= 400 && status <= 599 ? status : 500
}

function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  return reply.headers(SECURITY_HEADERS).code(problem.status).type(PROBLEM_TYPE).send(problem)
}
