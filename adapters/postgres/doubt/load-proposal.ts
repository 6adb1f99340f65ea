/** A proposal is an entry of the log of actions, and nowhere else. */
import type { Proposal } from '../../../connector/issuing/doubt-ports.js'
import type { Tx } from '../../../connector/issuing/transaction.js'
import { clientOf } from '../database.js'
import { run, type Statement } from '../statement.js'

const LOAD_PROPOSAL: Statement = {
  name: 'doubts.load_proposal',
  text: `
    select id, subject, detail->>'invoiceId' as invoice_id, detail->>'verdict' as verdict, reason, actor
    from actions where id = $1 and kind = 'doubt.propose'`,
}

interface ProposalRow {
  id: string
  subject: string
  invoice_id: string
  verdict: Proposal['verdict']
  reason: string
  actor: string
}

export async function loadProposal(tx: Tx, id: bigint): Promise<Proposal | null> {
  const [row] = await run<ProposalRow>(clientOf(tx), LOAD_PROPOSAL, [id])
  if (row === undefined) return null
  const { subject, invoice_id, verdict, reason, actor } = row
  return { id: BigInt(row.id), invoiceNumber: subject, invoiceId: invoice_id, verdict, reason, by: actor }
}
