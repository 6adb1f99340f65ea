/** Signing in, staying signed in, leaving; and who I am. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import Type from 'typebox'
import { permissionsOf } from '../../connector/access/caller.js'
import { PERMISSIONS, type Permission } from '../../connector/access/permissions.js'
import { createFirstAdministrator, refresh, type SignInDeps, signIn, signOut } from '../../connector/access/sign-in.js'
import { callerOf } from '../access.js'
import { PROBLEMS } from '../problem.js'

const LOGIN = Type.String({
  minLength: 1,
  maxLength: 100,
  pattern: '^\\S(.*\\S)?$',
  description: '登录名, without regard to case',
})
const PASSWORD = Type.String({ minLength: 1, maxLength: 1_000 })
const TOKEN = Type.String({ minLength: 1, maxLength: 200 })
const strict = { additionalProperties: false } as const

const Grant = Type.Union(
  [
    Type.Object({ grantType: Type.Literal('password'), login: LOGIN, password: PASSWORD }, strict),
    Type.Object({ grantType: Type.Literal('refresh'), refreshToken: TOKEN }, strict),
    Type.Object(
      {
        grantType: Type.Literal('bootstrap'),
        bootstrapToken: TOKEN,
        login: LOGIN,
        password: PASSWORD,
        name: Type.String({ minLength: 1, maxLength: 100, description: '姓名' }),
      },
      strict,
    ),
  ],
  {
    description:
      'password: sign in. refresh: exchange a refresh token, once. bootstrap: create the first administrator with LEQI_BOOTSTRAP_TOKEN, once, while there is no user.',
    examples: [{ grantType: 'password', login: 'wang.wei', password: '…' }],
  },
)

const TokenAnswer = Type.Object({
  accessToken: TOKEN,
  tokenType: Type.Literal('Bearer'),
  expiresIn: Type.Integer({ description: 'seconds' }),
  refreshToken: TOKEN,
})

const Me = Type.Object({
  id: Type.String(),
  login: Type.String(),
  name: Type.String(),
  organizationId: Type.String(),
  isAdministrator: Type.Boolean({ description: '超级管理员' }),
  canSeeMetrics: Type.Boolean({ description: '看板权限' }),
  permissions: Type.Array(
    Type.Object({
      code: Type.Enum(Object.keys(PERMISSIONS) as Permission[]),
      name: Type.String(),
      nameEn: Type.String(),
    }),
  ),
})

export const authRoutes: FastifyPluginAsyncTypebox<{ signIn: SignInDeps }> = async (app, { signIn: deps }) => {
  app.post(
    '/auth/token',
    {
      config: { access: 'public' },
      schema: {
        operationId: 'createToken',
        tags: ['auth'],
        summary: 'Sign in, or stay signed in',
        body: Grant,
        response: { 200: TokenAnswer, ...PROBLEMS },
      },
    },
    async ({ body }) => {
      const tokens = await (body.grantType === 'password'
        ? signIn(deps, body.login, body.password)
        : body.grantType === 'refresh'
          ? refresh(deps, body.refreshToken)
          : createFirstAdministrator(deps, body))
      return { ...tokens, tokenType: 'Bearer' as const }
    },
  )

  app.delete(
    '/auth/token',
    {
      config: { access: 'signed-in' },
      schema: {
        operationId: 'deleteToken',
        tags: ['auth'],
        summary: 'End this session; its tokens are worth nothing from now on',
        response: { 204: Type.Null(), ...PROBLEMS },
      },
    },
    async (request, reply) => {
      await signOut(deps, callerOf(request))
      return reply.code(204).send(null)
    },
  )

  app.get(
    '/auth/me',
    {
      config: { access: 'signed-in' },
      schema: {
        operationId: 'getMe',
        tags: ['auth'],
        summary: 'Who I am and what I may do',
        response: { 200: Me, ...PROBLEMS },
      },
    },
    async (request) => {
      const caller = callerOf(request)
      const { userId: id, login, name, organizationId, isAdministrator, canSeeMetrics } = caller
      const permissions = permissionsOf(caller).map((code) => {
        const { zh, en } = PERMISSIONS[code]
        return { code, name: zh, nameEn: en }
      })
      return { id, login, name, organizationId, isAdministrator, canSeeMetrics, permissions }
    },
  )
}
