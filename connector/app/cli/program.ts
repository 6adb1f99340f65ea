/**
 * The command line: every verb with its arguments and help; nothing else of the product is loaded before one is called.
 */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { readVersion } from '../package-root.js'
import { tellError } from './tell-error.js'
import { type ExitCode, refuseUnbuilt, type VerbContext } from './verbs.js'

/** Rows that one list prints; they are in memory at once. */
const LIST_COUNT_MAX = 1_000
/** Letters of one rehearsal; they are in memory page by page. */
const REHEARSAL_COUNT_MAX = 1_000_000

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
    .showHelpAfterError('命令行有误，用法见 --help / the command line is wrong, --help shows how')
    .addHelpText('after', `\n${EXIT_CODES}`)
  addServing(program, context, act)
  addSettings(program, context, act)
  addInspection(program, context, act)
  addDoubt(program, context, act)
  addRestore(program, context, act)
  addMapping(program, context, act)
  addDeadLetters(program, context, act)
  addResults(program, context, act)
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

function addDoubt(program: Command, context: VerbContext, act: Act): void {
  const doubt = program.command('doubt').description('invoices of which nobody could find out what became of them')
  const by = () => new Option('--by <name>', 'who does this; stands in the log of actions').makeOptionMandatory()
  doubt
    .command('list')
    .description('what waits for people (exits 1 when something does) and what is in doubt')
    .option('--json', 'print it as JSON', false)
    .action(act(async (options) => (await import('./doubt.js')).listDoubts(context, options)))
  doubt
    .command('show <number>')
    .description('everything that is known of an invoice number')
    .action(act(async (number: string) => (await import('./doubt.js')).showDoubt(context, number)))
  doubt
    .command('close <number>')
    .description('propose how it ended; another person approves')
    .addOption(
      new Option('--verdict <verdict>', 'what the bureau holds').choices(['issued', 'failed']).makeOptionMandatory(),
    )
    .requiredOption('--reason <text>', 'how that was found out')
    .addOption(by())
    .action(act(async (number: string, options) => (await import('./doubt.js')).closeDoubt(context, number, options)))
  doubt
    .command('approve')
    .argument('<proposal>', 'its number', toBigint)
    .description('end it as somebody else proposed')
    .addOption(by())
    .action(act(async (id: bigint, options) => (await import('./doubt.js')).approveDoubt(context, id, options)))
}

function addRestore(program: Command, context: VerbContext, act: Act): void {
  const restore = program.command('restore').description('after the database was put back to an older backup')
  const verb = (name: string, description: string) =>
    restore
      .command(name)
      .description(description)
      .requiredOption('--reason <text>', 'why; stands in the log of actions')
      .requiredOption('--by <name>', 'who does this; stands in the log of actions')
  restore
    .command('list')
    .description('how far each unit has been compared with the bureau (exits 1 when one waits for people)')
    .action(act(async () => (await import('./restore.js')).listRestores(context)))
  verb('declare', 'say that this database is an older copy').action(
    act(async (options) => (await import('./restore.js')).declare(context, options)),
  )
  verb('exclude <file>', 'keep back orders that were issued since the backup; one order key a line').action(
    act(async (file: string, options) => (await import('./restore.js')).exclude(context, file, options)),
  )
  verb('release <taxNo>', 'propose that a held unit issues again; another person approves').action(
    act(async (taxNo: string, options) => (await import('./restore.js')).release(context, taxNo, options)),
  )
  restore
    .command('approve')
    .argument('<proposal>', 'its number', toBigint)
    .description('let the unit issue again as somebody else proposed')
    .requiredOption('--by <name>', 'who does this; stands in the log of actions')
    .action(act(async (id: bigint, options) => (await import('./restore.js')).approve(context, id, options)))
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

function addDeadLetters(program: Command, context: VerbContext, act: Act): void {
  const letters = program.command('dead-letters').description('work on messages and orders that only a person moves on')
  const verb = (name: string, description: string) => {
    const command = letters.command(name).description(description)
    return command
      .option('--code <code>', 'letters with this first fault')
      .option('--cause <cause>', 'letters that wait for this cause')
      .option('--type <code>', 'letters of this business type')
      .option('--source <name>', 'letters of this sending system')
      .option('--id <id>', 'one letter')
      .option('--discarded', 'discarded letters instead of waiting ones', false)
  }
  const byHand = (command: Command) =>
    command
      .requiredOption('--by <name>', 'who does it, for the log of actions')
      .option('--all', 'every letter, when nothing narrows', false)
  const load = () => import('./dead-letters.js')

  verb('list', 'count letters by what stopped them').action(act(async (given) => (await load()).list(context, given)))
  verb('show', 'print letters with their faults, oldest first')
    .option('--body', 'print the bytes as well: they hold what the sender wrote, buyers included', false)
    .option('--limit <n>', `at most so many, ${LIST_COUNT_MAX} at once`, toCount(LIST_COUNT_MAX), 10)
    .action(act(async (given) => (await load()).show(context, given)))
  verb('rehearse', 'tell what would become of letters now; writes nothing')
    .option('--limit <n>', 'at most so many, oldest first', toCount(REHEARSAL_COUNT_MAX), 1_000)
    .action(act(async (given) => (await load()).rehearse(context, given)))
  byHand(verb('correct <file>', 'hold letters, apply a settings file, and rehearse them'))
    .option('--reason <text>', 'why', '更正映射或主数据 / mapping or master data corrected')
    .option('--offline', 'store only, call nobody', false)
    .action(act(async (file: string, given) => (await load()).correct(context, file, given)))
  byHand(verb('release', 'put letters back into the intake, oldest first'))
    .requiredOption('--per-second <n>', 'letters per second, at most 500', toInteger)
    .option('--reason <text>', 'why', '原因已消除 / the cause is gone')
    .action(act(async (given) => (await load()).release(context, given)))
  byHand(verb('discard', 'end letters; rows and bytes stay, release --discarded brings them back'))
    .requiredOption('--reason <text>', 'why')
    .action(act(async (given) => (await load()).discard(context, given)))
}

function addResults(program: Command, context: VerbContext, act: Act): void {
  const load = () => import('./results.js')
  const results = program.command('results').description('look at results and send them again')
  const verb = (name: string, description: string) =>
    results
      .command(name)
      .description(description)
      .option('--undelivered', 'only what has not arrived yet', false)
      .option('--business-type <code>', 'results of this business type')
      .option('--order-no <no>', 'results of this order')
      .option('--event <id>', 'one result')
      .option('--since <time>', 'written at or after it, RFC 3339')
      .option('--until <time>', 'written before it, RFC 3339')
      .addOption(new Option('--by-way <way>', 'only this way').choices(['amqp', 'callback']))
  verb(
    'list',
    'print results with what became of them, the latest first; exits 1 when one that is meant is undelivered for good',
  )
    .option('--limit <n>', `at most so many, ${LIST_COUNT_MAX} at once`, toCount(LIST_COUNT_MAX), 100)
    .action(act(async (given) => (await load()).list(context, given)))
  verb('replay', 'send results again, under their own ids and marked as a replay')
    .requiredOption('--by <name>', 'who does it, for the log of actions')
    .requiredOption('--reason <text>', 'why')
    .option('--all', 'every result, when nothing narrows; needs --confirm', false)
    .option('--confirm <n>', 'only when it is exactly so many', toInteger)
    .action(act(async (given) => (await load()).replay(context, given)))

  const callbacks = program.command('callbacks').description('look at callback endpoints and switch them on again')
  callbacks
    .command('list')
    .description('print endpoints with their health; exits 1 when one is switched off')
    .action(act(async () => (await load()).listEndpoints(context)))
  callbacks
    .command('enable <code>')
    .description('use the endpoint of a business type again, and deliver at once what waits for it')
    .requiredOption('--by <name>', 'who does it, for the log of actions')
    .requiredOption('--reason <text>', 'why')
    .action(act(async (code: string, given) => (await load()).enable(context, code, given)))
}

function toBigint(text: string): bigint {
  if (!/^\d{1,18}$/.test(text)) throw new InvalidArgumentError('须为整数 / must be an integer')
  return BigInt(text)
}

/** Of rows: what was asked for is refused rather than left out silently. */
function toCount(max: number): (text: string) => number {
  return (text) => {
    const count = toInteger(text)
    if (count >= 1 && count <= max) return count
    throw new InvalidArgumentError(`须为 1 到 ${max} / must be from 1 to ${max}`)
  }
}

function toInteger(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('须为整数 / must be an integer')
  return Number(text)
}
