/**
 * The order system: what it publishes, and the mapping by which the connector reads it.
 *
 * An order's remark carries its number, its version and its mark through to the uploaded invoice, so that the bureau's
 * book can be compared with what was ordered. A mark says what shall happen to the order.
 */
import type { MapOutcome, OrderMapper } from '../../order/mapper.js'
import { CODES } from '../builders.js'
import { aDraft, aLine } from '../invoice-drafts.js'
import type { Dice } from './dice.js'
import type { Swarm } from './swarm.js'

export type Mark = 'plain' | 'deadly' | 'faulty' | 'waits' | 'refused' | 'partly' | 'refused-call' | 'refused-for-now'

interface PublishedOrder {
  orderNo: string
  version: number
  mark: Mark
  businessType: string
  lines: readonly { name: string; gross: string }[]
  body: Buffer
}

/** A message that the order system hands to the broker; `order` is null for bytes that are none. */
export interface Publication {
  id: string
  businessType: string
  body: Buffer
  order: PublishedOrder | null
  atMs: number
}

export function drawPublications(
  dice: Dice,
  swarm: Swarm,
  businessTypes: readonly [string, ...string[]],
): Publication[] {
  const publications: Publication[] = []
  const publish = (order: PublishedOrder | null, body: Buffer, businessType: string, atMs: number) => {
    publications.push({ id: `m${publications.length}`, businessType, body, order, atMs })
  }
  for (let count = 0; count < swarm.orderCount; count += 1) {
    const businessType = dice.pick(businessTypes)
    const atMs = dice.between(0, swarm.spanMs)
    if (dice.chance(swarm.rates.poison)) {
      publish(null, Buffer.from(dice.pick(['', '{"id":', '\u0000', '[1,2'])), businessType, atMs)
      continue
    }
    const order = drawOrder(dice, swarm, `A${count}`, 1, businessType)
    publish(order, order.body, businessType, atMs)
    while (dice.chance(swarm.rates.duplicate)) {
      const copy = dice.chance(0.5) ? order.body : Buffer.from(`${order.body.toString()} `)
      publish(order, copy, businessType, atMs + dice.spread(1, 60_000))
    }
    if (dice.chance(swarm.rates.conflict)) {
      const other = drawOrder(dice, swarm, order.orderNo, 2, businessType)
      publish(other, other.body, businessType, atMs + dice.spread(1, 60_000))
    }
  }
  return publications
}

function drawOrder(dice: Dice, swarm: Swarm, orderNo: string, version: number, businessType: string): PublishedOrder {
  const lineCount = dice.chance(0.7) ? 1 : dice.between(2, 3 * swarm.linesPerInvoiceMax)
  const lines = Array.from({ length: lineCount }, (_, index) => ({
    name: `L${index + 1}`,
    gross: `${dice.between(1, 999)}.${dice.between(10, 99)}`,
  }))
  const mark = drawMark(dice, swarm)
  const body = Buffer.from(JSON.stringify({ id: orderNo, version, mark, lines }))
  return { orderNo, version, mark, businessType, lines, body }
}

function drawMark(dice: Dice, { rates }: Swarm): Mark {
  if (dice.chance(rates.deadly)) return 'deadly'
  if (dice.chance(rates.faulty)) return 'faulty'
  if (dice.chance(rates.waitsForMapping)) return 'waits'
  if (dice.chance(rates.refused)) return 'refused'
  if (dice.chance(rates.partlyRefused)) return 'partly'
  if (dice.chance(rates.refusedCall)) return 'refused-call'
  return dice.chance(rates.refusedForNow) ? 'refused-for-now' : 'plain'
}

export interface MapperHooks {
  /** A message that kills whoever reads it. */
  onDeadly: () => void
  /** Whether the mapping reads marked orders by now. */
  isMended: () => boolean
}

export function makeMapper(businessType: string, { onDeadly, isMended }: MapperHooks): OrderMapper {
  return {
    businessType,
    map: (value): MapOutcome => {
      // The order system of this world writes no other shape.
      const { id, version, mark, lines } = value as {
        id: string
        version: number
        mark: Mark
        lines: PublishedOrder['lines']
      }
      if (mark === 'deadly') onDeadly()
      if (mark === 'faulty') return { kind: 'faulty', orderNo: id, faults: [aFault('sender')] }
      if (mark === 'waits' && !isMended()) return { kind: 'faulty', orderNo: id, faults: [aFault('administrator')] }
      const draft = aDraft({
        orderNo: id,
        lines: lines.map(({ name, gross }) => aLine({ name, amount: gross, taxCode: CODES.cup, taxRate: '0.13' })),
        remark: `${id} v${version} ${mark}`,
      })
      return { kind: 'draft', draft, dropped: [] }
    },
  }
}

/** What an uploaded invoice says of its order. */
export function readRemark(remark: string): { orderNo: string; version: number; mark: Mark } {
  const [orderNo = '', version = '', mark = ''] = remark.split(' ')
  // Written by the mapper above.
  return { orderNo, version: Number(version.slice(1)), mark: mark as Mark }
}

function aFault(cure: 'sender' | 'administrator') {
  const parkCause = cure === 'administrator' ? { parkCause: 'mapping_fault' as const } : {}
  return { code: 'SIM-fault', path: '/mark', message: '模拟的错误', messageEn: 'a simulated fault', cure, ...parkCause }
}
