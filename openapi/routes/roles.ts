/** Roles (角色管理): function permissions, data permissions, who has them and who else may assign them. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply } from 'fastify'
import Type from 'typebox'
import type { OrganizationId, UserId } from '../../connector/access/caller.js'
import { ROLE_SCOPES, type RoleScope } from '../../connector/access/granting.js'
import { PERMISSIONS, type Permission } from '../../connector/access/permissions.js'
import { ASSIGNED_COUNT_MAX, assignRole } from '../../connector/access/role-assignment.js'
import {
  changeRole,
  createRole,
  deleteRole,
  findRole,
  listRoles,
  type Role,
  type RoleDeps,
  type RoleId,
  shareRole,
} from '../../connector/access/roles.js'
import { utcRfc3339 } from '../../connector/kernel/time.js'
import { callerOf } from '../access.js'
import { PAGE_QUERY, PageOf, toPage } from '../lists.js'
import { giveVersion, IF_MATCH, versionOf } from '../preconditions.js'
import { PROBLEMS } from '../problem.js'
import { Name, Part } from '../texts.js'

const strict = { additionalProperties: false } as const
const tags = ['roles']
const ORGANIZATION_COUNT_MAX = 1_000
const Uuid = Type.String({ format: 'uuid' })
const Id = Type.Unsafe<RoleId>(Uuid)
const UserRef = Type.Unsafe<UserId>(Uuid)
const OrganizationRef = Type.Unsafe<OrganizationId>(Uuid)
const RoleName = Name(100, '角色名称')
// The keys are those of the tables.
const PermissionCode = Type.Enum(Object.keys(PERMISSIONS) as Permission[])
const DataScope = Type.Enum(Object.keys(ROLE_SCOPES) as RoleScope[], {
  description: Object.entries(ROLE_SCOPES)
    .map((entry) => entry.join(' '))
    .join(', '),
})
const UserIds = Type.Array(UserRef, { maxItems: ASSIGNED_COUNT_MAX })

const Shown = Type.Object({
  id: Id,
  name: RoleName,
  permissions: Type.Array(PermissionCode),
  scope: DataScope,
  organizationIds: Type.Array(OrganizationRef, { description: 'of a custom scope' }),
  ownerId: Type.Union([UserRef, Type.Null()], { description: 'who created it' }),
  sharing: Type.Object({
    with: Type.Enum(['nobody', 'all', 'chosen'] as const),
    userIds: Type.Array(UserRef, { description: 'of chosen: all of them for an administrator, else the caller' }),
  }),
  userCount: Type.Integer({ description: 'users who have it, within the data permission of the caller' }),
  updatedAt: Type.String({ format: 'date-time' }),
})

const Given = Type.Object(
  {
    name: RoleName,
    permissions: Type.Array(PermissionCode, { minItems: 1, maxItems: 200, uniqueItems: true }),
    scope: DataScope,
    organizationIds: Type.Optional(
      Type.Array(OrganizationRef, { maxItems: ORGANIZATION_COUNT_MAX, description: 'of a custom scope, at least one' }),
    ),
  },
  { ...strict, examples: [{ name: '分公司管理员', permissions: ['users.read'], scope: 'own_and_below' }] },
)

const SharingGiven = Type.Union(
  [
    Type.Object({ with: Type.Enum(['nobody', 'all'] as const) }, strict),
    Type.Object(
      { with: Type.Literal('chosen'), userIds: Type.Array(UserRef, { minItems: 1, maxItems: ASSIGNED_COUNT_MAX }) },
      strict,
    ),
  ],
  { examples: [{ with: 'all' }] },
)
const Params = Type.Object({ id: Id }, strict)

export interface RoleRoutesDeps {
  roles: RoleDeps
}

export const roleRoutes: FastifyPluginAsyncTypebox<RoleRoutesDeps> = async (app, { roles: deps }) => {
  app.get(
    '/roles',
    {
      config: { access: 'roles.read' },
      schema: {
        ...{ operationId: 'listRoles', tags, summary: 'Roles of the caller and those shared with him' },
        querystring: Type.Object({ ...PAGE_QUERY, name: Type.Optional(Part(100, 'the name')) }, strict),
        response: { 200: PageOf(Shown), ...PROBLEMS },
      },
    },
    async (request) => {
      const { page, pageSize, ...filter } = request.query
      return toPage(await listRoles(deps, callerOf(request), filter, { page, pageSize }), toShown)
    },
  )

  app.get(
    '/roles/:id',
    {
      config: { access: 'roles.read' },
      schema: {
        ...{ operationId: 'getRole', tags, summary: 'One role, with its ETag' },
        params: Params,
        response: { 200: Shown, ...PROBLEMS },
      },
    },
    async (request, reply) => give(reply, await findRole(deps, callerOf(request), request.params.id)),
  )

  app.post(
    '/roles',
    {
      config: { access: 'roles.write' },
      schema: {
        ...{ operationId: 'createRole', tags, summary: 'A new role, within the rights of the caller' },
        body: Given,
        response: { 201: Shown, ...PROBLEMS },
      },
    },
    async (request, reply) => {
      const created = await createRole(deps, callerOf(request), { organizationIds: [], ...request.body })
      giveVersion(reply, created.version)
      return reply.code(201).header('location', `${request.url}/${created.id}`).send(toShown(created))
    },
  )

  app.put(
    '/roles/:id',
    {
      config: { access: 'roles.write' },
      schema: {
        ...{ operationId: 'changeRole', tags, summary: 'Change what it allows, for all who have it' },
        params: Params,
        headers: IF_MATCH,
        body: Given,
        response: { 200: Shown, ...PROBLEMS },
      },
    },
    async (request, reply) => {
      const key = { id: request.params.id, version: versionOf(request) }
      const change = { organizationIds: [], ...request.body }
      return give(reply, await changeRole(deps, callerOf(request), key, change))
    },
  )

  app.delete(
    '/roles/:id',
    {
      config: { access: 'roles.write' },
      schema: {
        ...{ operationId: 'deleteRole', tags, summary: 'Delete a role that nobody has' },
        params: Params,
        headers: IF_MATCH,
        response: { 204: Type.Null(), ...PROBLEMS },
      },
    },
    async (request, reply) => {
      await deleteRole(deps, callerOf(request), { id: request.params.id, version: versionOf(request) })
      return reply.code(204).send(null)
    },
  )

  app.put(
    '/roles/:id/users',
    {
      config: { access: 'roles.write' },
      schema: {
        ...{ operationId: 'assignRole', tags, summary: 'Exactly these of the users in reach have the role' },
        params: Params,
        body: Type.Object(
          { userIds: UserIds },
          { ...strict, examples: [{ userIds: ['0199b7a0-0000-7000-8000-000000000001'] }] },
        ),
        response: { 200: Type.Object({ added: Type.Integer(), removed: Type.Integer() }), ...PROBLEMS },
      },
    },
    (request) => assignRole(deps, callerOf(request), request.params.id, request.body.userIds),
  )

  app.put(
    '/roles/:id/sharing',
    {
      config: { access: 'roles.write' },
      schema: {
        ...{ operationId: 'shareRole', tags, summary: 'Who else sees and assigns it; administrators only' },
        params: Params,
        headers: IF_MATCH,
        body: SharingGiven,
        response: { 200: Shown, ...PROBLEMS },
      },
    },
    async (request, reply) => {
      const key = { id: request.params.id, version: versionOf(request) }
      return give(reply, await shareRole(deps, callerOf(request), key, { userIds: [], ...request.body }))
    },
  )
}

function give(reply: FastifyReply, role: Role) {
  giveVersion(reply, role.version)
  return toShown(role)
}

function toShown({ id, ownerId, userCount, updatedAt, ...role }: Role) {
  const { name, scope, sharing } = role
  const [permissions, organizationIds] = [[...role.permissions], [...role.organizationIds]]
  const shared = { with: sharing.with, userIds: [...sharing.userIds] }
  return {
    ...{ id, name, permissions, scope, organizationIds, ownerId },
    ...{ sharing: shared, userCount, updatedAt: utcRfc3339(updatedAt) },
  }
}
