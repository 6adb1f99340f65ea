/**
 * The folder of an embedded server: one living owner at a time, and nothing left behind by a killed one.
 *
 * A process that dies by `kill -9` cannot stop its server. So the folder names its owner; whoever finds a dead owner
 * stops the server that still runs there, and removes the folder when it was a temporary one.
 */
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { EmbeddedPostgresError } from './embedded-error.js'
import { run } from './embedded-process.js'

const TEMPORARY_PREFIX = 'leqi-postgres-'
/** Longest wait for an abandoned server to stop. */
const STOP_TIMEOUT_MS = 10_000
const PROBE_PAUSE_MS = 20
/** Abandoned folders looked at in one start. */
const SWEEP_COUNT_MAX = 20

export const OWNER_FILE = 'owner.pid'
export const DATA_FOLDER = 'data'

export function makeTemporaryFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), TEMPORARY_PREFIX))
}

/** Writes us down as the owner. Errors: EmbeddedPostgresError while another living process is. */
export async function claimFolder(folder: string): Promise<void> {
  const owner = await readNumber(join(folder, OWNER_FILE))
  if (owner !== null && owner !== process.pid && isAlive(owner)) {
    throw new EmbeddedPostgresError(
      `数据目录正被进程 ${owner} 使用：请先停止它，或换用另一个 LEQI_DATA_DIR`,
      `the data folder is in use by process ${owner}: stop it first, or choose another LEQI_DATA_DIR`,
    )
  }
  await writeFile(join(folder, OWNER_FILE), `${process.pid}\n`)
  await stopAbandonedServer(folder)
}

export async function releaseFolder(folder: string): Promise<void> {
  await rm(join(folder, OWNER_FILE), { force: true })
}

/** Stops the servers and removes the temporary folders of owners that are dead. `ids`: whose folders are ours to remove. */
export async function sweepAbandonedFolders(ids: readonly number[]): Promise<void> {
  const names = (await readdir(tmpdir())).filter((name) => name.startsWith(TEMPORARY_PREFIX))
  for (const name of names.slice(0, SWEEP_COUNT_MAX)) {
    const folder = join(tmpdir(), name)
    const owner = await readNumber(join(folder, OWNER_FILE))
    // Without an owner's file it is being made this moment.
    if (owner === null || isAlive(owner) || !ids.includes((await stat(folder)).uid)) continue
    await stopAbandonedServer(folder)
    await rm(folder, { recursive: true, force: true })
  }
}

async function stopAbandonedServer(folder: string): Promise<void> {
  const data = join(folder, DATA_FOLDER)
  const pid = await readNumber(join(data, 'postmaster.pid'))
  if (pid === null || !isAlive(pid) || !(await isServing(pid, data))) return
  process.kill(pid, 'SIGINT')
  const deadline = Date.now() + STOP_TIMEOUT_MS
  while (isAlive(pid) && Date.now() < deadline) await wait(PROBE_PAUSE_MS)
}

/** Whether this process is the server of this folder, and not a stranger that got its number later. */
async function isServing(pid: number, data: string): Promise<boolean> {
  const commandLine = `/proc/${pid}/cmdline`
  if (existsSync(commandLine)) return (await readFile(commandLine, 'utf8')).split('\0').includes(data)
  const { output } = await run('ps', ['-o', 'command=', '-p', String(pid)], {})
  return output.includes(data)
}

/** The number in a file's first line; null when there is no such file or line. */
async function readNumber(file: string): Promise<number | null> {
  try {
    const first = Number.parseInt((await readFile(file, 'utf8')).split('\n')[0] ?? '', 10)
    return Number.isSafeInteger(first) && first > 0 ? first : null
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'EACCES')) return null
    throw error
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // Somebody else's process is alive, we may only not signal it.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
