/** Users (用户管理): who may sign in, and under which organisation. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply } from 'fastify'
import Type from 'typebox'
import type { OrganizationId, UserId } from '../../connector/access/caller.js'
import type { RoleId } from '../../connector/access/roles.js'
import {
  changeUser,
  createUser,
  disableUser,
  enableUser,
  findUser,
  listUsers,
  resetPassword,
  setAdministrator,
  type User,
  type UserDeps,
} from '../../connector/access/users.js'
import { utcRfc3339 } from '../../connector/kernel/time.js'
import { callerOf } from '../access.js'
import { PAGE_QUERY, PageOf, toPage } from '../lists.js'
import { giveVersion, IF_MATCH, versionOf } from '../preconditions.js'
import { PROBLEMS } from '../problem.js'
import { Name, Part } from '../texts.js'

const strict = { additionalProperties: false } as const
const Id = Type.Unsafe<UserId>(Type.String({ format: 'uuid' }))
const OrganizationRef = Type.Unsafe<OrganizationId>(Type.String({ format: 'uuid' }))
const RoleRef = Type.Unsafe<RoleId>(Type.String({ format: 'uuid' }))
const Login = Name(100, '登录名, unique without regard to case')
const FullName = Name(100, '姓名')
const Metrics = Type.Boolean({ description: '看板权限: may read the metrics' })
const NewPassword = Type.String({ minLength: 1, maxLength: 1_000, description: '12 to 128 characters' })
/** Roles that a user is created with. */
const ROLE_COUNT_MAX = 100
const tags = ['users']

const Shown = Type.Object({
  id: Id,
  organizationId: OrganizationRef,
  login: Login,
  name: FullName,
  isEnabled: Type.Boolean(),
  isAdministrator: Type.Boolean({ description: '超级管理员' }),
  canSeeMetrics: Metrics,
  updatedAt: Type.String({ format: 'date-time' }),
})

const Query = Type.Object(
  {
    ...PAGE_QUERY,
    organizationId: Type.Optional(OrganizationRef),
    withBelow: Type.Boolean({ default: false, description: 'also those of organisations below `organizationId`' }),
    login: Type.Optional(Part(100, 'the login')),
    name: Type.Optional(Part(100, 'the name')),
    isEnabled: Type.Optional(Type.Boolean()),
    roleId: Type.Optional(RoleRef),
  },
  strict,
)

const New = Type.Object(
  {
    organizationId: OrganizationRef,
    login: Login,
    name: FullName,
    password: NewPassword,
    canSeeMetrics: Type.Optional(Metrics),
    roleIds: Type.Optional(
      Type.Array(RoleRef, {
        maxItems: ROLE_COUNT_MAX,
        description: 'within the rights of the caller; needs roles.write',
      }),
    ),
  },
  {
    ...strict,
    examples: [
      {
        organizationId: '0199b7a0-0000-7000-8000-000000000001',
        login: 'wang.wei',
        name: '王伟',
        password: '…',
        canSeeMetrics: false,
      },
    ],
  },
)

const Change = Type.Object(
  { name: FullName, canSeeMetrics: Metrics },
  { ...strict, examples: [{ name: '王伟', canSeeMetrics: true }] },
)
const Params = Type.Object({ id: Id }, strict)

export interface UserRoutesDeps {
  users: UserDeps
}

export const userRoutes: FastifyPluginAsyncTypebox<UserRoutesDeps> = async (app, { users: deps }) => {
  app.get(
    '/users',
    {
      config: { access: 'users.read' },
      schema: {
        ...{ operationId: 'listUsers', tags, summary: 'Users within the data permission of the caller' },
        querystring: Query,
        response: { 200: PageOf(Shown), ...PROBLEMS },
      },
    },
    async (request) => {
      const { page, pageSize, ...filter } = request.query
      return toPage(await listUsers(deps, callerOf(request), filter, { page, pageSize }), toShown)
    },
  )

  app.get(
    '/users/:id',
    {
      config: { access: 'users.read' },
      schema: {
        ...{ operationId: 'getUser', tags, summary: 'One user, with his ETag' },
        params: Params,
        response: { 200: Shown, ...PROBLEMS },
      },
    },
    async (request, reply) => give(reply, await findUser(deps, callerOf(request), request.params.id)),
  )

  app.post(
    '/users',
    {
      config: { access: 'users.write' },
      schema: {
        ...{ operationId: 'createUser', tags, summary: 'A new user under an organisation, where he stays' },
        body: New,
        response: { 201: Shown, ...PROBLEMS },
      },
    },
    async (request, reply) => {
      const created = await createUser(deps, callerOf(request), { canSeeMetrics: false, roleIds: [], ...request.body })
      giveVersion(reply, created.version)
      return reply.code(201).header('location', `${request.url}/${created.id}`).send(toShown(created))
    },
  )

  app.put(
    '/users/:id',
    {
      config: { access: 'users.write' },
      schema: {
        ...{ operationId: 'changeUser', tags, summary: 'Another name, or whether he may see the metrics' },
        params: Params,
        headers: IF_MATCH,
        body: Change,
        response: { 200: Shown, ...PROBLEMS },
      },
    },
    async (request, reply) => {
      const key = { id: request.params.id, version: versionOf(request) }
      return give(reply, await changeUser(deps, callerOf(request), key, request.body))
    },
  )

  app.put(
    '/users/:id/administrator',
    {
      config: { access: 'users.write' },
      schema: {
        ...{ operationId: 'setAdministrator', tags, summary: 'Make or unmake an administrator; administrators only' },
        params: Params,
        headers: IF_MATCH,
        body: Type.Object(
          { isAdministrator: Type.Boolean({ description: '超级管理员' }) },
          { ...strict, examples: [{ isAdministrator: true }] },
        ),
        response: { 200: Shown, ...PROBLEMS },
      },
    },
    async (request, reply) => {
      const key = { id: request.params.id, version: versionOf(request) }
      return give(reply, await setAdministrator(deps, callerOf(request), key, request.body.isAdministrator))
    },
  )

  app.post(
    '/users/:id/enable',
    {
      config: { access: 'users.write' },
      schema: {
        ...{ operationId: 'enableUser', tags, summary: 'He may sign in again' },
        params: Params,
        response: { 200: Shown, ...PROBLEMS },
      },
    },
    async (request, reply) => give(reply, await enableUser(deps, callerOf(request), request.params.id)),
  )

  app.post(
    '/users/:id/disable',
    {
      config: { access: 'users.write' },
      schema: {
        ...{ operationId: 'disableUser', tags, summary: 'He may no longer sign in, and his sessions end at once' },
        params: Params,
        response: { 200: Shown, ...PROBLEMS },
      },
    },
    async (request, reply) => give(reply, await disableUser(deps, callerOf(request), request.params.id)),
  )

  app.post(
    '/users/:id/password',
    {
      config: { access: 'users.write' },
      schema: {
        ...{ operationId: 'resetPassword', tags, summary: 'Give him another password; his sessions end' },
        params: Params,
        body: Type.Object({ password: NewPassword }, { ...strict, examples: [{ password: '…' }] }),
        response: { 204: Type.Null(), ...PROBLEMS },
      },
    },
    async (request, reply) => {
      await resetPassword(deps, callerOf(request), request.params.id, request.body.password)
      return reply.code(204).send(null)
    },
  )
}

function give(reply: FastifyReply, user: User) {
  giveVersion(reply, user.version)
  return toShown(user)
}

function toShown({ version: _, updatedAt, ...user }: User) {
  return { ...user, updatedAt: utcRfc3339(updatedAt) }
}
