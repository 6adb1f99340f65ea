/** `simulator`: the tax bureau for demos, tests and customers' CI, in its own process until a signal. */
import { type Simulator, type SimulatorOptions, startSimulator } from '../../../adapters/leqi/simulator/simulator.js'
import { runUntilSignal } from '../lifecycle.js'
import type { ExitCode, VerbContext } from './verbs.js'

export interface SimulatorVerbOptions {
  host: string
  port: number
  seed: number
  world?: string
  classification?: string
  delayMs?: number
  rate?: number
  autoRegister: boolean
}

export async function simulator(context: VerbContext, options: SimulatorVerbOptions): Promise<ExitCode> {
  let running: Simulator | null = null
  const service = {
    async start() {
      running = await startSimulator(toOptions(options))
      context.print(`乐企模拟器 / simulator of Leqi: ${running.url}/access/v2/invoke`)
    },
    async stop() {
      await running?.close()
    },
  }
  return runUntilSignal([{ name: 'simulator', service }], {
    signals: context.signals,
    onExit: context.exitNow,
    onEvent: () => undefined,
  })
}

function toOptions(options: SimulatorVerbOptions): SimulatorOptions {
  const { host, port, seed, world, classification, delayMs, rate, autoRegister } = options
  return {
    host,
    port,
    seed,
    autoRegister,
    ...(world !== undefined && { worldFile: world }),
    ...(classification !== undefined && { classificationFile: classification }),
    ...(rate !== undefined && { ratePerSecond: rate }),
    ...(delayMs !== undefined && { verdictDelay: { minMs: delayMs, maxMs: delayMs, hiddenMs: 0 } }),
  }
}
