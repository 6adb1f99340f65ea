/**
 * How an answer arrives, or fails to: at once, late, in drops, never, or with the connection cut.
 *
 * Invariant: every timer is gone after `stop`.
 */
import type { ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import type { Outcome } from './bureau.js'
import type { FaultTiming } from './settings.js'

export interface Delivery {
  deliver(response: ServerResponse, outcome: Outcome): void
  stop(): void
}

export function makeDelivery(timing: () => FaultTiming): Delivery {
  const timers = new Set<NodeJS.Timeout>()

  function deliver(response: ServerResponse, outcome: Outcome): void {
    const { socket } = response
    if (outcome.kind === 'reset') {
      socket?.resetAndDestroy()
      return
    }
    const { lateMs, lostHoldMs } = timing()
    if (outcome.kind === 'silence') {
      later(lostHoldMs, () => socket?.destroy())
      return
    }
    if (outcome.pace === 'late') {
      later(lateMs, () => send(response, outcome))
      return
    }
    send(response, outcome)
  }

  function send(response: ServerResponse, outcome: Outcome & { kind: 'answer' }): void {
    const plain = typeof outcome.body === 'string' ? Buffer.from(outcome.body, 'utf8') : outcome.body
    const bytes = outcome.isCompressed ? gzipSync(plain) : plain
    if (outcome.isCompressed) response.setHeader('Content-Encoding', 'gzip')
    response.writeHead(outcome.status, { 'Content-Type': outcome.contentType, 'Content-Length': bytes.length })
    if (outcome.pace === 'drip') drip(response, bytes)
    else response.end(bytes)
  }

  function drip(response: ServerResponse, rest: Buffer): void {
    const { dripMs, dripBytes } = timing()
    if (rest.length <= dripBytes || response.destroyed) {
      response.end(rest)
      return
    }
    response.write(rest.subarray(0, dripBytes))
    later(dripMs, () => drip(response, rest.subarray(dripBytes)))
  }

  function later(delayMs: number, act: () => void): void {
    const timer = setTimeout(() => {
      timers.delete(timer)
      act()
    }, delayMs)
    timers.add(timer)
  }

  return {
    deliver,
    stop() {
      for (const timer of timers) clearTimeout(timer)
      timers.clear()
    },
  }
}
