/**
 * Changes only of what the caller has seen: the `ETag` of a record is its version, and whoever changes or deletes the record
 * sends it back in `If-Match` (RFC 9110 §13, RFC 6585).
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import Type from 'typebox'
import { Refusal } from '../connector/kernel/refusal.js'

/** Headers of every change; the absence is refused with 428, so the schema does not require it. */
export const IF_MATCH = Type.Object({
  'if-match': Type.Optional(Type.String({ maxLength: 40, description: 'the ETag of the record as it was read' })),
})

const ETAG = /^"(\d{1,9})"$/

export function giveVersion(reply: FastifyReply, version: number): void {
  reply.header('etag', `"${version}"`)
}

/** Errors: Refusal `API-precondition`, 428 without the header, 400 when it is no ETag of ours. */
export function versionOf({ headers }: FastifyRequest): number {
  const given = headers['if-match']
  const [, version] = given === undefined ? [] : (ETAG.exec(given) ?? [])
  if (version !== undefined) return Number(version)
  throw new Refusal(given === undefined ? 'unconditional' : 'unreadable', {
    code: 'API-precondition',
    message: '修改与删除须在 If-Match 中给出读取记录时的 ETag',
    messageEn: 'a change needs If-Match with the ETag that came with the record',
  })
}
