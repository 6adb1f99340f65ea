/** What became of each message of the demo, read back from the inbox, and whether that is what was expected. */
import type pg from 'pg'
import type { ResultMessage } from '../../result/result.js'
import type { SampleOrder } from './sample-orders.js'

const LOAD_DISPOSITIONS = `
  select m.message_id, m.disposition, m.park_cause as inbox_cause, m.faults, o.order_no, o.state, o.park_cause, o.faults as order_faults
    from inbox_messages m left join orders o on o.id = m.order_id
   where m.message_id = any($1)`

export interface Outcome {
  sample: SampleOrder
  orderNo: string
  verdict: string
  /** Code of the first fault, where there is one. */
  reason: string
  result: ResultMessage | null
  isAsExpected: boolean
}

interface Row {
  message_id: string
  disposition: string | null
  inbox_cause: string | null
  order_no: string | null
  state: string | null
  park_cause: string | null
  faults: { code: string; cure: string }[] | null
  order_faults: { code: string; cure: string }[] | null
}

/** Shape: one outcome per sample, in their order. `messageIdOf` names the message of a sample. */
export async function loadOutcomes(
  pool: pg.Pool,
  samples: readonly SampleOrder[],
  messageIdOf: (index: number) => string,
  results: readonly ResultMessage[],
): Promise<readonly Outcome[]> {
  const { rows } = await pool.query<Row>(LOAD_DISPOSITIONS, [samples.map((_, index) => messageIdOf(index))])
  const byMessage = new Map(rows.map((row) => [row.message_id, row]))
  return samples.map((sample, index) => {
    const row = byMessage.get(messageIdOf(index))
    const result = results.find(({ messageId }) => messageId === messageIdOf(index)) ?? null
    const verdict = verdictOf(row)
    return {
      sample,
      orderNo: row?.order_no ?? '–',
      verdict,
      reason: reasonOf([...(row?.faults ?? []), ...(row?.order_faults ?? [])]),
      result,
      isAsExpected: verdict.startsWith(sample.expected) && isToldRight(sample, result),
    }
  })
}

/** The code that decided: the sender's fault where there is one, else the first. */
function reasonOf(faults: readonly { code: string; cure: string }[]): string {
  return (faults.find(({ cure }) => cure === 'sender') ?? faults[0])?.code ?? ''
}

/** A result is told exactly when the order system is to learn one, and says the same. */
function isToldRight({ expected }: SampleOrder, result: ResultMessage | null): boolean {
  return expected === 'issued' || expected === 'rejected' ? result?.status === expected : result === null
}

function verdictOf(row: Row | undefined): string {
  if (row === undefined) return 'lost'
  if (row.disposition === 'accepted')
    return row.park_cause === null ? (row.state ?? 'lost') : `parked: ${row.park_cause}`
  return row.disposition ?? `parked: ${row.inbox_cause}`
}
