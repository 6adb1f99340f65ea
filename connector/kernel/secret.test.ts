import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { Secret } from './secret.js'

const TEXT = '0123456789abcdeffedcba9876543210'

test('a secret gives its text only when it is asked to reveal it', () => {
  const secret = new Secret(TEXT)
  const printed = [
    `${secret}`,
    JSON.stringify({ secret }),
    inspect({ deep: { secret } }, { depth: 9, showHidden: true, showProxy: true }),
    Object.keys(secret).join(),
    JSON.stringify(structuredClone({ ...secret })),
  ].join('\n')

  assert.equal(secret.reveal(), TEXT)
  assert.ok(!printed.includes(TEXT))
  assert.ok(printed.includes('[secret]'))
})
