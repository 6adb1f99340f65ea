import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Caller, type OrganizationId, permissionsOf, reaches, reachOf, type UserId } from './caller.js'
import { PERMISSIONS } from './permissions.js'

const [HEAD, NORTH, SOUTH] = ['head', 'north', 'south'] as OrganizationId[] as [
  OrganizationId,
  OrganizationId,
  OrganizationId,
]

function aCaller(change: Partial<Caller> = {}): Caller {
  return {
    userId: 'u-1' as UserId,
    sessionId: 's-1',
    login: 'clerk',
    name: '开票员',
    organizationId: NORTH,
    isAdministrator: false,
    canSeeMetrics: false,
    grants: [],
    ...change,
  }
}

test('a user without a role may do nothing', () => {
  assert.deepEqual(permissionsOf(aCaller()), [])
  assert.deepEqual(reachOf(aCaller(), 'users.read'), new Set())
})

test('each permission reaches as far as the roles that allow it, and no further', () => {
  const caller = aCaller({
    grants: [
      { permissions: ['users.read', 'roles.read'], organizationIds: [NORTH] },
      { permissions: ['users.read'], organizationIds: [SOUTH] },
      { permissions: ['organizations.read'], organizationIds: [HEAD, SOUTH] },
    ],
  })
  const reachable = (permission: 'users.read' | 'roles.read' | 'organizations.read') =>
    [HEAD, NORTH, SOUTH].filter((each) => reaches(reachOf(caller, permission), each))

  assert.deepEqual(reachable('users.read'), [NORTH, SOUTH])
  assert.deepEqual(reachable('roles.read'), [NORTH])
  assert.deepEqual(reachable('organizations.read'), [HEAD, SOUTH])
  assert.deepEqual(permissionsOf(caller), ['organizations.read', 'users.read', 'roles.read'])
})

test('a role that reaches no organisation allows nothing', () => {
  const caller = aCaller({ grants: [{ permissions: ['users.write'], organizationIds: [] }] })
  assert.deepEqual(permissionsOf(caller), [])
})

test('the super administrator may do everything everywhere, whatever his roles', () => {
  const admin = aCaller({ isAdministrator: true })
  assert.deepEqual(permissionsOf(admin), Object.keys(PERMISSIONS))
  assert.ok(reaches(reachOf(admin, 'users.write'), SOUTH))
})
