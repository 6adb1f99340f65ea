/**
 * What this product relies on in an AMQP broker, one promise each, run against the dev broker and against RabbitMQ.
 * Where both keep a promise, a test of the adapter on the dev broker says something about production.
 */
import { CONSUMING, DYING } from './behaviour/consuming.js'
import { CONNECTING, DECLARING } from './behaviour/declaring.js'
import type { Behaviour } from './behaviour/proof.js'
import { PUBLISHING, ROUTING } from './behaviour/publishing.js'

export const BEHAVIOURS: readonly Behaviour[] = [
  ...ROUTING,
  ...PUBLISHING,
  ...CONSUMING,
  ...DYING,
  ...DECLARING,
  ...CONNECTING,
]
