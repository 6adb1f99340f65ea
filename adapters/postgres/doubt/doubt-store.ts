/** The memory of what waits for a person, put together from its operations. */
import type pg from 'pg'
import type { DoubtStore } from '../../../connector/issuing/doubt-ports.js'
import { closeIncidents } from './close-incidents.js'
import { correctOrder, loadTold } from './correct-order.js'
import { endInvoice } from './end-invoice.js'
import { listDoubts } from './list-doubts.js'
import { loadEvidence } from './load-evidence.js'
import { loadProposal } from './load-proposal.js'
import { lockDoubt } from './lock-doubt.js'
import { moveQuota } from './move-quota.js'

export function makeDoubtStore(pool: pg.Pool): DoubtStore {
  return {
    list: (limit) => listDoubts(pool, limit),
    loadEvidence: (invoiceNumber) => loadEvidence(pool, invoiceNumber),
    lock: lockDoubt,
    loadProposal,
    endInvoice,
    closeIncidents,
    moveQuota,
    loadTold,
    correctOrder,
  }
}
