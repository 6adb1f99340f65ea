/**
 * The operator's workbench, through the real broker: what the broker gave up on and what a mapping could not place is
 * found, corrected, rehearsed and released, and ends as if it had never stopped.
 */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, describe, test } from 'node:test'
import { startPipeline } from '../testing/pipeline.js'
import { assertAgreement } from '../testing/pipeline-agreement.js'
import { plainMapping, SELLERS } from '../testing/pipeline-settings.js'
import { aPlainOrder } from '../testing/plain-orders.js'

const BY = ['--by', '王运维'] as const
const CORRECTED = { version: 2, kinds: '{普票: ordinary, 专票: special, 电子: ordinary}' }

const pipeline = await startPipeline({ after })

// Alone: it takes what it finds in the queue.
test('what the broker gave up on is released after the mapping was corrected, and issued', async () => {
  const type = await addType()
  const order = aPlainOrder({ kind: '电子' })
  await pipeline.stop()
  const [messageId = ''] = await pipeline.orderSystem.publish({ businessType: type, body: order })
  await pipeline.orderSystem.refuseOne()
  await pipeline.start()
  const dead = await pipeline.settledMessage(messageId)
  assert.deepEqual([dead.disposition, dead.faults[0]?.code], ['dead', 'MSG-dead-letter'])

  const listed = await pipeline.cli('dead-letters', 'list', '--type', type)
  assert.match(listed.lines.join('\n'), /1 dead MSG-dead-letter/)
  const shown = await pipeline.cli('dead-letters', 'show', '--type', type)
  assert.match(shown.lines.join('\n'), /rejected, .*leqi\.orders/)
  assert.ok(!shown.lines.join('\n').includes(order.no), 'the body is shown to who asks for it only')
  const shownWhole = await pipeline.cli('dead-letters', 'show', '--type', type, '--body')
  assert.ok(shownWhole.lines.join('\n').includes(JSON.stringify(order)))

  const stored = await countRows(messageId)
  const early = await pipeline.cli('dead-letters', 'rehearse', '--type', type)
  assert.deepEqual([early.exitCode, early.lines.at(-1)?.trim()], [1, '1 parked mapping_fault'])
  await correctType(type)
  const rehearsal = await pipeline.cli('dead-letters', 'rehearse', '--type', type)
  assert.deepEqual([rehearsal.exitCode, rehearsal.lines.at(-1)?.trim()], [0, '1 mapped'])
  assert.match(rehearsal.lines[0] ?? '', new RegExp(`${order.no} → mapped 1 张 113.00`))
  assert.deepEqual(await countRows(messageId), stored, 'a rehearsal writes nothing')

  const released = await pipeline.cli('dead-letters', 'release', '--type', type, '--per-second', '10', ...BY)
  const { result } = await pipeline.nextResult(order.no)
  assert.equal(released.exitCode, 0)
  assert.deepEqual([result.status, result.messageId], ['issued', messageId])
  assert.equal((await pipeline.view.inbox()).filter((each) => each.messageId === messageId).length, 1)
})

describe('dead letters', { concurrency: true }, () => {
  test('orders that a mapping cannot place are held while it is corrected, and released at a rate', async () => {
    const type = await addType()
    const orders = Array.from({ length: 3 }, () => aPlainOrder({ kind: '电子' }))
    await pipeline.orderSystem.publish(...orders.map((body) => ({ businessType: type, body })))
    for (const { no } of orders) await pipeline.orderThat(no, 'waits', ({ parkCause }) => parkCause === 'mapping_fault')

    const corrected = await correctType(type, ['dead-letters', 'correct'], ['--type', type, ...BY])
    assert.equal(corrected.exitCode, 0)
    assert.match(corrected.lines.join('\n'), /3 mapped/)
    for (const { no } of orders) {
      const { parkCause } = await pipeline.orderThat(no, 'is held', ({ state }) => state === 'received')
      assert.equal(parkCause, 'manual_hold')
    }

    const released = await pipeline.cli('dead-letters', 'release', '--type', type, '--per-second', '2', ...BY)
    assert.deepEqual(
      released.lines.map((line) => line.split(' ')[0]),
      ['2', '3'],
    )
    for (const { no } of orders) assert.equal((await pipeline.nextResult(no)).result.status, 'issued')
  })

  test('a dead copy of an order that was issued is a duplicate, in the rehearsal and when it is released', async () => {
    const type = await addType()
    const order = aPlainOrder()
    await pipeline.orderSystem.publish({ businessType: type, body: order })
    assert.equal((await pipeline.nextResult(order.no)).result.status, 'issued')
    const copy = { businessType: type, body: order, headers: { source: 'bad source' } }
    const [messageId = ''] = await pipeline.orderSystem.publish(copy)
    assert.equal((await pipeline.settledMessage(messageId)).disposition, 'dead')
    // The sender wrote the header wrongly; nobody can mend it here but by hand, in the row.
    await pipeline.sql('update inbox_messages set source = $1 where message_id = $2', ['default', messageId])

    const rehearsal = await pipeline.cli('dead-letters', 'rehearse', '--type', type)
    assert.equal(rehearsal.lines.at(-1)?.trim(), '1 duplicate')
    await pipeline.cli('dead-letters', 'release', '--type', type, '--per-second', '1', ...BY)
    const again = await pipeline.until('a decision', async () => {
      const found = (await pipeline.view.inbox()).find((each) => each.messageId === messageId)
      return found?.disposition === 'duplicate' ? found : null
    })
    assert.equal(again.disposition, 'duplicate')
  })

  test('a discarded order is told to nobody, keeps its bytes, and is issued when it is released after all', async () => {
    const type = await addType()
    const order = aPlainOrder({ kind: '电子' })
    const [messageId = ''] = await pipeline.orderSystem.publish({ businessType: type, body: order })
    await pipeline.orderThat(order.no, 'waits', ({ parkCause }) => parkCause === 'mapping_fault')

    const without = await pipeline.cli('dead-letters', 'discard', '--type', type, ...BY)
    assert.equal(without.exitCode, 2, 'a discard needs a reason')
    await pipeline.cli('dead-letters', 'discard', '--type', type, '--reason', '三月的测试订单', ...BY)
    await correctType(type)
    const { parkCause } = await pipeline.orderThat(order.no, 'rests', ({ state }) => state === 'received')
    assert.equal(parkCause, 'discarded')
    const listed = await pipeline.cli('dead-letters', 'list', '--type', type, '--discarded')
    assert.match(listed.lines.join('\n'), /1 discarded MAP-/)
    const actions = await pipeline.sql<{ actor: string; reason: string }>(
      "select actor, reason from actions where kind = 'letters.discard' and detail->'ids' ? (select id::text from orders where order_no = $1)",
      [order.no],
    )
    assert.deepEqual(actions, [{ actor: '王运维', reason: '三月的测试订单' }])
    assert.ok(!pipeline.orderSystem.received.some(({ result }) => result.orderNo === order.no))

    await pipeline.cli('dead-letters', 'release', '--type', type, '--discarded', '--per-second', '1', ...BY)
    const { result } = await pipeline.nextResult(order.no)
    assert.deepEqual([result.status, result.messageId], ['issued', messageId])
  })

  test('an action on every letter must be meant, and a rate must be one', async () => {
    for (const args of [
      ['release', '--per-second', '10', ...BY],
      ['release', '--per-second', '0', '--type', 'x', ...BY],
      ['release', '--per-second', '10', '--type', 'x'],
      ['release', '--per-second', '10', '--type', 'x', '--all', ...BY],
      ['discard', '--reason', ' ', '--type', 'x', ...BY],
      ['list', '--cause', 'bad weather'],
    ]) {
      assert.equal((await pipeline.cli('dead-letters', ...args)).exitCode, 2, args.join(' '))
    }
  })
})

test('the audit is clean, and the bureau and the order system say the same', () => assertAgreement(pipeline))

/** A business type of its own, whose mapping does not know the kind 电子. */
async function addType(): Promise<string> {
  const code = `type-${randomBytes(4).toString('hex')}`
  await pipeline.apply(
    ({ businessTypes }, write) => {
      const mapping = write(`${code}.yaml`, plainMapping(code))
      businessTypes.push({ code, name: `业务${code.slice(-4)}`, seller: SELLERS.sales.taxNo, mapping })
    },
    ['--offline'],
  )
  return code
}

function correctType(code: string, verb?: readonly string[], flags: readonly string[] = []) {
  return pipeline.apply(
    (_, write) => write(`${code}.yaml`, plainMapping(code, CORRECTED)),
    ['--offline', ...flags],
    verb,
  )
}

/** What is stored about a message, in rows and versions of rows. */
function countRows(messageId: string) {
  return pipeline.sql(
    `select m.xmin::text, (select count(*) from orders o where o.inbox_id = m.id) as orders,
       (select count(*) from transitions t where m.id = any(t.entity_ids)) as moves
     from inbox_messages m where message_id = $1`,
    [messageId],
  )
}
