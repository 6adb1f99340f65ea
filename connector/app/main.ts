#!/usr/bin/env node
/** Process entry of `leqi-connector`: hands the process to the command line and its answer back to the shell. */
import { runCli } from './cli/program.js'
import { tellCrash } from './cli/tell-error.js'
import type { VerbContext } from './cli/verbs.js'
import { readHost } from './config.js'

/** Bytes that small buffers are cut from. Node's 8 KB leave every text of an invoice to an allocation of its own. */
const BUFFER_POOL_BYTES = 256 * 1024

Buffer.poolSize = BUFFER_POOL_BYTES

// A reader that has seen enough (`| head`) closes the pipe; that is no error of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 2))

const context: VerbContext = {
  source: readHost(),
  print: (line) => process.stdout.write(`${line}\n`),
  complain: (line) => process.stderr.write(`${line}\n`),
  signals: process,
  exitNow: (code) => process.exit(code),
}

// Node would print the error with all that hangs on it: a row of the database, an address with its password.
process.on('uncaughtException', (error) => process.exit(tellCrash(error, context)))

process.exitCode = await runCli(process.argv.slice(2), context)
