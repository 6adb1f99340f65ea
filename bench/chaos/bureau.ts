/** The bureau of a chaos run: the simulator in a process of its own, told by its control door to misbehave. */
import type { Book } from '../../adapters/leqi/simulator/book.js'
import type { FaultKind } from '../../adapters/leqi/simulator/faults.js'
import { SERVICES } from '../../adapters/leqi/wire.js'
import type { Dice } from './dice.js'
import { REFUSED_BUYER } from './orders.js'

/**
 * Not among them: a verdict that flips, because no connector can know that the truth was told wrongly the first time;
 * and a receipt that stays pending for ever, which ends after twelve hours.
 */
const ANYWHERE: readonly FaultKind[] = [
  'lost-before',
  'lost-after',
  'late',
  'garbage',
  'wrong-key',
  'code-500',
  'code-5001',
  'code-minus-1',
  'html',
  'unknown-code',
  'swapped-answer',
  'slow-drip',
  'connection-reset',
]
const AT_RESULTS: readonly FaultKind[] = ['half-list', 'unknown-number']
const TIMING = { lateMs: 3_000, lostHoldMs: 4_000, dripMs: 40, dripBytes: 64 }
const QUICK_VERDICTS = { minMs: 50, maxMs: 800, hiddenMs: 0 }
const SLOW_VERDICTS = { minMs: 3_000, maxMs: 9_000, hiddenMs: 2_000 }

export interface ChaosBureau {
  /** Another fault for one of the next calls; its name. */
  confuse(dice: Dice): Promise<string>
  hurry(isQuick: boolean): Promise<void>
  /** What it was asked to spoil and has not yet, it will not. */
  calm(): Promise<void>
  faultCounts(): Promise<Readonly<Record<string, number>>>
  book(): Promise<Book>
  /** The remark on a stored invoice: the number of its order. */
  remarkOf(number: string): Promise<string>
}

export async function openBureau(url: string): Promise<ChaosBureau> {
  async function call<T>(method: string, path: string, body?: object): Promise<T> {
    const response = await fetch(`${url}/_control/${path}`, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`)
    // The simulator's own door, whose answers its tests hold to these types.
    return (await response.json()) as T
  }
  const calm = () => call<void>('PUT', 'faults', { rules: [], timing: TIMING })
  const hurry = (isQuick: boolean) =>
    call<void>('PATCH', 'settings', { verdictDelay: isQuick ? QUICK_VERDICTS : SLOW_VERDICTS })
  await calm()
  await hurry(true)
  await call('POST', 'verdicts', {
    match: { buyerName: REFUSED_BUYER },
    status: '02',
    message: '购买方状态异常',
    times: 1_000_000,
  })
  return {
    async confuse(dice) {
      const service = dice.pick(SERVICES_BY_WEIGHT)
      const kinds = service === SERVICES.uploadResult ? [...ANYWHERE, ...AT_RESULTS] : ANYWHERE
      const kind = dice.pick(kinds)
      await call('POST', 'faults/next', { kind, service })
      return kind
    },
    hurry,
    calm,
    faultCounts: async () => (await call<{ faults: Record<string, number> }>('GET', 'counters')).faults,
    book: () => call('GET', 'book'),
    async remarkOf(number) {
      const { content } = await call<{ content: Record<string, unknown> }>('GET', `invoices/${number}`)
      return String(content.bz)
    },
  }
}

const SERVICES_BY_WEIGHT = [
  SERVICES.upload,
  SERVICES.upload,
  SERVICES.upload,
  SERVICES.uploadResult,
  SERVICES.uploadResult,
  SERVICES.claimNumbers,
  SERVICES.moveQuota,
  SERVICES.queryQuota,
]
