/**
 * Who may call which route. Every route of the API says in its `config` what it asks for; one that says nothing is a
 * mistake that ends the start, and what is not allowed is refused before its body is read.
 *
 * Knows: bearer tokens and the permission of a route. Must not know: how far a permission reaches into the data; that is
 * asked of the caller by whoever loads it.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type Caller, reachOf } from '../connector/access/caller.js'
import type { Permission } from '../connector/access/permissions.js'
import { Refusal } from '../connector/kernel/refusal.js'

export const API_BASE = '/api/v1'

/** `public`: anybody. `signed-in`: whoever has a valid token. Else exactly this permission, reaching at least something. */
type Access = 'public' | 'signed-in' | Permission

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access
  }
  interface FastifyRequest {
    caller: Caller | null
  }
}

/** Longer than any token of ours; what is longer is not hashed. */
const TOKEN_LENGTH_MAX = 200
const BEARER = /^Bearer ([\w~+/.-]+=*)$/i

/** Errors: at start, when a route of the API does not say what it asks for. */
export function guardRoutes(app: FastifyInstance, authenticate: (token: string) => Promise<Caller>): void {
  app.decorateRequest('caller', null)
  app.addHook('onRoute', ({ method, url, config }) => {
    if (url.startsWith(API_BASE) && config?.access === undefined) {
      throw new Error(`${String(method)} ${url} does not say who may call it`)
    }
  })
  app.addHook('onRequest', async (request) => {
    const { access } = request.routeOptions.config
    if (access === undefined || access === 'public') return
    const caller = await authenticate(tokenOf(request))
    if (access !== 'signed-in') requirePermission(caller, access)
    request.caller = caller
  })
}

/** Who called a route that is not public. */
export function callerOf({ caller, routeOptions }: FastifyRequest): Caller {
  if (caller === null) throw new Error(`${routeOptions.url} is public and has no caller`)
  return caller
}

function requirePermission(caller: Caller, permission: Permission): void {
  const reach = reachOf(caller, permission)
  if (reach === 'everything' || reach.size > 0) return
  throw new Refusal('forbidden', {
    code: 'ACC-permission',
    message: `没有权限（需要 ${permission}）`,
    messageEn: `not permitted; this needs ${permission}`,
  })
}

/** The bearer token of a request. Errors: Refusal `ACC-no-token`. */
export function tokenOf({ headers }: Pick<FastifyRequest, 'headers'>): string {
  const header = headers.authorization ?? ''
  const [, token] = header.length <= TOKEN_LENGTH_MAX ? (BEARER.exec(header) ?? []) : []
  if (token !== undefined) return token
  throw new Refusal('unauthenticated', {
    code: 'ACC-no-token',
    message: '需要访问令牌（Authorization: Bearer …）',
    messageEn: 'an access token is needed (Authorization: Bearer …)',
  })
}
