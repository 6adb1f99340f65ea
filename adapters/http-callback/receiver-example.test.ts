/** The receiver of the user guide, run as a reader would run it, takes what the connector sends and nothing else. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import type { CallbackRequest } from '../../connector/issuing/delivery-ports.js'
import { Secret } from '../../connector/kernel/secret.js'
import { instant } from '../../connector/kernel/time.js'
import { makeCallbackSender } from './sender.js'

const EXAMPLE = resolve(import.meta.dirname, '../../docs/examples/receive-callback.mjs')
const [PRESENT, FORMER, FOREIGN] = ['present', 'former', 'foreign'].map(
  (text) => `whsec_${Buffer.alloc(32, text).toString('base64')}`,
)

/** Runs the example; `lines` are what it prints. */
async function startExample(t: TestContext, secret: string) {
  const child = spawn(process.execPath, [EXAMPLE], {
    env: { SECRETS: secret, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = new Promise((done) => child.once('exit', done))
  t.after(async () => {
    child.kill()
    await ended
  })
  const lines: string[] = []
  const port = await new Promise<string>((found) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      lines.push(line)
      const [, listening] = /^listening on (\d+)$/.exec(line) ?? []
      if (listening !== undefined) found(listening)
    })
  })
  return { host: `127.0.0.1:${port}`, lines }
}

test('the guide’s receiver takes a signed result once, also while secrets change, and refuses all else', async (t) => {
  const { host, lines } = await startExample(t, FORMER ?? '')
  const sender = makeCallbackSender({
    openSecret: (_endpoint, sealed) => new Secret(sealed),
    namedHosts: [host],
    caText: null,
  })
  t.after(() => sender.close())
  const statusOf = async (changes: Partial<CallbackRequest>) => {
    const answer = await sender.send({
      endpoint: 'shop',
      url: `http://${host}/`,
      sealedSecrets: [FORMER ?? ''],
      body: '{"orderNo":"1001","status":"issued","invoices":[]}',
      traceparent: null,
      eventId: 'e-1',
      at: instant(Date.now()),
      isReplay: false,
      ...changes,
    })
    return answer.kind === 'answered' ? answer.status : answer.code
  }

  assert.equal(await statusOf({}), 204)
  assert.equal(await statusOf({ sealedSecrets: [PRESENT ?? '', FORMER ?? ''], isReplay: true }), 204)
  assert.equal(await statusOf({ sealedSecrets: [FOREIGN ?? ''] }), 401)
  assert.equal(await statusOf({ at: instant(Date.now() - 3_600_000) }), 401)
  assert.equal(await statusOf({ eventId: 'e-2', sealedSecrets: [FORMER ?? ''] }), 204)
  assert.deepEqual(lines.slice(1), ['1001: issued, 0 invoices', '1001: issued, 0 invoices'])
})
