/**
 * Fuzz: whatever the wire brings back, it ends as one of the answers of the port; and nothing is believed that an answer
 * does not say under our key. What an answer says is found out here a second time, with the simulator's cipher.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { BureauFailure, TaxBureau } from '../../connector/issuing/bureau.js'
import { UNWATCHED } from '../../connector/issuing/channel-ports.js'
import { judge } from '../../connector/issuing/settle.js'
import { amount } from '../../connector/kernel/amount.js'
import type { InvoiceNumber } from '../../connector/kernel/ids.js'
import { Secret } from '../../connector/kernel/secret.js'
import { after } from '../../connector/kernel/time.js'
import { fuzzRun, mutatedBytes, mutatedText, mutatedValue } from '../../connector/testing/fuzz.js'
import { makeExchange } from './exchange.js'
import { decryptSm4, parseKey } from './simulator/sm4.js'
import { chooseSm4Engine } from './sm4.js'
import { makeServices } from './tax-bureau.js'
import { aUsingUnit, fixedClock, makeTestIds, NOW, sm4Of, TEST_KEY, testSm4 } from './testing/builders.js'

const UNIT = aUsingUnit()
const OPTIONS = { deadline: after(NOW, 30_000) }
const NUMBERS = ['26317000000000000001', '26317000000000000002', '26317000000000000003']
const FAILURES: readonly BureauFailure['kind'][] = ['never_sent', 'in_doubt', 'refused', 'rate_limited', 'unit_fault']

const UPLOADED = { returncode: '00', returnmsg: '成功', sllsh: '0123456789abcdef0123456789abcdef' }
const RESULTS = {
  returncode: '00',
  returnmsg: '成功',
  resultList: [
    { fphm: NUMBERS[0], status: '00', message: '' },
    { fphm: NUMBERS[1], status: '02', message: '税额有误' },
    { fphm: NUMBERS[2], status: '01', message: '处理中' },
  ],
}
const CLAIMED = { returncode: '00', fpqshm: NUMBERS[0], fpzzhm: '26317000000000001000', lysl: '1000' }
const QUOTA = {
  returncode: '00',
  ztsxbz: 'N',
  bysxed: '1000.00',
  kysyed: '500.00',
  yxzed: '500.00',
  yxzwsyed: '1.01',
  sq: '202611',
}
const MOVED = { returncode: '00', syqjq: '20261101', syqjz: '20261231' }
const PROFILE = {
  returncode: '00',
  nsrmc: '示例销售有限公司',
  nsrsbh: UNIT.taxNo,
  nsrlx: '1',
  zgswskfjdm: '13101150000',
  nsrztdm: '03',
  fxnsrlx: '',
  nsryjjb: '',
  fxnsrbz: 'N',
}
const RATES = { returncode: '00', data: [{ csxz: '1', slzsl: '0.13', cszt: 'Y', yxqq: '20190401' }] }

type Asked = readonly [good: object, ask: (bureau: TaxBureau) => Promise<{ kind: string }>]

/** What the wire brings: a status and bytes. */
interface Reply {
  status: number
  bytes: Buffer
}

test('an upload counts as accepted only when its answer decrypts to 00 with that receipt', async () => {
  await fc.assert(
    fc.asyncProperty(replies(UPLOADED), async (reply) => {
      const answer = await bureauWith(reply).upload(UNIT, ['{}'], OPTIONS)
      if (answer.kind !== 'accepted') return assertFailure(answer)
      const said = decryptOnOwnTerms(reply)
      assert.ok(said !== null, 'accepted without a decrypted answer')
      assert.ok(isSuccess(said) && String(said.sllsh).trim() === answer.receiptNo)
    }),
    fuzzRun(1_200),
  )
})

test('an invoice counts as issued, refused or repeated only when the decrypted answer names its number so', async () => {
  const items = NUMBERS.map((number, index) => ({
    invoiceId: String(index),
    // Twenty digits, as above.
    invoiceNumber: number as InvoiceNumber,
    state: 'accepted' as const,
  }))
  await fc.assert(
    fc.asyncProperty(replies(RESULTS), fc.boolean(), async (reply, wasSentBefore) => {
      const answer = await bureauWith(reply).queryResult(UNIT, 'receipt', OPTIONS)
      if (answer.kind !== 'results') return answer.kind === 'not_ready' || assertFailure(answer)
      const said = decryptOnOwnTerms(reply)
      assert.ok(said !== null && isSuccess(said), 'results without a decrypted answer')
      const judgement = judge(items, answer.rows, wasSentBefore)
      for (const verdict of judgement.kind === 'verdicts' ? judgement.verdicts : []) {
        const number = NUMBERS[Number(verdict.invoiceId)] ?? ''
        const statuses = statusesOf(said, number)
        const wanted = verdict.to === 'issued' ? ['00', ...(wasSentBefore ? ['03'] : [])] : ['02', '03']
        assert.ok(statuses.length > 0 && statuses.every((status) => wanted.includes(status)), `${number} ${statuses}`)
      }
    }),
    fuzzRun(1_200),
  )
})

test('a segment is taken whole, within what was asked, or not at all', async () => {
  await fc.assert(
    fc.asyncProperty(replies(CLAIMED), async (reply) => {
      const answer = await bureauWith(reply).claimNumbers(UNIT, { serial: 's', count: 1_000 }, OPTIONS)
      if (answer.kind !== 'granted') return assertFailure(answer)
      const said = decryptOnOwnTerms(reply)
      assert.ok(said !== null && isSuccess(said))
      assert.deepEqual([String(said.fpqshm).trim(), String(said.fpzzhm).trim()], [answer.first, answer.last])
      assert.ok(answer.count >= 1 && answer.count <= 1_000)
      assert.equal(BigInt(answer.last) - BigInt(answer.first) + 1n, BigInt(answer.count))
    }),
    fuzzRun(800),
  )
})

test('quota, moves and tables end as what they are, and no figure is guessed', async () => {
  const asked: readonly Asked[] = [
    [QUOTA, (bureau) => bureau.queryQuota(UNIT, OPTIONS)],
    [
      MOVED,
      (bureau) => bureau.moveQuota(UNIT, { serial: 's', direction: 'download', amount: amount('1.00') }, OPTIONS),
    ],
    [RATES, (bureau) => bureau.readRates(UNIT, OPTIONS)],
    [RATES, (bureau) => bureau.readDifferentialCodes(UNIT, OPTIONS)],
    [RATES, (bureau) => bureau.readClassifications(UNIT, null, OPTIONS)],
    [PROFILE, (bureau) => bureau.readProfile(UNIT, OPTIONS)],
    [PROFILE, (bureau) => bureau.readRisk(UNIT, OPTIONS)],
  ]
  const pair = fc.constantFrom(...asked).chain(([answer, ask]) => replies(answer).map((reply) => ({ reply, ask })))
  await fc.assert(
    fc.asyncProperty(pair, async ({ reply, ask }) => {
      const answer = await ask(bureauWith(reply))
      if (answer.kind === 'read' || answer.kind === 'granted') return
      if (answer.kind !== 'quota') return assertFailure(answer)
      const said = decryptOnOwnTerms(reply)
      assert.ok(said !== null && isSuccess(said))
      for (const field of ['bysxed', 'kysyed', 'yxzed', 'yxzwsyed']) {
        assert.match(String(said[field]).trim(), /^-?\d+(\.\d{1,2}0*)?$/, field)
      }
    }),
    fuzzRun(800),
  )
})

// What the wire may bring -----------------------------------------------------------------------------------------------

/** Anything: noise, the good answer damaged at each of its layers, or sealed under another key. */
function replies(good: object): fc.Arbitrary<Reply> {
  const inside = fc.oneof(
    { weight: 4, arbitrary: mutatedValue(fc.constant<unknown>(good)).map((value) => JSON.stringify(value)) },
    { weight: 2, arbitrary: mutatedText(fc.constant(JSON.stringify(good))) },
    { weight: 1, arbitrary: fc.constant(JSON.stringify(good)) },
  )
  const data = fc.oneof(
    { weight: 6, arbitrary: inside.map((text) => testSm4.encrypt(text)) },
    { weight: 1, arbitrary: inside },
    { weight: 2, arbitrary: mutatedText(fc.constant(testSm4.encrypt(JSON.stringify(good)))) },
    { weight: 2, arbitrary: damagedCipher(JSON.stringify(good)) },
    { weight: 2, arbitrary: fc.uint8Array({ minLength: 16, maxLength: 16 }).map((key) => sealUnder(key, good)) },
  )
  const envelope = data.map((sealed) => ({
    httpStatusCode: '200',
    body: JSON.stringify({ Response: { RequestId: 'r1', Data: sealed } }),
  }))
  const text = fc.oneof(
    { weight: 5, arbitrary: envelope.map((value) => JSON.stringify(value)) },
    { weight: 2, arbitrary: mutatedValue(envelope).map((value) => JSON.stringify(value)) },
    { weight: 2, arbitrary: mutatedText(envelope.map((value) => JSON.stringify(value))) },
    { weight: 1, arbitrary: fc.oneof(fc.string(), fc.json(), fc.constant('<html>502</html>')) },
  )
  const bytes = fc.oneof(
    { weight: 6, arbitrary: text.map((each) => Buffer.from(each)) },
    { weight: 1, arbitrary: mutatedBytes(text.map((each) => Buffer.from(each))) },
  )
  const status = fc.oneof(
    { weight: 9, arbitrary: fc.constant(200) },
    { weight: 1, arbitrary: fc.integer({ min: 200, max: 599 }) },
  )
  return fc.record({ status, bytes })
}

/** ECB protects nothing between its blocks: some are changed, doubled or lost. */
function damagedCipher(plain: string): fc.Arbitrary<string> {
  return mutatedBytes(fc.constant(Buffer.from(testSm4.encrypt(plain), 'base64'))).map((bytes) =>
    bytes.toString('base64'),
  )
}

function sealUnder(key: Uint8Array, good: object): string {
  return sm4Of(Buffer.from(key).toString('hex')).encrypt(JSON.stringify(good))
}

function bureauWith({ status, bytes }: Reply): TaxBureau {
  const exchange = makeExchange({
    http: {
      post: async () => ({ kind: 'response', status, bytes, retryAfter: null, date: null }),
      close: async () => undefined,
    },
    gate: { run: (_call, attempt) => attempt() },
    channel: UNWATCHED,
    engine: ENGINE,
    keyOf: () => KEY,
    clock: fixedClock,
    ids: IDS,
    log: SILENT,
  })
  return makeServices(exchange, { clock: fixedClock, log: SILENT }, DEVICE)
}

const ENGINE = chooseSm4Engine()
const KEY = new Secret(TEST_KEY)
const IDS = makeTestIds()
const SILENT = { debug: () => undefined, warn: () => undefined }
const DEVICE = { deviceIp: '192.0.2.10', deviceMac: '00-00-5E-00-53-01' }

// What it says, read a second time ----------------------------------------------------------------------------------------

function decryptOnOwnTerms({ status, bytes }: Reply): Record<string, unknown> | null {
  if (status !== 200) return null
  const outer = asObject(bytes.toString('utf8'))
  const inner = asObject(outer?.body ?? outer)
  const data = asObject(inner?.Response)?.Data
  const plain = typeof data === 'string' ? decryptSm4(data, parseKey(TEST_KEY)) : null
  return plain === null ? null : asObject(plain.toString('utf8'))
}

/** Digits beyond those of a double are kept by quoting every long number first. */
function asObject(value: unknown): Record<string, unknown> | null {
  if (typeof value !== 'string') return typeof value === 'object' ? (value as Record<string, unknown> | null) : null
  try {
    return asObject(JSON.parse(value.replace(/^\ufeff/, '').replace(/([:[,]\s*)(-?\d{16,})(?=\s*[,}\]])/g, '$1"$2"')))
  } catch {
    return null
  }
}

function isSuccess(said: Record<string, unknown>): boolean {
  return ['00', '0'].includes(String(said.returncode).trim())
}

/** Every status that the answer tells of a number. */
function statusesOf(said: Record<string, unknown>, number: string): string[] {
  const list = typeof said.resultList === 'string' ? (JSON.parse(said.resultList) as unknown) : said.resultList
  const rows = Array.isArray(list) ? list : [list]
  return rows
    .filter((row) => String(asObject(row)?.fphm).trim() === number)
    .map((row) => String(asObject(row)?.status).trim().padStart(2, '0'))
}

function assertFailure(answer: { kind: string }): void {
  assert.ok((FAILURES as readonly string[]).includes(answer.kind), answer.kind)
  const { code, message } = answer as BureauFailure
  assert.ok(code.startsWith('BUR-') && typeof message === 'string')
}
