/**
 * The wire of AMQP 0-9-1 as the dev broker needs it: bytes to frames and back.
 *
 * Methods and properties are coded by amqplib's own generated tables. Its package exports only the front door, so they
 * are reached by path; that holds because amqplib is pinned to one exact version.
 */
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const PROTOCOL_HEADER = Buffer.from('AMQP\x00\x00\x09\x01', 'latin1')
/** Type, channel and size stand before the payload of a frame, one end byte after it. */
const FRAME_HEADER_BYTE_COUNT = 7
const FRAME_END = 0xce
export const FRAME_BYTE_COUNT_MAX = 131_072
/** Frame types; the greeting is the protocol header, which the reader hands over as a frame of its own. */
export const FRAME = { greeting: 0, method: 1, header: 2, body: 3, heartbeat: 8 } as const
/** The one class of methods whose messages have content. */
const BASIC_CLASS = 60
/** Class, weight and body size stand before the properties in a content header. */
const CONTENT_HEADER_BYTE_COUNT = 12

export type Table = Record<string, unknown>

/** The arguments of all methods that a client may send; the codec sets those of the method at hand. */
export type Arguments = Record<'exchange' | 'type' | 'queue' | 'routingKey' | 'consumerTag' | 'virtualHost', string> &
  Record<'passive' | 'exclusive' | 'mandatory' | 'noAck' | 'multiple' | 'requeue', boolean> &
  Record<'heartbeat' | 'prefetchCount' | 'deliveryTag', number> & { arguments: Table; response: Buffer }

interface Definitions extends Table {
  encodeMethod(id: number, channel: number, fields: Table): Buffer
  encodeProperties(classId: number, channel: number, size: number, fields: Table): Buffer
  decode(id: typeof BASIC_CLASS, bytes: Buffer): Table
  decode(id: number, bytes: Buffer): Arguments
  info(id: number): { name: string }
}

const load = createRequire(import.meta.url)
const definitions: Definitions = load(join(dirname(load.resolve('amqplib')), 'lib', 'defs.js'))

/** A reader for one connection: takes chunks, gives whole frames. Errors: RangeError on what is not AMQP 0-9-1. */
export function makeFrameReader(onFrame: (type: number, channel: number, payload: Buffer) => void) {
  let rest: Buffer = Buffer.alloc(0)
  let isGreeted = false
  return (chunk: Buffer): void => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    if (!isGreeted && rest.length >= PROTOCOL_HEADER.length) {
      isGreeted = rest.subarray(0, PROTOCOL_HEADER.length).equals(PROTOCOL_HEADER)
      if (!isGreeted) throw new RangeError('not AMQP 0-9-1')
      onFrame(FRAME.greeting, 0, PROTOCOL_HEADER)
      rest = rest.subarray(PROTOCOL_HEADER.length)
    }
    while (isGreeted && rest.length >= FRAME_HEADER_BYTE_COUNT) {
      const end = FRAME_HEADER_BYTE_COUNT + rest.readUInt32BE(3)
      if (end >= FRAME_BYTE_COUNT_MAX) throw new RangeError('frame too large')
      if (rest.length <= end) break
      if (rest[end] !== FRAME_END) throw new RangeError('frame without end')
      onFrame(rest.readUInt8(0), rest.readUInt16BE(1), rest.subarray(FRAME_HEADER_BYTE_COUNT, end))
      rest = rest.subarray(end + 1)
    }
  }
}

export function decodeMethod(payload: Buffer): { id: number; name: string; args: Arguments } {
  const id = payload.readUInt32BE(0)
  return { id, name: definitions.info(id).name, args: definitions.decode(id, payload.subarray(4)) }
}

export function encodeMethod(name: string, channel: number, fields: Table): Buffer {
  return definitions.encodeMethod(Number(definitions[name]), channel, fields)
}

export function encodeFrame(type: number, channel: number, payload: Buffer): Buffer {
  const frame = Buffer.allocUnsafe(FRAME_HEADER_BYTE_COUNT + payload.length + 1)
  frame.writeUInt8(type, 0)
  frame.writeUInt16BE(channel, 1)
  frame.writeUInt32BE(payload.length, 3)
  payload.copy(frame, FRAME_HEADER_BYTE_COUNT)
  frame.writeUInt8(FRAME_END, frame.length - 1)
  return frame
}

/** Body size that a content header announces. */
export function bodySizeOf(header: Buffer): number {
  return Number(header.readBigUInt64BE(4))
}

/** The same content header with other message headers. */
export function changeHeaders(header: Buffer, change: (headers: Table) => Table): Buffer {
  const properties = definitions.decode(BASIC_CLASS, header.subarray(CONTENT_HEADER_BYTE_COUNT))
  const headers = change(isTable(properties.headers) ? properties.headers : {})
  const frame = definitions.encodeProperties(BASIC_CLASS, 0, bodySizeOf(header), { ...properties, headers })
  return frame.subarray(FRAME_HEADER_BYTE_COUNT, frame.length - 1)
}

export function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
