import assert from 'node:assert/strict'
import { test } from 'node:test'
import type pg from 'pg'
import { addUnit, withSchema } from '../../../connector/testing/database.js'
import { makeStory } from '../../../connector/testing/story.js'
import { tellEverything } from '../../../connector/testing/whole-story.js'
import { auditSchemaOf } from '../schema-name.js'
import { runAudit } from './audit.js'
import { AUDIT_CHECKS } from './checks.js'

/** What breaks each check: one statement, seen by that check among others. Triggers and checks of tables are off. */
const ISSUED = "(select id from invoices where state = 'issued' order by id limit 1)"
const FINAL = "(select id from outbox_events where state = 'published' order by id limit 1)"
const BREAKS: Record<string, string> = {
  'a message was accepted and its order is missing or belongs to another message':
    'update inbox_messages set order_id = gen_random_uuid() where id = (select inbox_id from orders limit 1)',
  'an order has no message that it was made from':
    'delete from inbox_messages where id = (select inbox_id from orders limit 1)',
  'a message is the duplicate or conflict of an order that does not exist':
    "update inbox_messages set disposition = 'duplicate', order_id = null where disposition = 'dead'",
  'the stored bytes of a message are not those that were received':
    "update inbox_messages set body = body || '\\x00'::bytea where disposition = 'dead'",
  'a message was given up, turned away or ignored without a reason':
    "update inbox_messages set faults = null where disposition = 'dead'",
  'something was discarded and nobody stands for it in the log of actions':
    "delete from actions where kind = 'letters.discard'",
  'a part of an order has more than one invoice that was not refused': `
    insert into invoices select (jsonb_populate_record(i, jsonb_build_object('id', gen_random_uuid(),
      'invoice_number', '00000000000000000001'))).* from invoices i where id = ${ISSUED}`,
  'an order key has several revisions that were not rejected': `
    insert into orders select (jsonb_populate_record(o, jsonb_build_object('id', gen_random_uuid(), 'revision', 2))).*
    from orders o where state = 'issued' limit 1`,
  'an order that was rejected has invoices':
    "update orders set state = 'rejected' where id = (select order_id from invoices limit 1)",
  'the parts of an order do not add up to it': `
    update invoices set gross_amount = gross_amount + 0.01
    where id = ${ISSUED}`,
  'net and tax of an invoice are not its gross': `
    update invoices set tax_amount = tax_amount + 0.01
    where id = ${ISSUED}`,
  'an invoice has not the content that was approved': `
    update invoice_contents set content = content || ' '
    where invoice_id = ${ISSUED}`,
  'an order was mapped by no version of a mapping':
    "update orders set mapping_version_id = null where state = 'issued'",
  'an order has several final results': `
    insert into outbox_events select (jsonb_populate_record(e, jsonb_build_object('id', gen_random_uuid(), 'seq', 2))).*
    from outbox_events e where id = ${FINAL}`,
  'a finished order has no final result, or an unfinished one has': `delete from outbox_events where id = ${FINAL}`,
  'the bytes of a result are not those that were written with the verdict': `
    update outbox_events set body = body || ' '
    where id = ${FINAL}`,
  'results of an order leave a gap, or a later one was confirmed before an earlier one': `
    update outbox_events set seq = 2
    where id = ${FINAL}`,
  'a correction corrects another result than the final one of its order, or before there is one': `
    insert into outbox_events select (jsonb_populate_record(e, jsonb_build_object('id', gen_random_uuid(), 'seq', 2,
      'kind', 'correction'))).* from outbox_events e where id = ${FINAL}`,
  'an order counts other results than it has': "update orders set event_seq = 3 where state = 'issued'",
  'a callback carried other bytes than the result': "update callback_attempts set body_sha256 = 'other'",
  'a result that travels by callback alone has no delivery, or a delivery has no result':
    "delete from callback_deliveries where event_id in (select id from outbox_events where state = 'by_callback')",
  'a delivery counts as delivered and no attempt was': 'delete from callback_attempts',
  'a callback of an order was delivered before an earlier one': `
    insert into callback_deliveries (event_id, endpoint, order_id, seq, state, created_at, delivered_at)
    select gen_random_uuid(), endpoint, order_id, 2, 'delivered', now(), delivered_at - interval '1 second'
    from callback_deliveries where state = 'delivered'`,
  'an invoice counts as issued although the bureau never accepted its batch': `
    update upload_batches set accepted_at = null where id = (select batch_id from invoices where id = ${ISSUED})`,
  'an invoice counts as refused without the bureau’s refusal':
    "update invoices set refusal = null where state = 'rejected'",
  'the end of an order is not what its parts say': "update orders set state = 'failed' where state = 'partly_issued'",
  'the last result of an order tells another end than it has': `
    update outbox_events set body = replace(body, '"status":"issued","occurredAt"', '"status":"failed","occurredAt"')
    where id = ${FINAL}`,
  'the last result of an order tells another invoice than was issued or refused': `
    update outbox_events set body = regexp_replace(body, '"invoiceNumber":"\\d+"', '"invoiceNumber":"1"')
    where id = ${FINAL}`,
  'a number left with two contents or for two invoices, without a refusal in between': `
    update upload_items set invoice_number = (select invoice_number from invoices where id = ${ISSUED})
    where invoice_id = (select id from invoices where state = 'issued' order by id desc limit 1)`,
  'a number belongs to two invoices': `
    update invoices set invoice_number = (select invoice_number from invoices where id = ${ISSUED})
    where id = (select id from invoices where state = 'issued' order by id desc limit 1)`,
  'an invoice has another number than its frozen bytes': `
    update upload_items set invoice_number = '1'
    where invoice_id = ${ISSUED}`,
  'frozen bytes were changed': `update upload_items set frozen = frozen || ' ' where invoice_id = ${ISSUED}`,
  'the hash of a batch is not that of the hashes of its items': "update upload_batches set frozen_sha256 = 'other'",
  'a number was used that its segment never handed out': 'update number_segments set next_offset = next_offset - 1',
  'a segment has other numbers than its size': `
    insert into number_returns (segment_id, invoice_number, invoice_id, batch_id, burned_reason)
    select segment_id, invoice_number, id, batch_id, 'twice' from invoices, generate_series(1, 2) where id = ${ISSUED}`,
  'a number was handed out and nobody has it': 'update number_segments set next_offset = next_offset + 1',
  'a segment counts other returned numbers than it has':
    'update number_segments set returned_count = returned_count + 1',
  'a segment and a granted claim do not belong together':
    "update bureau_moves set state = 'refused' where kind = 'number_claim'",
  'more quota was spent and reserved than was there':
    'update quota_ledger set available_delta = -1000000 where commit_seq = 2',
  'the entries of a quota do not balance':
    'update quota_ledger set settled_delta = settled_delta + 1 where commit_seq = 3',
  'a quota is not the sum of its entries': 'update credit_quotas set settled_amount = settled_amount + 1',
  'the invoices of a period do not add up to its quota': `
    update invoices set quota_amount = quota_amount + 1
    where id = ${ISSUED}`,
  'a move was made under an older fence than the move before it': `
    insert into transitions (entity, entity_ids, from_state, to_state, fence)
    select 'batch', array[id], 'settled', 'settled', fence - 1 from upload_batches where state = 'settled' and fence > 1
    union all
    select 'move', array[id], 'granted', 'granted', 9 from bureau_moves where state = 'granted'
    union all
    select 'move', array[id], 'granted', 'granted', 8 from bureau_moves where state = 'granted'`,
  'a move starts from another state than the move before it led to':
    "update transitions set from_state = 'rejected' where entity = 'event' and from_state = 'pending'",
  'the log of moves leads to another state than the present one': `
    update invoices set state = 'needs_person'
    where id = ${ISSUED}`,
  'an invoice is on its way in a batch that is closed': `update invoices set state = 'accepted' where id = ${ISSUED}`,
  'a batch is open and has nothing open in it, or counts it wrongly':
    "update upload_batches set open_count = 50 where state = 'in_doubt'",
  'an entry of the log of actions was changed, or one before it is missing': "update actions set reason = 'another'",
  'an invoice left the hands of people without two of them': `
    insert into transitions (entity, entity_ids, from_state, to_state)
    select 'invoice', array[id], 'needs_person', 'issued' from invoices where id = ${ISSUED}`,
  'the log of actions ends elsewhere than its chain': 'delete from actions where id = (select max(id) from actions)',
}

test('an audit of everything that may happen finds nothing, and counts it', async (t) => {
  const database = await withSchema(t)
  await tellEverything(database)

  const report = await runAudit(database.pool, database.schema)

  assert.deepEqual(report.violations, [])
  assert.equal(report.ok, true)
  assert.deepEqual(
    [report.counts.messages, report.counts.orders, report.counts.parkedMessages, report.counts.parkedInvoices],
    [73, 68, 1, 2],
  )
  const { issuedInvoices = 0, refusedInvoices = 0, invoicesInDoubt, batches = 0 } = report.counts
  assert.ok(issuedInvoices > 40 && refusedInvoices > 5 && batches > 10)
  assert.equal(invoicesInDoubt, 2)
})

test('every check sees what it is there for', async (t) => {
  const database = await withSchema(t)
  const { pool, schema } = database
  await tellEverything(database)
  await loosen(pool, schema)
  assert.deepEqual(Object.keys(BREAKS).sort(), AUDIT_CHECKS.map(({ what }) => what).sort())

  for (const [what, sql] of Object.entries(BREAKS)) {
    const seen = await seeBroken(pool, schema, what, sql)
    assert.ok(seen, `not seen: ${what}`)
  }
})

/** Lets wrong rows in: what the tables themselves refuse must be broken as well to prove that the audit would see it. */
async function loosen(pool: pg.Pool, schema: string): Promise<void> {
  await pool.query(`
    do $$ declare c record; begin
      for c in select conrelid::regclass as relation, conname from pg_constraint
        where connamespace = '${schema}'::regnamespace and contype in ('c', 'u', 'x', 'f')
      loop execute format('alter table %s drop constraint %I', c.relation, c.conname); end loop;
      for c in select indexrelid::regclass as relation from pg_index
        where indisunique and not indisprimary and indrelid in (
          select oid from pg_class where relnamespace = '${schema}'::regnamespace)
      loop execute format('drop index %s', c.relation); end loop;
    end $$;
    alter table actions disable trigger user`)
}

/** Breaks one thing, looks, and puts it back. */
async function seeBroken(pool: pg.Pool, schema: string, what: string, sql: string): Promise<boolean> {
  const check = AUDIT_CHECKS.find((each) => each.what === what)
  assert.ok(check !== undefined)
  const client = await pool.connect()
  try {
    await client.query('begin')
    await client.query(sql)
    const { rows } = await client.query(check.sql.replaceAll('{audit}', auditSchemaOf(schema)))
    return rows.length > 0 && rows[0].example !== null
  } finally {
    await client.query('rollback')
    client.release()
  }
}

test('a violation is told with its invariant, its count and at most five examples', async (t) => {
  const database = await withSchema(t)
  const story = makeStory(database.store, await addUnit(database.pool))
  await story.grantNumbers(10)
  await story.grantQuota('5000.00')
  await story.receive(7)
  await story.issueReady()
  await database.pool.query("update outbox_events set body = body || ' '")

  const report = await runAudit(database.pool, database.schema)

  assert.equal(report.ok, false)
  const [violation] = report.violations
  assert.deepEqual([violation?.invariant, violation?.count, violation?.examples.length], ['I7', 7, 5])
})

test('the questions that outsiders ask of the views find nothing', async (t) => {
  const database = await withSchema(t)
  const { pool, schema } = database
  await tellEverything(database)
  const audit = auditSchemaOf(schema)
  const questions = [
    `select order_key, split_no from ${audit}.invoices where state <> 'rejected' group by 1, 2 having count(*) > 1`,
    `select number from ${audit}.upload_attempts where left_process and outcome is distinct from 'refused_02'
     group by 1 having count(distinct content_sha256) > 1 or count(distinct invoice_id) > 1`,
    `select s.segment_id from ${audit}.segments s left join ${audit}.numbers n using (segment_id)
     group by s.segment_id, s.size having s.size <> count(n.number)`,
    `select order_key from ${audit}.outbox where kind = 'final' group by 1
     having count(distinct event_id) <> 1 or count(distinct body_sha256) <> 1`,
    `select entity_id from (select entity_id, fence, lag(fence) over (partition by entity, entity_id order by id) p
     from ${audit}.transitions) t where fence < p`,
    `select number from ${audit}.numbers where state not in ('free', 'reserved', 'sent', 'issued', 'burned')`,
    `select event_id from ${audit}.callback_attempts where outcome = 'delivered' group by 1
     having count(distinct body_sha256) <> 1`,
    `select action_id from ${audit}.actions where approved_by = actor`,
  ]

  for (const question of questions) assert.deepEqual((await pool.query(question)).rows, [], question)
  const events = await pool.query(`select distinct event from ${audit}.number_events order by 1`)
  assert.deepEqual(
    events.rows.map(({ event }) => event),
    ['frozen', 'issued', 'returned', 'taken_again'],
  )
})
