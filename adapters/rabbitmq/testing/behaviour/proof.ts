/** What the proofs of the behaviours have in common. */
import assert from 'node:assert/strict'
import { Socket } from 'node:net'
import type { Channel, ConfirmChannel, Message, Options } from 'amqplib'
import type { Ground } from '../ground.js'

export interface Behaviour {
  promise: string
  prove(ground: Ground, url: string): Promise<void>
}

export const CLASSIC = { 'x-queue-type': 'classic' }
export const QUORUM = { 'x-queue-type': 'quorum' }

export function publish(channel: ConfirmChannel, exchange: string, key: string, body: string): void {
  channel.publish(exchange, key, Buffer.from(body))
}

/** Null when confirmed, the error when refused. */
export function confirm(
  channel: ConfirmChannel,
  exchange: string,
  key: string,
  body: string,
  options: Options.Publish = {},
): Promise<unknown> {
  return new Promise((resolve) => channel.publish(exchange, key, Buffer.from(body), options, resolve))
}

export async function openChannel(ground: Ground): Promise<Channel> {
  const channel = await (await ground.connect()).createChannel()
  channel.on('error', () => {})
  return channel
}

export function whenClosed(channel: Channel): Promise<unknown> {
  return new Promise((resolve) => channel.once('error', (error) => resolve(Reflect.get(error, 'code'))))
}

export function messageOf<T extends Message>(message: T | null | undefined): T {
  assert.ok(message)
  return message
}

export function textOf(message: Message): string {
  return message.content.toString()
}

export function socketOf(model: { connection: object }): Socket {
  const socket: unknown = Reflect.get(model.connection, 'stream')
  assert.ok(socket instanceof Socket)
  return socket
}
