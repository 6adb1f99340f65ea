/**
 * Everything that is known of an invoice number, for the person who decides: every batch that its bytes went in, all
 * attempts with what they were answered, polls, incidents, and what people did. No payloads: hashes stand for the bytes.
 */
import type pg from 'pg'
import type { Evidence } from '../../../connector/issuing/doubt-ports.js'
import { run, type Statement } from '../statement.js'
import { WAITING } from './lock-doubt.js'

const LOAD_EVIDENCE: Statement = {
  name: 'doubts.load_evidence',
  text: `
    select json_build_object(
      'invoiceNumber', i.invoice_number, 'invoiceId', i.id, 'orderKey', o.order_key, 'taxNo', u.tax_no,
      'state', i.state, 'grossAmount', i.gross_amount::text, 'issuedAt', i.issued_at,
      'frozenSha256', (
        select n.frozen_sha256 from upload_items n where n.batch_id = i.batch_id and n.invoice_id = i.id),
      'segment', (
        select json_build_object('first', s.first_number, 'last', s.last_number, 'grantedAt', s.granted_at)
        from number_segments s where s.id = i.segment_id),
      'batches', (
        select json_agg(json_build_object(
          'id', b.id, 'parentId', b.parent_id, 'state', b.state, 'size', b.size, 'position', n.position,
          'createdAt', b.created_at, 'doubtSince', b.doubt_since, 'receiptNo', b.receipt_no,
          'acceptedAt', b.accepted_at, 'polls', b.polls, 'parkCause', b.park_cause, 'attempts', (
            select coalesce(json_agg(json_build_object(
              'no', a.attempt_no, 'startedAt', a.started_at, 'finishedAt', a.finished_at, 'outcome', a.outcome,
              'leftProcess', a.left_process, 'receiptNo', a.receipt_no, 'requestId', a.request_id, 'answer', a.answer
            ) order by a.attempt_no), '[]') from upload_attempts a where a.batch_id = b.id)
        ) order by b.created_at, b.id)
        from upload_items n join upload_batches b on b.id = n.batch_id
        where n.invoice_id = i.id and n.invoice_number = i.invoice_number),
      'incidents', (
        select coalesce(json_agg(json_build_object(
          'kind', c.kind, 'firstAt', c.first_at, 'lastAt', c.last_at, 'count', c.count, 'detail', c.detail,
          'closedAt', c.closed_at) order by c.first_at), '[]')
        from incidents c
        where c.invoice_id = i.id or (c.invoice_id is null and c.batch_id in (
          select n.batch_id from upload_items n where n.invoice_id = i.id))),
      'actions', (
        select coalesce(json_agg(json_build_object(
          'id', a.id::text, 'at', a.at, 'kind', a.kind, 'actor', a.actor, 'approver', a.approver, 'reason', a.reason,
          'detail', a.detail) order by a.id), '[]')
        from actions a where a.subject = i.invoice_number)
    ) as evidence
    from invoices i join orders o on o.id = i.order_id join using_units u on u.id = i.using_unit_id
    where i.invoice_number = $1
    order by (${WAITING}) desc, i.is_number_held desc, i.id desc
    limit 1`,
}

export async function loadEvidence(pool: pg.Pool, invoiceNumber: string): Promise<Evidence | null> {
  const [row] = await run<{ evidence: Evidence }>(pool, LOAD_EVIDENCE, [invoiceNumber])
  return row?.evidence ?? null
}
