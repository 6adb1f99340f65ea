/** Every shipped example, from the queue to the bureau and back: it ends as its golden draft says, to the fen. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { Decimal } from '../kernel/decimal.js'
import type { PublicFault } from '../kernel/fault.js'
import { startPipeline } from '../testing/pipeline.js'
import { assertAgreement, sumYuan } from '../testing/pipeline-agreement.js'
import { DEFINITIONS_FOLDER, listDefinitions } from '../testing/pipeline-settings.js'

interface GoldenLine {
  amount: string
  discountRate: string | null
  discountAmount: string | null
}

interface GoldenDraft {
  orderNo: string
  kind: 'ordinary' | 'special'
  expectedGross: string | null
  buyer: { name: string; taxNo: string | null; isPerson: boolean }
  lines: readonly GoldenLine[]
  shipping: GoldenLine | null
  orderDiscount: string | null
}

type Golden =
  | { kind: 'draft'; draft: GoldenDraft }
  | { kind: 'faulty'; orderNo: string | null; faults: readonly (PublicFault & { cure: string; parkCause?: string })[] }

const pipeline = await startPipeline({ after })

for (const example of listDefinitions().flatMap(loadExamples)) {
  test(`${example.name} ends as its golden draft says`, async () => {
    const [messageId = ''] = await pipeline.orderSystem.publish(example)
    const { golden } = example
    if (golden.kind === 'draft') await proveIssued(golden.draft, messageId)
    else if (golden.faults.some(({ cure }) => cure === 'sender')) await proveRejected(golden, messageId)
    else await proveParked(golden, messageId)
  })
}

test('the audit is clean, and the bureau and the order system say the same', () => assertAgreement(pipeline))

async function proveIssued(draft: GoldenDraft, messageId: string): Promise<void> {
  const { result } = await pipeline.nextResult(draft.orderNo)
  const { invoices } = result
  assert.deepEqual([result.status, result.failure, result.messageId], ['issued', null, messageId])
  const gross = sumYuan(invoices.map(({ grossAmount }) => grossAmount))
  assert.equal(gross, grossOf(draft))
  if (draft.expectedGross !== null) assert.equal(gross, Decimal.of(draft.expectedGross).toFixed(2))
  for (const { netAmount, taxAmount, grossAmount, kind, buyer, seller } of invoices) {
    assert.equal(sumYuan([netAmount, taxAmount]), grossAmount)
    assert.equal(kind, draft.kind)
    assert.deepEqual([buyer.name.replace('（个人）', ''), buyer.taxNo], [draft.buyer.name, draft.buyer.taxNo])
    assert.equal(buyer.name.endsWith('（个人）'), draft.buyer.isPerson)
    assert.equal(seller.name, '示例销售有限公司')
  }
}

async function proveRejected(golden: Extract<Golden, { kind: 'faulty' }>, messageId: string): Promise<void> {
  const { result } = await pipeline.nextResultWhere(
    `of message ${messageId}`,
    (incoming) => incoming.result.messageId === messageId,
  )
  assert.deepEqual([result.status, result.orderNo, result.invoices], ['rejected', golden.orderNo, []])
  const faults = golden.faults.map(({ code, path, message, messageEn }) => ({ code, path, message, messageEn }))
  assert.deepEqual(result.failure?.faults, faults)
}

async function proveParked(golden: Extract<Golden, { kind: 'faulty' }>, messageId: string): Promise<void> {
  const { disposition } = await pipeline.settledMessage(messageId)
  assert.equal(disposition, 'accepted')
  const order = await pipeline.orderThat(golden.orderNo ?? '', 'to be parked', ({ parkCause }) => parkCause !== null)
  assert.equal(order.parkCause, golden.faults[0]?.parkCause)
  assert.deepEqual(
    order.faults.map(({ code, path }) => ({ code, path })),
    golden.faults.map(({ code, path }) => ({ code, path })),
  )
}

/** What the buyer pays by the draft: amounts less discounts, plus freight. */
function grossOf({ lines, shipping, orderDiscount }: GoldenDraft): string {
  const all = shipping === null ? lines : [...lines, shipping]
  const sum = all.reduce((total, line) => {
    const amount = Decimal.of(line.amount)
    const discount =
      line.discountRate === null
        ? Decimal.of(line.discountAmount ?? '0')
        : amount.times(Decimal.of(line.discountRate)).round(2)
    return total.plus(amount).minus(discount)
  }, Decimal.of('0'))
  return sum.minus(Decimal.of(orderDiscount ?? '0')).toFixed(2)
}

function loadExamples(businessType: string) {
  const folder = join(DEFINITIONS_FOLDER, businessType, 'examples')
  return readdirSync(folder)
    .filter((file) => file.endsWith('.order.json'))
    .sort()
    .map((file) => {
      const example = file.slice(0, -'.order.json'.length)
      // The mappings' own tests hold the golden files to what the engine makes.
      const golden = JSON.parse(readFileSync(join(folder, `${example}.draft.json`), 'utf8')) as Golden
      return { name: `${businessType} ${example}`, businessType, body: readFileSync(join(folder, file)), golden }
    })
}
