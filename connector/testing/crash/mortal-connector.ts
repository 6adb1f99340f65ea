/**
 * A process that dies at one point of its story, else as in production: `mortal-connector.ts VERB POINT SIDE OCCURRENCE`.
 */
import { makeLogger } from '../../../adapters/system/logger.js'
import { compose } from '../../app/compose.js'
import { loadConfig, readHost } from '../../app/config.js'
import { runUntilSignal } from '../../app/lifecycle.js'
import { type Memory, openMemory } from '../../app/memory.js'
import { makeHandVerbs, type Verb } from './hand-verbs.js'
import { makeMortal, SIDES } from './mortal-store.js'
import { isPoint } from './points.js'

const [verb = '', point = '', side = '', occurrence = ''] = process.argv.slice(2)
const knownSide = SIDES.find((each) => each === side)
if (!isPoint(point) || knownSide === undefined) throw new RangeError(`no death ${side} ${point}`)

const config = loadConfig(readHost(), ['databaseUrl', 'amqpUrl', 'masterKey'])
const log = makeLogger({ level: config.logLevel })
const opened = await openMemory(config, log)
const store = makeMortal(opened.store, { point, side: knownSide, occurrence: Number(occurrence) })
const memory: Memory = { ...opened, store }

const signals = { signals: process, onExit: process.exit, onEvent: () => undefined }
const verbs = {
  ...makeHandVerbs(memory),
  start: async () => runUntilSignal((await compose(config, log, memory)).services, signals),
}
if (!isVerb(verb)) throw new RangeError(`no verb ${verb}`)
await verbs[verb]()

function isVerb(name: string): name is Verb {
  return Object.hasOwn(verbs, name)
}
