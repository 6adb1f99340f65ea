/**
 * In doubt, variant by variant: what an odd answer makes of a batch, for as long as the doubt lasts. Same number, same
 * bytes, nobody told more than is certain, and everybody told once.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { accepted, HELD, HOUR_MS, LOST, MINUTE_MS, results, setupDoubt } from '../testing/doubt-bench.js'
import type { BureauFailure } from './bureau.js'
import { CommitUnknown, type TransactionName } from './transaction.js'

test('an upload whose answers are lost goes out again with the same bytes after 15 s, 60 s, 5 min, 15 min, 30 min …', async (t) => {
  const bench = await setupDoubt(t, { orderCount: 2 })

  await bench.pass(21 * MINUTE_MS + 15_000, 15_000)

  assert.equal(bench.uploads.length, 5)
  assert.equal(new Set(bench.uploads.map((texts) => texts.join())).size, 1)
  assert.deepEqual(await bench.invoices(), ['in_doubt', 'in_doubt'])
  assert.deepEqual(await bench.results(), [])
  await bench.assertClean()
})

test('a repetition that is answered 03 tells of our own earlier success, once', async (t) => {
  const bench = await setupDoubt(t)
  const [number = ''] = bench.numbers
  await bench.pass(0)
  bench.bureau.upload = () => accepted('second')
  bench.bureau.query = () => results([number, 'repeated', '重复上传'])

  await bench.pass(5 * MINUTE_MS)

  assert.deepEqual(await bench.attempts(), ['in_doubt', 'accepted'])
  assert.deepEqual(
    (await bench.results()).map(({ status }) => status),
    ['issued'],
  )
  await bench.assertClean()
})

test('03 on a first send is an incident: nobody is told, number and quota stay', async (t) => {
  const bench = await setupDoubt(t)
  const [number = ''] = bench.numbers
  bench.bureau.upload = () => accepted('first')
  bench.bureau.query = () => results([number, 'repeated', '重复上传'])

  await bench.pass(5 * MINUTE_MS)

  assert.deepEqual(await bench.invoices(), ['needs_person'])
  assert.deepEqual(await bench.results(), [])
  await bench.assertClean()
})

test('a first call refused with the words that a number exists is divided; the one that is held waits for a person', async (t) => {
  const bench = await setupDoubt(t, { orderCount: 3 })
  const [, held = ''] = bench.numbers
  bench.bureau.upload = (numbers) => (numbers.includes(held) ? HELD : accepted(numbers.join()))
  bench.bureau.query = (receiptNo) => results([receiptNo, 'issued'])

  await bench.pass(5 * MINUTE_MS)

  assert.deepEqual(await bench.invoices(), ['issued', 'needs_person', 'issued'])
  assert.deepEqual(await bench.batches(), ['3 divided', '1 settled', '1 needs_person', '1 settled'])
  assert.deepEqual(bench.reports, ['number_held_at_first'])
  await bench.assertClean()
})

test('a call in doubt that is refused with the words that a number exists goes one by one, each in doubt, same bytes', async (t) => {
  const bench = await setupDoubt(t, { orderCount: 4 })
  const [stored = '', alsoStored = ''] = bench.numbers
  const first = await firstUpload(bench)
  bench.bureau.upload = (numbers) => {
    return numbers.some((number) => number === stored || number === alsoStored) ? HELD : accepted(numbers.join())
  }
  bench.bureau.query = (receiptNo) => results([receiptNo, 'issued'])
  await bench.pass(2 * MINUTE_MS)
  const early = await bench.invoices()

  // Single answers tell: the bureau names each of the two by 03.
  bench.bureau.upload = (numbers) => accepted(`again ${numbers.join()}`)
  bench.bureau.query = (receiptNo) => results([receiptNo.slice(6), 'repeated'])
  await bench.pass(10 * MINUTE_MS)

  assert.deepEqual(early, ['in_doubt', 'in_doubt', 'issued', 'issued'])
  assert.deepEqual(await bench.invoices(), ['issued', 'issued', 'issued', 'issued'])
  assert.ok(bench.uploads.flat().every((text) => first.includes(text)))
  assert.equal((await bench.results()).length, 4)
  await bench.assertClean()
})

test('a call in doubt that is refused for one guilty invoice is halved: the innocent are issued, the guilty stays in doubt', async (t) => {
  const bench = await setupDoubt(t, { orderCount: 4 })
  const [, , guilty = ''] = bench.numbers
  await firstUpload(bench)
  bench.bureau.upload = (numbers) => (numbers.includes(guilty) ? refused('购买方名称不合规') : accepted(numbers.join()))
  bench.bureau.query = (receiptNo) => results(...receiptNo.split(',').map((each) => [each, 'issued'] as const))

  await bench.pass(10 * MINUTE_MS)

  assert.deepEqual(await bench.invoices(), ['issued', 'issued', 'in_doubt', 'issued'])
  assert.equal((await bench.results()).length, 3)
  await bench.assertClean()
})

for (const answer of [
  { kind: 'never_sent', code: 'BUR-NET-refused', message: '', retryAfterMs: null },
  { kind: 'rate_limited', code: 'BUR-RETURN-01', message: '', retryAfterMs: 1_000 },
  { kind: 'unit_fault', code: 'BUR-4057', message: '', park: 'unit_key_fault' },
] as const satisfies readonly BureauFailure[]) {
  test(`what is in doubt stays in doubt when its repetition is answered ${answer.kind}`, async (t) => {
    const bench = await setupDoubt(t)
    await firstUpload(bench)
    bench.bureau.upload = () => answer

    await bench.pass(MINUTE_MS)

    assert.deepEqual(await bench.invoices(), ['in_doubt'])
    const { rows } = await bench.pool.query('select was_in_doubt from upload_batches')
    assert.deepEqual(rows, [{ was_in_doubt: true }])
    await bench.assertClean()
  })
}

test('in doubt and then refused by number: failed, for the bureau has said so of this number', async (t) => {
  const bench = await setupDoubt(t)
  const [number = ''] = bench.numbers
  await firstUpload(bench)
  bench.bureau.upload = () => accepted('second')
  bench.bureau.query = () => results([number, 'refused', '税率不正确'])

  await bench.pass(5 * MINUTE_MS)

  assert.deepEqual(
    (await bench.results()).map(({ status }) => status),
    ['failed'],
  )
  await bench.assertClean()
})

test('a receipt that another batch had is not trusted, whenever it comes', async (t) => {
  const bench = await setupDoubt(t)
  const [number = ''] = bench.numbers
  await bench.pool.query(
    'insert into upload_receipts (direct_unit_id, receipt_no, batch_id) values ($1, $2, gen_random_uuid())',
    [bench.unit.direct.id, 'of another'],
  )
  bench.bureau.upload = () => accepted('of another')
  bench.bureau.query = () => results([number, 'issued'])
  await bench.pass(0)
  const early = [await bench.batches(), await bench.attempts()]
  bench.bureau.upload = () => accepted('our own')

  await bench.pass(5 * MINUTE_MS)

  assert.deepEqual(early, [['1 in_doubt'], ['in_doubt']])
  assert.deepEqual(await bench.invoices(), ['issued'])
  await bench.assertClean()
})

test('the receipt that our own batch had before is trusted again', async (t) => {
  const bench = await setupDoubt(t)
  const [number = ''] = bench.numbers
  bench.bureau.upload = () => accepted('the same')
  await bench.pass(9 * MINUTE_MS)
  bench.bureau.query = () => results([number, 'issued'])

  await bench.pass(HOUR_MS, 10 * MINUTE_MS)

  assert.deepEqual(await bench.attempts(), ['accepted', 'accepted'])
  assert.deepEqual(await bench.invoices(), ['issued'])
  await bench.assertClean()
})

test('half a list: what it names is told, the rest is waited for', async (t) => {
  const bench = await setupDoubt(t, { orderCount: 2 })
  const [first = '', second = ''] = bench.numbers
  bench.bureau.upload = () => accepted('one')
  bench.bureau.query = () => results([first, 'issued'])
  await bench.pass(MINUTE_MS)
  const early = await bench.invoices()
  bench.bureau.query = () => results([first, 'issued'], [second, 'issued'])

  await bench.pass(HOUR_MS)

  assert.deepEqual(early, ['issued', 'accepted'])
  assert.deepEqual(await bench.invoices(), ['issued', 'issued'])
  await bench.assertClean()
})

test('an unknown number in the list: nothing of it is taken, and somebody is told', async (t) => {
  const bench = await setupDoubt(t)
  const [number = ''] = bench.numbers
  bench.bureau.upload = () => accepted('one')
  bench.bureau.query = () => results([number, 'issued'], ['00009999999999999999', 'issued'])

  await bench.pass(2 * MINUTE_MS)

  assert.deepEqual(await bench.invoices(), ['accepted'])
  assert.deepEqual(bench.reports, ['stranger_named'])
  await bench.assertClean()
})

test('answers that speak only of others: asked once more, then the bytes go out again', async (t) => {
  const bench = await setupDoubt(t)
  const [number = ''] = bench.numbers
  bench.bureau.upload = () => accepted('one')
  bench.bureau.query = () => results(['00009999999999999999', 'issued'])
  await bench.pass(30_000, 5_000)
  const early = await bench.invoices()
  bench.bureau.upload = () => accepted('two')
  bench.bureau.query = () => results([number, 'issued'])

  await bench.pass(5 * MINUTE_MS)

  assert.deepEqual(early, ['in_doubt'])
  assert.deepEqual(await bench.invoices(), ['issued'])
  await bench.assertClean()
})

test('a receipt that the bureau does not know for minutes may be another unit’s: the bytes go out again, ever more rarely', async (t) => {
  const bench = await setupDoubt(t)
  const [number = ''] = bench.numbers
  let receiptCount = 0
  bench.bureau.upload = () => accepted(`receipt ${++receiptCount}`)
  await bench.pass(4 * MINUTE_MS)
  const early = bench.uploads.length
  await bench.pass(20 * MINUTE_MS)
  const late = bench.uploads.length
  bench.bureau.query = () => results([number, 'repeated', '重复上传'])

  await bench.pass(30 * MINUTE_MS)

  assert.deepEqual([early, late], [1, 3])
  assert.equal(new Set(bench.uploads.map((texts) => texts.join())).size, 1, 'the same bytes')
  assert.deepEqual(await bench.invoices(), ['issued'])
  await bench.assertClean()
})

test('a refusal beside another word about its number is not taken back: nothing of that answer is believed', async (t) => {
  const bench = await setupDoubt(t)
  const [number = ''] = bench.numbers
  bench.bureau.upload = () => accepted('first')
  // Each time the first question is answered in two ways, and the second one, about the refusal, in neither.
  let questionCount = 0
  bench.bureau.query = () => {
    questionCount += 1
    return questionCount % 2 === 1 ? results([number, 'refused'], [number, 'issued']) : results([number, 'pending'])
  }

  await bench.pass(5 * MINUTE_MS)

  assert.deepEqual(await bench.invoices(), ['accepted'])
  assert.deepEqual(await bench.results(), [])
  await bench.assertClean()
})

test('a refusal that the next answer takes back is none', async (t) => {
  const bench = await setupDoubt(t)
  const [number = ''] = bench.numbers
  let queryCount = 0
  bench.bureau.upload = () => accepted('one')
  bench.bureau.query = () => {
    queryCount += 1
    return results([number, queryCount === 1 ? 'refused' : 'issued'])
  }

  await bench.pass(5 * MINUTE_MS)

  assert.deepEqual(await bench.invoices(), ['issued'])
  await bench.assertClean()
})

test('a code that no document lists is no verdict', async (t) => {
  const bench = await setupDoubt(t)
  const [number = ''] = bench.numbers
  bench.bureau.upload = () => accepted('one')
  bench.bureau.query = () => results([number, 'unknown'])

  await bench.pass(HOUR_MS)

  assert.deepEqual(await bench.invoices(), ['accepted'])
  await bench.assertClean()
})

test('pending for the twelve hours of the window: uploaded again, and 03 tells', async (t) => {
  const bench = await setupDoubt(t)
  const [number = ''] = bench.numbers
  bench.bureau.upload = () => accepted('one')
  bench.bureau.query = () => results([number, 'pending'])
  await bench.pass(12 * HOUR_MS - 11 * MINUTE_MS, 10 * MINUTE_MS)
  const early = bench.uploads.length
  bench.bureau.upload = () => accepted('two')
  bench.bureau.query = (receiptNo) => results([number, receiptNo === 'two' ? 'repeated' : 'pending'])

  await bench.pass(HOUR_MS, 10 * MINUTE_MS)

  assert.deepEqual([early, bench.uploads.length], [1, 2])
  assert.deepEqual(await bench.invoices(), ['issued'])
  await bench.assertClean()
})

test('after the window only what is open goes out again: the number of a refused one may be another’s by now', async (t) => {
  const bench = await setupDoubt(t, { orderCount: 3 })
  const [done = '', failed = '', pending = ''] = bench.numbers
  bench.bureau.upload = (numbers) => accepted(numbers.join())
  bench.bureau.query = (receiptNo) =>
    receiptNo === pending
      ? results([pending, 'repeated'])
      : results([done, 'issued'], [failed, 'refused'], [pending, 'pending'])

  await bench.pass(13 * HOUR_MS, 10 * MINUTE_MS)

  assert.deepEqual(
    bench.uploads.map((texts) => texts.length),
    [3, 1],
  )
  assert.deepEqual(bench.uploads[1], bench.uploads[0]?.slice(2))
  assert.deepEqual(await bench.invoices(), ['issued', 'rejected', 'issued'])
  assert.deepEqual(await bench.batches(), ['3 settled', '1 settled'])
  await bench.assertClean()
})

for (const [what, answer] of [
  ['lost', LOST],
  ['never given: accepted and pending for ever', accepted('for ever')],
] as const) {
  test(`answers that stay ${what}: a person after 24 h, number and quota as they were`, async (t) => {
    const bench = await setupDoubt(t)
    const [number = ''] = bench.numbers
    bench.bureau.upload = () => answer
    bench.bureau.query = () => results([number, 'pending'])
    await bench.pass(23 * HOUR_MS, 10 * MINUTE_MS)
    const early = await bench.invoices()

    await bench.pass(2 * HOUR_MS, 10 * MINUTE_MS)
    const uploadCount = bench.uploads.length
    await bench.pass(5 * HOUR_MS, 10 * MINUTE_MS)

    assert.notDeepEqual(early, ['needs_person'])
    assert.deepEqual(await bench.invoices(), ['needs_person'])
    assert.equal(bench.uploads.length, uploadCount, 'nothing is sent any more')
    assert.deepEqual(bench.reports, ['doubt_too_long'])
    assert.deepEqual(await bench.results(), [])
    await bench.assertClean()
  })
}

for (const name of ['upload.open', 'upload.conclude', 'poll.settle'] as const) {
  test(`the answer to the commit of ${name} is lost: read back, sent once, told once`, async (t) => {
    const bench = await setupDoubt(t, { orderCount: 2 })
    loseCommit(bench.deps, name)
    bench.bureau.upload = (numbers) => accepted(numbers.join())
    bench.bureau.query = (receiptNo) => results(...receiptNo.split(',').map((each) => [each, 'issued'] as const))

    await bench.pass(5 * MINUTE_MS)

    assert.equal(bench.uploads.length, 1)
    assert.deepEqual(await bench.attempts(), ['accepted'])
    assert.equal((await bench.results()).length, 2)
    await bench.assertClean()
  })
}

test('the answer to the commit of a division is lost: nothing is divided twice', async (t) => {
  const bench = await setupDoubt(t, { orderCount: 2 })
  loseCommit(bench.deps, 'upload.conclude')
  bench.bureau.upload = (numbers) => (numbers.length > 1 ? refused('购买方名称不合规') : accepted(numbers.join()))
  bench.bureau.query = (receiptNo) => results([receiptNo, 'issued'])
  await bench.pass(0)
  assert.deepEqual(await bench.batches(), ['2 divided', '1 reserved', '1 reserved'])
  await bench.pool.query('update upload_batches set leased_until = null where leased_until is not null')

  await bench.pass(5 * MINUTE_MS)

  assert.deepEqual(await bench.invoices(), ['issued', 'issued'])
  await bench.assertClean()
})

function refused(message: string): BureauFailure {
  return { kind: 'refused', code: 'BUR-RETURN-01', message, requestId: 'R-refused', park: null }
}

/** The first upload leaves, and its answer is lost. */
async function firstUpload(bench: Awaited<ReturnType<typeof setupDoubt>>): Promise<readonly string[]> {
  await bench.pass(0)
  return bench.uploads[0] ?? []
}

/** The work of the next transaction of this name is stored, but the answer says nothing. */
function loseCommit(deps: Awaited<ReturnType<typeof setupDoubt>>['deps'], name: TransactionName): void {
  const { database } = deps.store
  let isLost = false
  deps.store = {
    ...deps.store,
    database: {
      isOutage: (error) => database.isOutage(error),
      async transaction(of, work) {
        const value = await database.transaction(of, work)
        if (of !== name || isLost) return value
        isLost = true
        throw new CommitUnknown(new Error('the connection broke'))
      },
    },
  }
}
