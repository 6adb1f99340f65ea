/** Words the bureau wants said about certain services on a special invoice. L-147, L-148; the texts are in `prompts.ts`. */
import type { InvoiceLine } from '../invoice.js'
import type { InvoiceCheck } from './check.js'
import { LIVING_CODE_PREFIXES, LOAN_CODE_PREFIX } from './code-lists.js'
import { LIVING_PROMPT_LAST_OLD_DATE, PROMPTS } from './prompts.js'

export const PROMPT_CHECKS: readonly InvoiceCheck[] = [
  {
    id: 'L-147',
    appliesTo: 'invoice',
    title: '专用发票的贷款服务',
    condition: 'a special invoice with loan services: alone P1, beside other items P2',
    reaction: 'warn',
    section: '2.15',
    sources: ['S1'],
    passes: 'an ordinary invoice with loan services',
    fails: 'a special invoice with loan services',
    run: ({ invoice: { kind, lines } }, report) => {
      if (kind !== 'special' || !lines.some(isLoan)) return
      const prompt = lines.some(isOther) ? PROMPTS.P2 : PROMPTS.P1
      report('/lines', prompt.zh, prompt.en)
    },
  },
  {
    id: 'L-148',
    appliesTo: 'invoice',
    title: '专用发票的餐饮、居民日常、娱乐服务',
    condition:
      'a special invoice with such services: alone P3 or P4, beside other items P5 or P6, by the date of issue',
    reaction: 'warn',
    section: '2.15',
    sources: ['S1'],
    passes: 'an ordinary invoice with catering',
    fails: 'a special invoice with catering',
    run: ({ invoice: { kind, lines }, date }, report) => {
      if (kind !== 'special' || !lines.some(isLiving)) return
      const isOld = date <= LIVING_PROMPT_LAST_OLD_DATE
      const isMixed = lines.some(isOther)
      const prompt = isMixed ? (isOld ? PROMPTS.P5 : PROMPTS.P6) : isOld ? PROMPTS.P3 : PROMPTS.P4
      report('/lines', prompt.zh, prompt.en)
    },
  },
]

function isLoan({ taxCode }: InvoiceLine): boolean {
  return taxCode.startsWith(LOAN_CODE_PREFIX)
}

function isLiving({ taxCode }: InvoiceLine): boolean {
  return LIVING_CODE_PREFIXES.some((prefix) => taxCode.startsWith(prefix))
}

function isOther(line: InvoiceLine): boolean {
  return !isLoan(line) && !isLiving(line)
}
