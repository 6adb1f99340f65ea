/** Quota at upload: L-109, L-110. Quota of another month cannot be used, for each month has its own ledger (L-111). */
import { unusedOf } from '../books.js'
import type { Say, UploadCase } from './case.js'

const NOT_TAXABLE = '04'
/** The sixteen 不征税 codes that count like normal lines: 601… to 616…. Source: rulebook 3.1, from 2025-07-01. */
const COUNTING_CODE = /^6(0[1-9]|1[0-6])0{16}$/

/** Units: net fen. Shape: what the invoice takes from the month's quota; other 不征税 lines take nothing. */
export function quotaNetOf(uploadCase: UploadCase): bigint {
  let taken = 0n
  for (const { form, net } of uploadCase.lines) {
    if (form.yhzcbs !== NOT_TAXABLE || COUNTING_CODE.test(form.sphfwssflhbbm)) taken += net
  }
  return taken
}

export function judgeQuota(uploadCase: UploadCase, quotaNet: bigint, say: Say): void {
  // Looked up, not opened: a ledger appears when somebody asks for the month's quota.
  const ledger = uploadCase.account.ledgers.get(uploadCase.period)
  const day = uploadCase.issueDay.replaceAll('-', '')
  const windowFrom = ledger?.windowFrom ?? null
  const windowTo = ledger?.windowTo ?? null
  if (windowFrom === null || windowTo === null || day < windowFrom || day > windowTo) {
    say('L-110', '授信额度不在有效期内')
  }
  if (quotaNet > (ledger === undefined ? 0n : unusedOf(ledger))) say('L-109', '可用发票额度不足')
}
