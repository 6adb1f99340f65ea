/**
 * `dead-letters list|show|rehearse|correct|release|discard`: the workbench of an operator. Bodies are printed only when
 * they are asked for; what he does stands in the log of actions with his name and reason.
 */

import { makeDeadLetterStore } from '../../../adapters/postgres/dead-letters/dead-letter-store.js'
import { systemClock, systemTimers } from '../../../adapters/system/clock.js'
import { randomIds } from '../../../adapters/system/ids.js'
import {
  discardLetters,
  holdLetters,
  type MoveDeps,
  releaseLetters,
  SLICE_COUNT_MAX,
} from '../../dead-letters/move-letters.js'
import type { DeadLetter, DeadLetterStore, LetterFilter } from '../../dead-letters/ports.js'
import { type Rehearsed, rehearseLetters } from '../../dead-letters/rehearse.js'
import { UNWATCHED } from '../../issuing/channel-ports.js'
import type { Fault } from '../../kernel/fault.js'
import { PARK_CAUSES, type ParkCause } from '../../kernel/fault.js'
import { utcRfc3339 } from '../../kernel/time.js'
import { makeBureau } from '../compose.js'
import { loadConfig } from '../config.js'
import { makeMapperCache } from '../mapper-cache.js'
import { type Memory, openMemory } from '../memory.js'
import { apply } from './apply.js'
import { makeQuietLogger } from './quiet-logger.js'
import { type ExitCode, type VerbContext, VerbRefused } from './verbs.js'

/** Groups that one list shows. */
const GROUP_COUNT_MAX = 200
/** Letters that `correct` rehearses after it has applied the file. */
const REHEARSAL_COUNT = 1_000

/** How letters are narrowed on the command line. */
interface Narrowing {
  code?: string
  cause?: string
  type?: string
  source?: string
  id?: string
  discarded: boolean
}

interface ByHandOptions extends Narrowing {
  by: string
  reason: string
  all: boolean
}

export function list(context: VerbContext, given: Narrowing): Promise<ExitCode> {
  return withLetters<ExitCode>(context, async ({ letters }) => {
    const groups = await letters.groups(toFilter(given), GROUP_COUNT_MAX)
    for (const { count, state, cause, code, businessType, oldestAt } of groups) {
      context.print(`${String(count).padStart(7)} ${cause ?? state} ${code} ${businessType} ${utcRfc3339(oldestAt)}`)
    }
    if (groups.length === 0) context.print('没有死信 / no dead letters')
    return 0
  })
}

export function show(context: VerbContext, given: Narrowing & { body: boolean; limit: number }): Promise<ExitCode> {
  return withLetters<ExitCode>(context, async ({ letters }) => {
    for (const letter of await letters.page(toFilter(given), { limit: given.limit, after: null })) {
      context.print(describeLetter(letter))
      printFaults(context, letter.faults)
      if (!given.body) continue
      const [content] = await letters.loadContents([letter.inboxId])
      if (content !== undefined) context.print(content.body.toString('utf8'))
    }
    return 0
  })
}

export function rehearse(context: VerbContext, given: Narrowing & { limit: number }): Promise<ExitCode> {
  return withLetters<ExitCode>(context, (bench) => printRehearsal(context, bench, toFilter(given), given.limit))
}

export async function correct(
  context: VerbContext,
  file: string,
  given: ByHandOptions & { offline: boolean },
): Promise<ExitCode> {
  const filter = toNarrowFilter(given)
  const heldCount = await withLetters(context, ({ moves }) => holdLetters(moves, filter, toByHand(given)))
  context.print(`${heldCount} 件保留待放行 / ${heldCount} letters held until they are released`)
  const applied = await apply(context, file, { offline: given.offline, prune: false })
  if (applied !== 0) return applied
  // What was held waits under another cause now than the one that may have named it.
  const held = { ...filter, cause: filter.cause === null ? null : ('manual_hold' as const) }
  return withLetters<ExitCode>(context, (bench) => printRehearsal(context, bench, held, REHEARSAL_COUNT))
}

export function release(context: VerbContext, given: ByHandOptions & { perSecond: number }): Promise<ExitCode> {
  const filter = toNarrowFilter(given)
  const { perSecond } = given
  if (perSecond < 1 || perSecond > SLICE_COUNT_MAX) {
    throw new VerbRefused(
      2,
      `--per-second 须为 1 到 ${SLICE_COUNT_MAX}`,
      `--per-second must be from 1 to ${SLICE_COUNT_MAX}`,
    )
  }
  return withLetters<ExitCode>(context, async ({ moves }) => {
    const tell = (count: number) => context.print(`${count} 件已放行 / ${count} letters released`)
    const count = await releaseLetters(moves, filter, { ...toByHand(given), perSecond }, tell)
    if (count === 0) context.print('没有符合条件的死信 / no letter is meant')
    return 0
  })
}

export function discard(context: VerbContext, given: ByHandOptions): Promise<ExitCode> {
  const filter = toNarrowFilter(given)
  return withLetters<ExitCode>(context, async ({ moves }) => {
    const count = await discardLetters(moves, filter, toByHand(given))
    context.print(`${count} 件已弃置，可用 release --discarded 恢复 / ${count} letters discarded`)
    return 0
  })
}

interface Bench {
  letters: DeadLetterStore
  moves: MoveDeps
  rehearse(filter: LetterFilter, limit: number): AsyncGenerator<Rehearsed>
}

async function withLetters<T>(context: VerbContext, work: (bench: Bench) => Promise<T>): Promise<T> {
  const config = loadConfig(context.source, ['databaseUrl', 'masterKey'])
  const log = makeQuietLogger(config)
  const memory: Memory = await openMemory(config, log)
  const letters = makeDeadLetterStore(memory.pool)
  const bureau = makeBureau(config, memory, log, UNWATCHED)
  const mapperOf = makeMapperCache((event, fields) => log.error(fields, event))
  const { store, directory } = memory
  const prepareDeps = { directory, mapperOf, uploader: bureau, ids: randomIds, clock: systemClock }
  try {
    return await work({
      letters,
      moves: { ...store, letters, clock: systemClock, timers: systemTimers },
      rehearse: (filter, limit) => rehearseLetters({ ...prepareDeps, letters, store }, filter, limit),
    })
  } finally {
    await bureau.close()
    await memory.close()
  }
}

/** Exit 1: some of the letters would be letters again. */
async function printRehearsal(
  context: VerbContext,
  bench: Bench,
  filter: LetterFilter,
  limit: number,
): Promise<ExitCode> {
  const counts = new Map<string, number>()
  let isClean = true
  for await (const rehearsed of bench.rehearse(filter, limit)) {
    const { letter, becomes, cause, orderNo, invoiceCount, grossAmount, faults } = rehearsed
    const figures = becomes === 'mapped' ? ` ${invoiceCount} 张 ${grossAmount}` : ''
    const what = cause === null ? becomes : `${becomes} ${cause}`
    context.print(`${letter.id} ${letter.businessType} ${orderNo ?? '–'} → ${what}${figures}`)
    printFaults(context, faults)
    counts.set(what, (counts.get(what) ?? 0) + 1)
    isClean &&= becomes !== 'parked' && becomes !== 'dead'
  }
  for (const [what, count] of counts) context.print(`${String(count).padStart(7)} ${what}`)
  return isClean ? 0 : 1
}

function describeLetter({ kind, id, state, cause, source, businessType, orderNo, messageId, receivedAt }: DeadLetter) {
  const order = orderNo === null ? '' : ` 订单 / order ${orderNo}`
  return `${id} ${kind} ${cause ?? state} ${businessType} ${source}${order} ${messageId ?? '–'} ${utcRfc3339(receivedAt)}`
}

function printFaults(context: VerbContext, faults: readonly Fault[]): void {
  for (const { code, path, message, messageEn } of faults)
    context.print(`    ${code} ${path} ${message} / ${messageEn}`)
}

function toFilter({ code, cause, type, source, id, discarded }: Narrowing): LetterFilter {
  return {
    states: discarded ? ['discarded'] : ['dead', 'parked'],
    code: code ?? null,
    cause: toCause(cause),
    businessType: type ?? null,
    source: source ?? null,
    id: id ?? null,
  }
}

/** An action on everything has to be meant: it needs `--all`. */
function toNarrowFilter(given: ByHandOptions): LetterFilter {
  const filter = toFilter(given)
  const { states, ...narrowing } = filter
  const isNarrow = Object.values(narrowing).some((value) => value !== null)
  if (isNarrow !== given.all) return filter
  throw given.all
    ? new VerbRefused(2, '--all 不能与其他条件同用', '--all goes with no other condition')
    : new VerbRefused(2, '请给出条件，或用 --all 表示全部', 'say which letters are meant, or --all')
}

function toCause(text: string | undefined): ParkCause | null {
  if (text === undefined) return null
  const cause = PARK_CAUSES.find((each) => each === text)
  if (cause === undefined) throw new VerbRefused(2, `没有原因 ${text}`, `there is no cause ${text}`)
  return cause
}

function toByHand({ by, reason }: ByHandOptions) {
  if (by.trim() === '' || reason.trim() === '') {
    throw new VerbRefused(2, '--by 与 --reason 不能为空', '--by and --reason must not be empty')
  }
  return { actor: by, reason }
}
