/** Child processes of the embedded server: running one to its end, keeping its last words. */
import { spawn } from 'node:child_process'

/** Characters of a program's last words that are kept. */
export const OUTPUT_LENGTH_MAX = 600

/** The user a program runs under: our own, or another one when we are root. */
export interface Identity {
  uid?: number
  gid?: number
}

/** Resolves when the program ended; `code` is null when it could not be run or was killed. */
export function run(
  command: string,
  args: readonly string[],
  options: Identity & { cwd?: string },
): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    const keep = (chunk: Buffer) => {
      output = (output + chunk.toString('utf8')).slice(-OUTPUT_LENGTH_MAX)
    }
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    child.once('error', (error) => resolve({ code: null, output: error.message }))
    child.once('close', (code) => resolve({ code, output }))
  })
}
