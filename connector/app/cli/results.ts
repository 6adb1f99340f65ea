/**
 * `results list|replay`, `callbacks list|enable`: what became of results, and what a person does about it. No body is
 * printed; what is done stands in the log of actions.
 */
import { makeResultStore } from '../../../adapters/postgres/results/result-store.js'
import { systemClock } from '../../../adapters/system/clock.js'
import { enableEndpoint, isEverything, REPLAY_COUNT_MAX, type ReplayDeps, replayResults } from '../../issuing/replay.js'
import type { ResultFilter, ResultOverview, ResultWay } from '../../issuing/replay-ports.js'
import { type Instant, instant, utcRfc3339 } from '../../kernel/time.js'
import { loadConfig } from '../config.js'
import { openMemory } from '../memory.js'
import { makeQuietLogger } from './quiet-logger.js'
import { type ExitCode, type VerbContext, VerbRefused } from './verbs.js'

const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** How results are narrowed on the command line. */
interface Narrowing {
  undelivered: boolean
  businessType?: string
  orderNo?: string
  event?: string
  since?: string
  until?: string
  byWay?: ResultWay
}

interface ByHandOptions {
  by: string
  reason: string
}

export function list(context: VerbContext, given: Narrowing & { limit: number }): Promise<ExitCode> {
  const filter = toFilter(given)
  return withResults<ExitCode>(context, async ({ results }) => {
    const found = await results.list(filter, given.limit)
    for (const result of found) context.print(describeResult(result))
    if (found.length === 0) context.print('没有符合条件的结果 / no result is meant')
    if (found.length === given.limit) {
      context.print(`只列出最近 ${given.limit} 件，可能还有更多 / the latest ${given.limit}; there may be more`)
    }
    return (await results.hasGivenUp(filter)) ? 1 : 0
  })
}

export function replay(
  context: VerbContext,
  given: Narrowing & ByHandOptions & { all: boolean; confirm?: number },
): Promise<ExitCode> {
  const filter = toFilter(given)
  if (isEverything(filter) !== given.all) {
    throw given.all
      ? new VerbRefused(2, '--all 不能与其他条件同用', '--all goes with no other condition')
      : new VerbRefused(2, '请给出条件，或用 --all 表示全部', 'say which results are meant, or --all')
  }
  const byHand = { ...toByHand(given), confirmedCount: given.confirm ?? null }
  return withResults<ExitCode>(context, async (deps) => {
    const end = await replayResults(deps, filter, byHand)
    if (end.kind === 'replayed') {
      const { matchedCount, amqpCount, callbackCount } = end
      context.print(`${matchedCount} 件结果：RabbitMQ 重发 ${amqpCount}，回调重发 ${callbackCount}`)
      context.print(`${matchedCount} results: ${amqpCount} again by RabbitMQ, ${callbackCount} again by callback`)
      return 0
    }
    if (end.kind === 'too_many') {
      context.complain(`${end.matchedCount} 件，一次至多 ${REPLAY_COUNT_MAX} 件：请用 --since、--until 分段`)
      context.complain(
        `${end.matchedCount} results, at most ${REPLAY_COUNT_MAX} at once: narrow by --since and --until`,
      )
      return 1
    }
    context.complain(`未重发：现有 ${end.matchedCount} 件，确认请加 --confirm ${end.matchedCount}`)
    context.complain(
      `nothing was sent: ${end.matchedCount} results are meant; confirm by --confirm ${end.matchedCount}`,
    )
    return 1
  })
}

export function listEndpoints(context: VerbContext): Promise<ExitCode> {
  return withResults<ExitCode>(context, async ({ results }) => {
    const endpoints = await results.endpoints()
    for (const { businessType, url, disabledFor, openUntil, failingSince, waitingCount, exhaustedCount } of endpoints) {
      const state = disabledFor === null ? (openUntil === null ? 'enabled' : 'paused') : `disabled (${disabledFor})`
      const since = failingSince === null ? '' : ` failing since ${utcRfc3339(failingSince)}`
      context.print(
        `${businessType} ${state} waiting ${waitingCount} exhausted ${exhaustedCount}${since} ${url ?? '–'}`,
      )
    }
    if (endpoints.length === 0) context.print('没有回调目标 / no callback endpoints')
    return endpoints.some(({ disabledFor }) => disabledFor !== null) ? 1 : 0
  })
}

export function enable(context: VerbContext, code: string, given: ByHandOptions): Promise<ExitCode> {
  const byHand = toByHand(given)
  return withResults<ExitCode>(context, async (deps) => {
    if (!(await enableEndpoint(deps, code, byHand))) {
      throw new VerbRefused(1, `业务类型 ${code} 没有回调目标`, `business type ${code} has no callback endpoint`)
    }
    context.print(`${code} 已启用 / enabled`)
    return 0
  })
}

async function withResults<T>(context: VerbContext, work: (deps: ReplayDeps) => Promise<T>): Promise<T> {
  const config = loadConfig(context.source, ['databaseUrl', 'masterKey'])
  const memory = await openMemory(config, makeQuietLogger(config))
  try {
    return await work({ ...memory.store, results: makeResultStore(memory.pool), clock: systemClock })
  } finally {
    await memory.close()
  }
}

function describeResult({
  eventId,
  businessType,
  orderNo,
  seq,
  status,
  createdAt,
  amqp,
  callback,
}: ResultOverview): string {
  const ways = [
    ...(amqp === null ? [] : [`amqp ${amqp.isUnroutable ? 'unroutable' : amqp.state}${toReplays(amqp.replays)}`]),
    ...(callback === null
      ? []
      : [
          `callback ${callback.state}${toReplays(callback.replays)} attempts ${callback.attempts}`,
          ...(callback.code === null || callback.state === 'delivered' ? [] : [callback.code]),
          ...(callback.dueAt === null ? [] : [`due ${utcRfc3339(callback.dueAt)}`]),
        ]),
  ]
  return `${eventId} ${utcRfc3339(createdAt)} ${businessType} ${orderNo ?? '–'} #${seq} ${status} ${ways.join(' ')}`
}

function toReplays(replays: number): string {
  return replays === 0 ? '' : ` (replayed ${replays})`
}

function toFilter({ undelivered, businessType, orderNo, event, since, until, byWay }: Narrowing): ResultFilter {
  if (event !== undefined && !UUID.test(event)) {
    throw new VerbRefused(2, '--event 须为结果的 eventId', '--event must be the eventId of a result')
  }
  return {
    businessType: businessType ?? null,
    orderNo: orderNo ?? null,
    eventId: event ?? null,
    since: toInstant('--since', since),
    until: toInstant('--until', until),
    way: byWay ?? null,
    isUndelivered: undelivered,
  }
}

function toInstant(name: string, text: string | undefined): Instant | null {
  if (text === undefined) return null
  const at = RFC_3339.test(text) ? Date.parse(text) : Number.NaN
  if (!Number.isNaN(at)) return instant(at)
  throw new VerbRefused(
    2,
    `${name} 须为 RFC 3339 时间，如 2026-11-22T16:00:00+08:00`,
    `${name} must be an RFC 3339 time such as 2026-11-22T16:00:00+08:00`,
  )
}

function toByHand({ by, reason }: ByHandOptions) {
  if (by.trim() === '' || reason.trim() === '') {
    throw new VerbRefused(2, '--by 与 --reason 不能为空', '--by and --reason must not be empty')
  }
  return { actor: by, reason }
}
