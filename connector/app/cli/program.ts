/**
 * The command line: every verb with its arguments and help; nothing else of the product is loaded before one is called.
 */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { readVersion } from '../package-root.js'
import { tellError } from './tell-error.js'
import { type ExitCode, refuseUnbuilt, type VerbContext } from './verbs.js'

const EXIT_CODES = 'Exit codes: 0 all is well, 1 something wrong was found, 2 it could not run.'

/** Runs one command line. Never throws. */
export async function runCli(args: readonly string[], context: VerbContext): Promise<ExitCode> {
  let exitCode: ExitCode = 0
  const act =
    <A extends unknown[]>(verb: (...given: A) => Promise<ExitCode>) =>
    async (...given: A): Promise<void> => {
      exitCode = await verb(...given)
    }
  const program = buildProgram(context, act)
  try {
    await program.parseAsync([...args], { from: 'user' })
    return exitCode
  } catch (error) {
    // Help and version end this way too; commander has printed what there is to say.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    return tellError(error, context)
  }
}

type Act = <A extends unknown[]>(verb: (...given: A) => Promise<ExitCode>) => (...given: A) => Promise<void>

function buildProgram(context: VerbContext, act: Act): Command {
  const program = new Command('leqi-connector')
    .description('Issues Chinese digital invoices (数电发票) over Leqi (乐企).')
    .version(readVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .configureOutput({
      writeOut: (text) => context.print(text.trimEnd()),
      writeErr: (text) => context.complain(text.trimEnd()),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .exitOverride()
    .showSuggestionAfterError()
    .addHelpText('after', `\n${EXIT_CODES}`)
  addServing(program, context, act)
  addSettings(program, context, act)
  addInspection(program, context, act)
  addMapping(program, context, act)
  return program
}

function addServing(program: Command, context: VerbContext, act: Act): void {
  program
    .command('start')
    .description('run the production process until a signal')
    .action(act(async () => (await import('./start.js')).start(context)))
  program
    .command('demo')
    .description('issue sample orders with an embedded database, broker and bureau, and audit the outcome')
    .option('--keep', 'stay up afterwards', false)
    .action(act(async (options) => (await import('../demo/demo.js')).demo(context, options)))
  program
    .command('simulator')
    .description('run a simulated tax bureau until a signal')
    .option('--port <n>', 'port, 0 takes any free one', toInteger, 9443)
    .option('--host <address>', 'address to listen on; its control door has no password', '127.0.0.1')
    .option('--world <file>', 'JSON file with units and taxpayers')
    .option('--classification <file>', 'CSV of tax classification codes')
    .option('--seed <n>', 'faults and delays repeat with it', toInteger, 1)
    .option('--delay-ms <n>', 'time from an upload to its verdict', toInteger)
    .option('--rate <n>', 'calls per second, direct unit and capability', toInteger)
    .option('--auto-register', 'accept unknown units', false)
    .action(act(async (options) => (await import('./simulator.js')).simulator(context, options)))
}

function addSettings(program: Command, context: VerbContext, act: Act): void {
  const prune = () => new Option('--prune', "delete what the file's sections leave out").default(false)
  program
    .command('migrate')
    .description('bring the database schema up to this release')
    .action(act(async () => (await import('./migrate.js')).migrate(context)))
  program
    .command('plan <file>')
    .description('print what apply would change')
    .addOption(prune())
    .action(act(async (file: string, options) => (await import('./plan.js')).plan(context, file, options)))
  program
    .command('apply <file>')
    .description('store the settings of a file, verify its units, claim first numbers and quota')
    .option('--offline', 'store only, call nobody', false)
    .addOption(prune())
    .action(act(async (file: string, options) => (await import('./apply.js')).apply(context, file, options)))
  program
    .command('schema')
    .description('print the JSON Schema of a settings file')
    .action(act(async () => (await import('./schema.js')).schema(context)))
}

function addInspection(program: Command, context: VerbContext, act: Act): void {
  program
    .command('audit')
    .description('check every promise against the database in one snapshot')
    .option('--json', 'print the report as JSON', false)
    .action(act(async (options) => (await import('./audit.js')).audit(context, options)))
  program
    .command('doctor')
    .description('find out what is wrong with this environment')
    .action(act(async () => (await import('./doctor.js')).doctor(context)))
  for (const verb of ['openapi', 'asyncapi']) {
    program
      .command(verb)
      .description('print the description of the interface (not built yet)')
      .action(act(async () => refuseUnbuilt(verb)))
  }
}

function addMapping(program: Command, context: VerbContext, act: Act): void {
  const mapping = program.command('mapping').description('check and try mappings')
  mapping
    .command('check <file...>')
    .description('compile mappings and tell all faults with line and column')
    .action(act(async (files: string[]) => (await import('./mapping.js')).checkMappings(context, files)))
  mapping
    .command('test <folder...>')
    .description('run the examples of definitions and compare them with their golden files')
    .action(act(async (folders: string[]) => (await import('./mapping.js')).testMappings(context, folders)))
  mapping
    .command('explain <file>')
    .description('print how each field of the draft is filled, and from where in the order')
    .action(act(async (file: string) => (await import('./mapping.js')).explainMapping(context, file)))
  mapping
    .command('replay')
    .description('map stored orders again with a new mapping (not built yet)')
    .action(act(async () => refuseUnbuilt('mapping replay')))
}

function toInteger(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('须为整数 / must be an integer')
  return Number(text)
}
