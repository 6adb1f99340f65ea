/** Order messages from the order queue to the door of the connector. */
import type { Delivery } from '../../connector/issuing/ports.js'
import { type BatchConsumer, type ConsumerOptions, makeBatchConsumer, type PrepareBatch } from './batch-consumer.js'
import { toDelivery } from './delivery.js'

export interface OrderConsumerOptions extends ConsumerOptions {
  /** Fresh messages come in batches, a redelivered one comes alone. */
  prepare: PrepareBatch<Delivery>
}

/** A message that fails by its own fault goes back: the order queue has a delivery limit and a dead-letter exchange. */
export function makeOrderConsumer(options: OrderConsumerOptions): BatchConsumer {
  return makeBatchConsumer({ ...options, decode: (message) => toDelivery(message, options.queue), givesBack: true })
}
