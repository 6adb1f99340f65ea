/** `doubt list | show | close | approve`: what waits for people, what is known of it, and how two of them end it. */
import { setTimeout as sleep } from 'node:timers/promises'
import { makeDirectorySource } from '../../../adapters/postgres/directory/directory.js'
import { makeDoubtStore } from '../../../adapters/postgres/doubt/doubt-store.js'
import { makeIssuingStore } from '../../../adapters/postgres/issuing-store.js'
import { makePool } from '../../../adapters/postgres/pool.js'
import { systemClock } from '../../../adapters/system/clock.js'
import { randomIds } from '../../../adapters/system/ids.js'
import { approveClosing, type CloseDeps, proposeClosing } from '../../issuing/close-by-hand.js'
import type { DoubtSummary, Proposal } from '../../issuing/doubt-ports.js'
import { chinaRfc3339 } from '../../kernel/time.js'
import { loadConfig } from '../config.js'
import { type ExitCode, type VerbContext, VerbRefused } from './verbs.js'

/** Lines of a list; the longest waiting come first. */
const LIST_COUNT_MAX = 200

/** Exits 1 when something waits for people. */
export async function listDoubts(context: VerbContext, options: { json: boolean }): Promise<ExitCode> {
  return withMemory(context, async ({ doubts }) => {
    const found = await doubts.list(LIST_COUNT_MAX)
    if (options.json) context.print(JSON.stringify(found, printBigints, 2))
    else for (const line of describeList(found)) context.print(line)
    return found.some(isForPeople) ? 1 : 0
  })
}

/** Everything that is known of a number, as JSON. */
export async function showDoubt(context: VerbContext, invoiceNumber: string): Promise<ExitCode> {
  return withMemory(context, async ({ doubts }) => {
    const evidence = await doubts.loadEvidence(invoiceNumber)
    if (evidence === null) {
      throw new VerbRefused(1, `没有号码为 ${invoiceNumber} 的发票`, `no invoice has the number ${invoiceNumber}`)
    }
    context.print(JSON.stringify(evidence, null, 2))
    return 0
  })
}

export async function closeDoubt(
  context: VerbContext,
  invoiceNumber: string,
  options: { verdict: Proposal['verdict']; reason: string; by: string },
): Promise<ExitCode> {
  return withMemory(context, async (deps) => {
    const { id } = await proposeClosing(deps, { invoiceNumber, ...options })
    context.print(`提议 ${id} 已记录，请另一人核对证据后批准 / proposal ${id} is noted; another person approves it:`)
    context.print(`  leqi-connector doubt show ${invoiceNumber}`)
    context.print(`  leqi-connector doubt approve ${id} --by NAME`)
    return 0
  })
}

export async function approveDoubt(context: VerbContext, id: bigint, options: { by: string }): Promise<ExitCode> {
  return withMemory(context, async (deps) => {
    const { proposal, isNew } = await approveClosing(deps, { id, by: options.by })
    const { invoiceNumber, verdict } = proposal
    context.print(
      isNew
        ? `${invoiceNumber} 已按 ${verdict} 结案，结果将随即发布 / ${invoiceNumber} ended as ${verdict}; its result is on its way`
        : `提议 ${id} 此前已批准，没有再次执行 / proposal ${id} had been approved before; nothing happened again`,
    )
    return 0
  })
}

async function withMemory(context: VerbContext, act: (deps: CloseDeps) => Promise<ExitCode>): Promise<ExitCode> {
  const config = loadConfig(context.source, ['databaseUrl'])
  const pool = makePool({
    url: config.databaseUrl.reveal(),
    schema: config.databaseSchema,
    applicationName: 'leqi-connector doubt',
    connectionCountMax: 2,
    onError: (error) => context.complain(error.message),
  })
  try {
    const directory = await makeDirectorySource(pool).load()
    return await act({
      store: makeIssuingStore(pool, { schema: config.databaseSchema, random: Math.random, sleep }),
      doubts: makeDoubtStore(pool),
      directory: () => directory,
      ids: randomIds,
      clock: systemClock,
    })
  } finally {
    await pool.end()
  }
}

function isForPeople({ state, isContradicted }: DoubtSummary): boolean {
  return state === 'needs_person' || isContradicted
}

function describeList(found: readonly DoubtSummary[]): string[] {
  if (found.length === 0) return ['没有存疑的发票 / nothing is in doubt']
  return found.map((each) => {
    const state = each.isContradicted ? `${each.state}, contradicted` : each.state
    const since = each.since === null ? '' : chinaRfc3339(each.since)
    const proposals = each.proposalIds.length === 0 ? '' : `  proposals: ${each.proposalIds.join(', ')}`
    return `${each.invoiceNumber}  ${state}  since ${since}  attempts ${each.attempts}  ${each.orderKey}  ${each.taxNo}${proposals}`
  })
}

function printBigints(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value
}
