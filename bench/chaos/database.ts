/** PostgreSQL of a chaos run: our own server, which is crashed, starts again at the same port, and may run out of disk. */
import { execFile } from 'node:child_process'
import { chmod, mkdir, rm, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import pg from 'pg'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../adapters/postgres/embedded.js'

const run = promisify(execFile)

/** A small disk: room for the run, little enough to be filled at once. */
const SMALL_DISK = '700m'
const BALLAST = 'ballast'
/** Pause between two starts of a server that does not start, as a supervisor keeps it. */
const START_REST_MS = 500
const LOOK_MS = 200
/** Longest recovery of a crashed server before a question to it has failed. */
const RECOVERY_MS_MAX = 60_000

export interface Database {
  url: string
  query<R extends pg.QueryResultRow>(text: string, values?: readonly unknown[]): Promise<R[]>
  /** Ends one connection of a connector, as an operator does. */
  terminateOne(): Promise<void>
  /** Kills the process behind a connection: the server throws all others out and recovers. */
  crashBackend(): Promise<void>
  /** Stops the whole server at once, as when the power fails; the supervisor starts it again. */
  crash(): void
  /** Leaves no room; null when the disk is not a small one of our own. */
  fillDisk: (() => Promise<void>) | null
  emptyDisk(): Promise<void>
  close(): Promise<void>
}

const CONNECTIONS = `select pid from pg_stat_activity where application_name = 'leqi-connector' and pid <> pg_backend_pid()
  order by random() limit 1`

export async function startDatabase(folder: string, { isSmall }: { isSmall: boolean }): Promise<Database> {
  const dataDir = join(folder, 'postgres')
  await mkdir(dataDir)
  if (isSmall) await run('mount', ['-t', 'tmpfs', '-o', `size=${SMALL_DISK}`, 'tmpfs', dataDir])
  await chmod(dataDir, 0o755)
  let server = await startEmbeddedPostgres({ dataDir })
  const { url } = server
  const port = Number(new URL(url).port)
  const closing = new AbortController()
  const supervising = supervise()

  async function supervise(): Promise<void> {
    while (!closing.signal.aborted) {
      if (!isAlive(server)) server = await startAgain()
      await sleep(LOOK_MS)
    }
  }

  async function startAgain(): Promise<EmbeddedPostgres> {
    for (;;) {
      try {
        await server.close()
        return await startEmbeddedPostgres({ dataDir, port })
      } catch (error) {
        if (closing.signal.aborted) throw error
        // No room to recover, or the last one is still leaving: a supervisor tries on.
        await sleep(START_REST_MS)
      }
    }
  }

  /** A server that is just recovering is asked again. */
  async function query<R extends pg.QueryResultRow>(text: string, values: readonly unknown[] = []): Promise<R[]> {
    const since = performance.now()
    for (;;) {
      try {
        return await queryOnce<R>(text, values)
      } catch (error) {
        if (performance.now() - since > RECOVERY_MS_MAX) throw error
        await sleep(LOOK_MS)
      }
    }
  }

  async function queryOnce<R extends pg.QueryResultRow>(text: string, values: readonly unknown[]): Promise<R[]> {
    const client = new pg.Client({ connectionString: url, application_name: 'chaos', connectionTimeoutMillis: 5_000 })
    client.on('error', () => undefined)
    await client.connect()
    try {
      return (await client.query<R>(text, [...values])).rows
    } finally {
      await client.end()
    }
  }

  return {
    url,
    query,
    async terminateOne() {
      await query(`select pg_terminate_backend(pid) from (${CONNECTIONS}) as one`)
    },
    async crashBackend() {
      const [found] = await query<{ pid: number }>(CONNECTIONS)
      if (found !== undefined) process.kill(found.pid, 'SIGKILL')
    },
    crash: () => process.kill(server.pid, 'SIGQUIT'),
    fillDisk: isSmall
      ? async () => {
          const { bavail, bsize } = await statfs(dataDir)
          // The last blocks cannot be asked for in one piece; and when the server took them meanwhile, the disk is full too.
          const ballast = Buffer.alloc(Math.max(0, (bavail - 4) * bsize))
          await writeFile(join(dataDir, BALLAST), ballast).catch((error: NodeJS.ErrnoException) => {
            if (error.code !== 'ENOSPC') throw error
          })
        }
      : null,
    emptyDisk: () => rm(join(dataDir, BALLAST), { force: true }),
    async close() {
      closing.abort()
      await supervising
      await server.close()
      if (isSmall) await run('umount', [dataDir])
    },
  }
}

function isAlive({ pid }: EmbeddedPostgres): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    // No such process.
    return false
  }
}
