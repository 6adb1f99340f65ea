#!/usr/bin/env node
/** Process entry of `leqi-connector`: hands the process to the command line and its answer back to the shell. */
import { runCli } from './cli/program.js'
import { readHost } from './config.js'

// A reader that has seen enough (`| head`) closes the pipe; that is no error of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 2))

process.exitCode = await runCli(process.argv.slice(2), {
  source: readHost(),
  print: (line) => process.stdout.write(`${line}\n`),
  complain: (line) => process.stderr.write(`${line}\n`),
  signals: process,
  exitNow: (code) => process.exit(code),
})
