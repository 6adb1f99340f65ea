/** The administration API on a database of its own, and people who call it. */
import assert from 'node:assert/strict'
import { makeOrganizationStore } from '../../adapters/postgres/access/organization-store.js'
import { makeRoleStore } from '../../adapters/postgres/access/role-store.js'
import { makeScopedDatabase } from '../../adapters/postgres/access/scoped-database.js'
import { makeSignInStore } from '../../adapters/postgres/access/sign-in-store.js'
import { makeUserStore } from '../../adapters/postgres/access/user-store.js'
import { randomIds } from '../../adapters/system/ids.js'
import { randomTokens } from '../../adapters/system/tokens.js'
import { type ApiDeps, buildHttp } from '../../openapi/server.js'
import type { Permission } from '../access/permissions.js'
import { instant } from '../kernel/time.js'
import { type Owner, withSchema } from './database.js'
import { makePeople } from './memory/sign-in.js'

/** For tests that call none of its routes. */
export const noApi = {} as ApiDeps

/** For tests that do not look at the metrics. */
export const noMetrics = {
  metrics: { read: () => Promise.reject(new Error('not asked here')), countRequest: () => undefined },
  metricsToken: null,
}

interface Call {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  url: string
  body?: object
  headers?: Readonly<Record<string, string>>
}

interface Answer {
  status: number
  /** null: none. */
  // biome-ignore lint/suspicious/noExplicitAny: what it must hold is what the test looks at, field by field.
  body: any
  headers: Readonly<Record<string, string | string[] | number | undefined>>
}

export interface TestApi extends Awaited<ReturnType<typeof withSchema>> {
  /** Under the root organisation and allowed everything. */
  administrator: Person
  /** A user of one organisation with one role; `scope` custom: over `organizationIds`. */
  addPerson(user: NewPerson): Promise<Person>
  /** Under the root organisation and allowed everything. */
  addAdministrator(): Promise<Person>
  /** Somebody who has no token, or another one than his own. */
  call(call: Call & { token?: string }): Promise<Answer>
  /** Below the root unless `parentId` says otherwise. */
  addOrganization(name: string, parentId?: string): Promise<string>
  rootId: string
  /** Errors that no route expected. */
  errors: unknown[]
}

export interface NewPerson {
  organizationId: string
  permissions: readonly Permission[]
  scope: 'own' | 'own_and_below' | 'custom'
  organizationIds?: readonly string[]
}

export interface Person {
  id: string
  login: string
  call(call: Call): Promise<Answer>
}

export async function openApi(owner: Owner): Promise<TestApi> {
  const opened = await withSchema(owner)
  const { pool, store } = opened
  const errors: unknown[] = []
  const signInStore = makeSignInStore(pool)
  const shared = {
    database: makeScopedDatabase(store.database),
    actions: store.actions,
    ids: randomIds,
    clock: { now: () => instant(Date.UTC(2026, 10, 22, 8)) },
  }
  const signIn = { ...makePeople().deps(), store: signInStore, tokens: randomTokens, ids: randomIds }
  const roles = makeRoleStore(pool)
  const people = { ...shared, users: makeUserStore(pool), roles, hasher: signIn.hasher }
  const app = await buildHttp({
    health: { read: () => Promise.reject(new Error('not asked here')) },
    ...noMetrics,
    signIn,
    api: {
      organizations: { ...shared, organizations: makeOrganizationStore(pool) },
      users: people,
      roles: { ...shared, roles },
      ownPassword: { ...people, credentials: signInStore },
    },
    onError: (error) => errors.push(error),
  })
  owner.after(() => app.close())
  const rootId = await idOf('select id from organizations where parent_id is null')

  async function idOf(sql: string, values: unknown[] = []): Promise<string> {
    const { rows } = await pool.query<{ id: string }>(sql, values)
    return rows[0]?.id ?? assert.fail('no row')
  }

  async function openSession(userId: string, login: string): Promise<Person> {
    const token = randomTokens.token('lqa_')
    await pool.query(
      `insert into sessions (id, user_id, access_hash, access_until, refresh_hash, refresh_until)
       values ($1, $2, $3, 'infinity', $3, 'infinity')`,
      [randomIds.uuid(), userId, randomTokens.hash(token)],
    )
    return { id: userId, login, call: (given) => call({ ...given, token }) }
  }

  async function call({ method = 'GET', url, body, headers = {}, token }: Call & { token?: string }): Promise<Answer> {
    const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` }
    const answer = await app.inject({
      ...{ method, url: `/api/v1${url}`, headers: { ...authorization, ...headers } },
      ...(body === undefined ? {} : { payload: body }),
    })
    const isEmpty = answer.body === ''
    return { status: answer.statusCode, body: isEmpty ? null : answer.json(), headers: answer.headers }
  }

  async function addUser(organizationId: string, isAdministrator: boolean): Promise<{ id: string; login: string }> {
    const login = `user-${randomIds.uuid().slice(-8)}`
    const id = await idOf(
      `insert into users (id, organization_id, login, name, password_hash, is_administrator)
       values ($1, $2, $3, '职员', 'none', $4) returning id`,
      [randomIds.uuid(), organizationId, login, isAdministrator],
    )
    return { id, login }
  }

  async function addAdministrator(): Promise<Person> {
    const { id, login } = await addUser(rootId, true)
    return openSession(id, login)
  }

  return {
    ...opened,
    rootId,
    errors,
    call,
    addAdministrator,
    administrator: await addAdministrator(),
    async addPerson({ organizationId, permissions, scope, organizationIds = [] }) {
      const user = await addUser(organizationId, false)
      const roleId = await idOf(
        'insert into roles (id, name, permissions, scope) values ($1, $1::uuid::text, $2, $3) returning id',
        [randomIds.uuid(), permissions, scope],
      )
      await pool.query('insert into role_organizations select $1, unnest($2::uuid[])', [roleId, organizationIds])
      await pool.query('insert into user_roles values ($1, $2)', [user.id, roleId])
      return openSession(user.id, user.login)
    },
    addOrganization: (name, parentId = rootId) =>
      idOf(`insert into organizations (id, parent_id, kind, name) values ($1, $2, 'branch', $3) returning id`, [
        randomIds.uuid(),
        parentId,
        name,
      ]),
  }
}
