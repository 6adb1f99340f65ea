/**
 * RabbitMQ of a chaos run: a second node beside the one of this machine, with port, data and log of its own, which is
 * killed and started again. Where no server can be started, the shared one serves, and only the links to it are cut.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import amqp from 'amqplib'
import { freePort } from './free-port.js'

const run = promisify(execFile)

const BIN = '/usr/lib/rabbitmq/bin'
const START_MS_MAX = 90_000
const PROBE_REST_MS = 250

export interface Broker {
  url: string
  isOwn: boolean
  /** Kills the node and starts it again; resolves when it answers. */
  restart(): Promise<void>
  /** Closes every connection, with a reason, as an operator does. */
  closeConnections(): Promise<void>
  /** Memory alarm: publishers are blocked. */
  block(): Promise<void>
  unblock(): Promise<void>
  close(): Promise<void>
}

export async function startBroker(folder: string, sharedUrl: string): Promise<Broker> {
  if (!existsSync(join(BIN, 'rabbitmq-server'))) return makeShared(sharedUrl)
  const home = join(folder, 'rabbitmq')
  await mkdir(home)
  const [port, distPort, epmdPort] = [await freePort(), await freePort(), await freePort()]
  const node = `chaos${port}@localhost`
  const env = {
    PATH: process.env.PATH ?? '',
    HOME: home,
    RABBITMQ_NODENAME: node,
    RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
    RABBITMQ_NODE_PORT: String(port),
    RABBITMQ_DIST_PORT: String(distPort),
    ERL_EPMD_PORT: String(epmdPort),
    RABBITMQ_MNESIA_BASE: join(home, 'data'),
    RABBITMQ_LOG_BASE: join(home, 'log'),
    RABBITMQ_PID_FILE: join(home, 'pid'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(home, 'plugins'),
    RABBITMQ_CONFIG_FILE: join(home, 'none'),
    RABBITMQ_CONF_ENV_FILE: join(home, 'env'),
  }
  const url = `amqp://guest:guest@127.0.0.1:${port}`
  // A process group of its own: the script, the virtual machine and its helpers end together.
  const boot = () => spawn(join(BIN, 'rabbitmq-server'), [], { env, cwd: home, stdio: 'ignore', detached: true })
  const control = (...args: string[]) => run(join(BIN, 'rabbitmqctl'), ['-n', node, ...args], { env })
  let server = boot()
  await untilUp(url)
  return {
    url,
    isOwn: true,
    async restart() {
      await kill(server)
      server = boot()
      await untilUp(url)
    },
    closeConnections: async () => {
      await control('close_all_connections', 'chaos')
    },
    block: async () => {
      await control('set_vm_memory_high_watermark', '0.0000001')
    },
    unblock: async () => {
      await control('set_vm_memory_high_watermark', '0.4')
    },
    async close() {
      await kill(server)
      await run('epmd', ['-port', String(epmdPort), '-kill']).catch(() => undefined)
    },
  }
}

function makeShared(url: string): Broker {
  const nothing = () => Promise.resolve()
  return {
    url,
    isOwn: false,
    restart: nothing,
    closeConnections: nothing,
    block: nothing,
    unblock: nothing,
    close: nothing,
  }
}

async function untilUp(url: string): Promise<void> {
  const deadline = performance.now() + START_MS_MAX
  for (;;) {
    try {
      const connection = await amqp.connect(url, { timeout: 3_000 })
      await connection.close()
      return
    } catch (error) {
      if (performance.now() > deadline) throw error
      await sleep(PROBE_REST_MS)
    }
  }
}

async function kill(server: ChildProcess): Promise<void> {
  if (server.pid === undefined || server.exitCode !== null || server.signalCode !== null) return
  const gone = new Promise((resolve) => server.once('exit', resolve))
  process.kill(-server.pid, 'SIGKILL')
  await gone
}
