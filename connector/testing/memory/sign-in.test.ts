import { describe } from 'node:test'
import { proveSignIn } from '../conformance/sign-in.js'
import { makePeople } from './sign-in.js'

describe('users and sessions in memory', () => {
  let count = 0
  proveSignIn(async () => {
    const people = makePeople()
    return {
      store: people.store,
      newId: () => {
        count += 1
        return `id ${count}`
      },
      async disable(login) {
        const user = people.users.get(login)
        if (user !== undefined) user.isEnabled = false
      },
    }
  })
})
