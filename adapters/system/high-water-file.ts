/**
 * How far the database's log reached, noted outside of the database: a copy that reaches less far was restored.
 * A note that cannot be written is no reason to stop; the next one is tried in a few seconds.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface HighWaterFile {
  /** null: nothing was noted for this deployment. */
  read(deploymentId: string): bigint | null
  write(deploymentId: string, lastMove: bigint): void
}

/** Errors: those of the file system, and a note that is no number. */
export function makeHighWaterFile(folder: string): HighWaterFile {
  const fileOf = (deploymentId: string) => join(folder, `${deploymentId}.high-water`)
  return {
    read(deploymentId) {
      const text = readIfThere(fileOf(deploymentId))
      return text === null ? null : BigInt(text.trim())
    },
    write(deploymentId, lastMove) {
      mkdirSync(folder, { recursive: true })
      const file = fileOf(deploymentId)
      // Replaced whole: half a number would be a lower one.
      writeFileSync(`${file}.new`, `${lastMove}\n`)
      renameSync(`${file}.new`, file)
    },
  }
}

function readIfThere(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}
