/** Organisations (组织管理): the tree, its nodes, and changes of them. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import Type from 'typebox'
import type { OrganizationId } from '../../connector/access/caller.js'
import {
  changeOrganization,
  createOrganization,
  deleteOrganization,
  findOrganization,
  listOrganizations,
  loadOrganizationTree,
  ORGANIZATION_KINDS,
  type Organization,
  type OrganizationDeps,
  type OrganizationKind,
  TREE_COUNT_MAX,
} from '../../connector/access/organizations.js'
import { utcRfc3339 } from '../../connector/kernel/time.js'
import { callerOf } from '../access.js'
import { PAGE_QUERY, PageOf, toPage } from '../lists.js'
import { giveVersion, IF_MATCH, versionOf } from '../preconditions.js'
import { PROBLEMS } from '../problem.js'
import { Name, Part } from '../texts.js'

const strict = { additionalProperties: false } as const
// The keys are those of the table.
const KINDS = Object.keys(ORGANIZATION_KINDS) as OrganizationKind[]
const Id = Type.Unsafe<OrganizationId>(Type.String({ format: 'uuid' }))
const Kind = Type.Enum(KINDS, {
  description: Object.entries(ORGANIZATION_KINDS)
    .map((entry) => entry.join(' '))
    .join(', '),
})
const OrganizationName = Name(100, '组织名称')

const Shown = Type.Object({
  id: Id,
  parentId: Type.Union([Id, Type.Null()], { description: 'null: the topmost one, or its parent is not yours to see' }),
  kind: Kind,
  name: OrganizationName,
  updatedAt: Type.String({ format: 'date-time' }),
})

const Change = Type.Object(
  { name: OrganizationName, kind: Kind },
  { ...strict, examples: [{ name: '上海分公司', kind: 'branch' }] },
)
const Params = Type.Object({ id: Id }, strict)

export interface OrganizationRoutesDeps {
  organizations: OrganizationDeps
}

export const organizationRoutes: FastifyPluginAsyncTypebox<OrganizationRoutesDeps> = async (
  app,
  { organizations: deps },
) => {
  app.get(
    '/organizations',
    {
      config: { access: 'organizations.read' },
      schema: {
        operationId: 'listOrganizations',
        tags: ['organizations'],
        summary: 'Organisations within the data permission of the caller',
        querystring: Type.Object(
          {
            ...PAGE_QUERY,
            parentId: Type.Optional(Id),
            name: Type.Optional(Part(100, 'the name')),
            kind: Type.Optional(Kind),
          },
          strict,
        ),
        response: { 200: PageOf(Shown), ...PROBLEMS },
      },
    },
    async (request) => {
      const { page, pageSize, ...filter } = request.query
      return toPage(await listOrganizations(deps, callerOf(request), filter, { page, pageSize }), toShown)
    },
  )

  app.get(
    '/organizations/tree',
    {
      config: { access: 'organizations.read' },
      schema: {
        operationId: 'getOrganizationTree',
        tags: ['organizations'],
        summary: 'All of them at once, parents before children',
        response: { 200: Type.Object({ items: Type.Array(Shown, { maxItems: TREE_COUNT_MAX }) }), ...PROBLEMS },
      },
    },
    async (request) => ({ items: (await loadOrganizationTree(deps, callerOf(request))).map(toShown) }),
  )

  app.get(
    '/organizations/:id',
    {
      config: { access: 'organizations.read' },
      schema: {
        operationId: 'getOrganization',
        tags: ['organizations'],
        summary: 'One organisation, with its ETag',
        params: Params,
        response: { 200: Shown, ...PROBLEMS },
      },
    },
    async (request, reply) => {
      const found = await findOrganization(deps, callerOf(request), request.params.id)
      giveVersion(reply, found.version)
      return toShown(found)
    },
  )

  app.post(
    '/organizations',
    {
      config: { access: 'organizations.write' },
      schema: {
        operationId: 'createOrganization',
        tags: ['organizations'],
        summary: 'A new organisation under another one, where it stays',
        body: Type.Object(
          { parentId: Id, name: OrganizationName, kind: Kind },
          {
            ...strict,
            examples: [{ parentId: '0199b7a0-0000-7000-8000-000000000001', name: '上海分公司', kind: 'branch' }],
          },
        ),
        response: { 201: Shown, ...PROBLEMS },
      },
    },
    async (request, reply) => {
      const created = await createOrganization(deps, callerOf(request), request.body)
      giveVersion(reply, created.version)
      return reply.code(201).header('location', `${request.url}/${created.id}`).send(toShown(created))
    },
  )

  app.put(
    '/organizations/:id',
    {
      config: { access: 'organizations.write' },
      schema: {
        operationId: 'changeOrganization',
        tags: ['organizations'],
        summary: 'Another name or kind',
        params: Params,
        headers: IF_MATCH,
        body: Change,
        response: { 200: Shown, ...PROBLEMS },
      },
    },
    async (request, reply) => {
      const key = { id: request.params.id, version: versionOf(request) }
      const changed = await changeOrganization(deps, callerOf(request), key, request.body)
      giveVersion(reply, changed.version)
      return toShown(changed)
    },
  )

  app.delete(
    '/organizations/:id',
    {
      config: { access: 'organizations.write' },
      schema: {
        operationId: 'deleteOrganization',
        tags: ['organizations'],
        summary: 'Delete one that nothing hangs on',
        params: Params,
        headers: IF_MATCH,
        response: { 204: Type.Null(), ...PROBLEMS },
      },
    },
    async (request, reply) => {
      await deleteOrganization(deps, callerOf(request), { id: request.params.id, version: versionOf(request) })
      return reply.code(204).send(null)
    },
  )
}

function toShown({ id, parentId, kind, name, updatedAt }: Organization) {
  return { id, parentId, kind, name, updatedAt: utcRfc3339(updatedAt) }
}
