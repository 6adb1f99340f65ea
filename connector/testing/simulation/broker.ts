/**
 * The message broker of this world: it keeps what nobody has acknowledged, hands it out again when a consumer dies, and
 * takes results with a confirm, a return, or nothing. Never exactly once.
 */
import type { Delivery, PendingEvent, PublishOutcome, ResultPublisher } from '../../issuing/ports.js'
import type { Dice } from './dice.js'
import type { Life } from './life.js'
import type { Publication } from './orders.js'
import type { Swarm } from './swarm.js'
import type { Timeline } from './timeline.js'

interface Waiting {
  publication: Publication
  isRedelivered: boolean
  consumer: Life | null
}

/** What a replica does with messages: prepares a batch, then stores it; `prepareIntake` and `storeIntake`. */
export type Intake = (batch: readonly Delivery[]) => Promise<() => Promise<void>>

const PREFETCH_COUNT = 400
const BATCH_COUNT_MAX = 200
const BATCH_MS = 10
/** What the consumer waits at most after a batch could not be stored. */
const STORE_PAUSE_MS_MAX = 15_000

export interface BrokerParts {
  timeline: Timeline
  dice: Dice
  swarm: () => Swarm
  onAck: (publication: Publication) => void
  onResult: (event: PendingEvent) => void
  onFault: (name: string) => void
}

export class Broker {
  readonly #parts: BrokerParts
  readonly #waiting = new Map<string, Waiting>()
  readonly #consumers = new Map<Life, () => void>()

  constructor(parts: BrokerParts) {
    this.#parts = parts
  }

  /** Messages that nobody has acknowledged. */
  get waitingCount(): number {
    return this.#waiting.size
  }

  publish(publication: Publication): void {
    this.#waiting.set(publication.id, { publication, isRedelivered: false, consumer: null })
    this.#offer()
  }

  /** Consumes for one life of a process. */
  consume(life: Life, intake: Intake): void {
    let inHand: Waiting[] = []
    let isBusy = false
    let failureCount = 0

    const take = () => {
      if (isBusy || life.isDead) return
      const free = [...this.#waiting.values()].filter(({ consumer }) => consumer === null || consumer === life)
      const known = new Set(inHand)
      inHand.push(...free.filter((each) => !known.has(each)).slice(0, PREFETCH_COUNT - inHand.length))
      for (const each of inHand) each.consumer = life
      if (inHand.length === 0) return
      isBusy = true
      void work()
    }
    const work = async () => {
      await life.hop('gathers', BATCH_MS)
      while (inHand.length > 0) {
        const batch = nextBatch(inHand)
        try {
          const store = await intake(batch.map(toDelivery))
          await store()
          failureCount = 0
          inHand = inHand.filter((each) => !batch.includes(each))
          this.#acknowledge(batch)
        } catch {
          // As the adapter does: what could not be stored comes back one by one, as if it had been redelivered.
          failureCount += 1
          for (const each of batch) each.isRedelivered = true
          await life.hop('waits to store', Math.min(500 * 2 ** failureCount, STORE_PAUSE_MS_MAX) * life.dice.random())
        }
      }
      isBusy = false
      take()
    }
    this.#consumers.set(life, () => life.after(1, 'is offered messages', take))
    life.onDeath(() => this.#lose(life))
    this.#offer()
  }

  publisherOf(life: Life): ResultPublisher {
    const { swarm, onResult, onFault } = this.#parts
    const { dice } = life
    const send = (event: PendingEvent): PublishOutcome => {
      const { rates } = swarm()
      const strike = (name: 'unroutable' | 'nacked' | 'lostConfirm') => {
        const isStruck = dice.chance(rates[name])
        if (isStruck) onFault(name)
        return isStruck
      }
      if (strike('unroutable')) return 'unroutable'
      if (strike('nacked')) return 'nacked'
      const isLost = strike('lostConfirm')
      if (!isLost || dice.chance(0.5)) onResult(event)
      return isLost ? 'lost' : 'confirmed'
    }
    return {
      publish: async (events) => {
        await life.hop('results travel', dice.between(1, 20))
        const outcomes = events.map(send)
        await life.hop('confirms travel', dice.between(1, 20))
        return outcomes
      },
    }
  }

  #acknowledge(batch: readonly Waiting[]): void {
    const { timeline, dice, swarm, onAck, onFault } = this.#parts
    for (const each of batch) onAck(each.publication)
    if (dice.chance(swarm().rates.lostAck)) {
      onFault('lostAck')
      timeline.after(dice.spread(10, 20_000), 'the broker misses acks', () => this.#giveBack(batch))
      return
    }
    for (const each of batch) this.#waiting.delete(each.publication.id)
    if (dice.chance(swarm().rates.redelivered)) {
      onFault('redelivered')
      for (const each of batch) this.#waiting.set(each.publication.id, { ...each, consumer: null, isRedelivered: true })
      timeline.after(dice.spread(10, 60_000), 'the broker hands out again', () => this.#offer())
    }
  }

  /** A consumer died: the broker notices after a while. */
  #lose(life: Life): void {
    const { timeline, dice } = this.#parts
    this.#consumers.delete(life)
    timeline.after(dice.spread(10, 15_000), 'the broker misses a consumer', () => {
      this.#giveBack([...this.#waiting.values()].filter(({ consumer }) => consumer === life))
    })
  }

  #giveBack(messages: readonly Waiting[]): void {
    for (const each of messages) {
      if (!this.#waiting.has(each.publication.id)) continue
      this.#waiting.set(each.publication.id, { ...each, consumer: null, isRedelivered: true })
    }
    this.#offer()
  }

  #offer(): void {
    const consumers = [...this.#consumers]
    const count = consumers.length
    if (count === 0) return
    // Round robin would always take them in one order.
    const first = this.#parts.dice.between(0, count - 1)
    for (let index = 0; index < count; index += 1) consumers[(first + index) % count]?.[1]()
  }
}

/** Fresh ones together; a redelivered one alone, as it comes. */
function nextBatch(inHand: readonly Waiting[]): Waiting[] {
  const redelivered = inHand.find(({ isRedelivered }) => isRedelivered)
  if (redelivered !== undefined) return [redelivered]
  return inHand.slice(0, BATCH_COUNT_MAX)
}

function toDelivery({ publication, isRedelivered }: Waiting): Delivery {
  return {
    body: publication.body,
    queue: 'leqi.orders',
    businessType: publication.businessType,
    source: 'default',
    messageId: publication.id,
    correlationId: null,
    traceparent: null,
    isRedelivered,
  }
}
