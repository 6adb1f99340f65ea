/**
 * The house as JavaScript, to run its tests from: each test file is a process of its own, and one that starts from compiled
 * files needs a third of the time that a loader takes.
 *
 * The folder mirrors the repository: compiled files with their maps beside copies of everything else, so that whatever a
 * test looks up beside itself is there. Each run has its own, named by its process, and takes along what dead ones left.
 */
import { copyFileSync, mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { build } from 'esbuild'

const PLACE = '.build'
export const ROOMS = ['connector', 'adapters', 'mappings', 'jobs', 'openapi', 'bench']
const NOT_LINKED = new Set([PLACE, '.git', ...ROOMS])

/** Yields where each source file's compiled one is, and what removes it all. */
export async function compileHouse() {
  mkdirSync(PLACE, { recursive: true })
  for (const run of readdirSync(PLACE)) if (!isAlive(Number(run))) rmSync(join(PLACE, run), { recursive: true })
  const folder = join(PLACE, String(process.pid))
  mkdirSync(folder)
  for (const name of readdirSync('.')) if (!NOT_LINKED.has(name)) symlinkSync(resolve(name), join(folder, name))
  const sources = ROOMS.flatMap((room) => mirror(folder, room))
  await build({
    entryPoints: sources,
    outbase: '.',
    outdir: folder,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    sourcemap: 'linked',
    logLevel: 'error',
  })
  return {
    /** How Node runs a compiled file so that errors name the sources. */
    flags: ['--enable-source-maps'],
    compiled: (source) => join(folder, source.replace(/\.ts$/, '.js')),
    remove: () => rmSync(folder, { recursive: true }),
  }
}

/** Copies all files below `path` and yields the sources among them. */
function mirror(folder, path) {
  mkdirSync(join(folder, path))
  return readdirSync(path, { withFileTypes: true }).flatMap((entry) => {
    const inner = join(path, entry.name)
    if (entry.isDirectory()) return mirror(folder, inner)
    copyFileSync(inner, join(folder, inner))
    return entry.name.endsWith('.ts') ? [inner] : []
  })
}

function isAlive(pid) {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return error.code === 'EPERM'
  }
}
