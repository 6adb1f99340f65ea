/** Every local check of the rulebook's chapter 12, by theme; the order of a theme's checks is the order they run in. */
import { ARITHMETIC_INVOICE_CHECKS, ARITHMETIC_LINE_CHECKS } from './arithmetic.js'
import { BUYER_DRAFT_CHECKS, BUYER_INVOICE_CHECKS } from './buyer.js'
import type {
  AnyLocalCheck,
  DraftLineSubject,
  DraftSubject,
  ElsewhereCheck,
  InvoiceLineSubject,
  InvoiceSubject,
} from './check.js'
import { COAL_DRAFT_CHECKS, COAL_DRAFT_LINE_CHECKS, COAL_INVOICE_CHECKS, COAL_INVOICE_LINE_CHECKS } from './coal.js'
import { CODE_CHECKS, RATE_CHECKS } from './codes-and-rates.js'
import { makeRunnable } from './collector.js'
import {
  DIFFERENTIAL_DRAFT_CHECKS,
  DIFFERENTIAL_DRAFT_LINE_CHECKS,
  DIFFERENTIAL_INVOICE_CHECKS,
  DIFFERENTIAL_INVOICE_LINE_CHECKS,
} from './differential.js'
import { DISCOUNT_DRAFT_LINE_CHECKS, DISCOUNT_INVOICE_LINE_CHECKS } from './discounts.js'
import { ELSEWHERE_CHECKS } from './elsewhere.js'
import { HEAD_DRAFT_CHECKS, HEAD_INVOICE_CHECKS, HEAD_INVOICE_LINE_CHECKS, HEAD_LINE_CHECKS } from './head.js'
import { IDENTITY_DRAFT_CHECKS, IDENTITY_INVOICE_CHECKS } from './identity.js'
import { ISSUER_DRAFT_CHECKS, ISSUER_INVOICE_CHECKS, SELLER_CHECKS, type SellerCheck } from './issuer.js'
import {
  LINES_DRAFT_CHECKS,
  LINES_DRAFT_LINE_CHECKS,
  LINES_INVOICE_CHECKS,
  LINES_INVOICE_LINE_CHECKS,
} from './lines.js'
import {
  PREFERENCE_DRAFT_LINE_CHECKS,
  PREFERENCE_INVOICE_CHECKS,
  PREFERENCE_INVOICE_LINE_CHECKS,
} from './preferences.js'
import { PROMPT_CHECKS } from './special-prompts.js'
import { VOUCHER_CHECKS } from './vouchers.js'

/** Checks of one file; the file's test carries out their examples. */
export interface Theme {
  /** File name without extension, below connector/invoice/checks. */
  file: string
  checks: readonly AnyLocalCheck[]
}

export const THEMES: readonly Theme[] = [
  { file: 'issuer', checks: [...ISSUER_DRAFT_CHECKS, ...ISSUER_INVOICE_CHECKS] },
  {
    file: 'head',
    checks: [...HEAD_DRAFT_CHECKS, ...HEAD_LINE_CHECKS, ...HEAD_INVOICE_CHECKS, ...HEAD_INVOICE_LINE_CHECKS],
  },
  { file: 'buyer', checks: [...BUYER_DRAFT_CHECKS, ...BUYER_INVOICE_CHECKS] },
  { file: 'identity', checks: [...IDENTITY_DRAFT_CHECKS, ...IDENTITY_INVOICE_CHECKS] },
  {
    file: 'lines',
    checks: [...LINES_DRAFT_CHECKS, ...LINES_DRAFT_LINE_CHECKS, ...LINES_INVOICE_CHECKS, ...LINES_INVOICE_LINE_CHECKS],
  },
  { file: 'codes-and-rates', checks: [...CODE_CHECKS, ...RATE_CHECKS] },
  { file: 'discounts', checks: [...DISCOUNT_DRAFT_LINE_CHECKS, ...DISCOUNT_INVOICE_LINE_CHECKS] },
  {
    file: 'preferences',
    checks: [...PREFERENCE_DRAFT_LINE_CHECKS, ...PREFERENCE_INVOICE_CHECKS, ...PREFERENCE_INVOICE_LINE_CHECKS],
  },
  { file: 'arithmetic', checks: [...ARITHMETIC_LINE_CHECKS, ...ARITHMETIC_INVOICE_CHECKS] },
  {
    file: 'differential',
    checks: [
      ...DIFFERENTIAL_DRAFT_CHECKS,
      ...DIFFERENTIAL_DRAFT_LINE_CHECKS,
      ...DIFFERENTIAL_INVOICE_CHECKS,
      ...DIFFERENTIAL_INVOICE_LINE_CHECKS,
    ],
  },
  { file: 'vouchers', checks: VOUCHER_CHECKS },
  {
    file: 'coal',
    checks: [...COAL_DRAFT_CHECKS, ...COAL_DRAFT_LINE_CHECKS, ...COAL_INVOICE_CHECKS, ...COAL_INVOICE_LINE_CHECKS],
  },
  { file: 'special-prompts', checks: PROMPT_CHECKS },
]

export const DRAFT_CHECKS = makeRunnable<DraftSubject>(select('draft'))
export const DRAFT_LINE_CHECKS = makeRunnable<DraftLineSubject>(select('draft line'))
export const INVOICE_CHECKS = makeRunnable<InvoiceSubject>(select('invoice'))
export const INVOICE_LINE_CHECKS = makeRunnable<InvoiceLineSubject>(select('invoice line'))

export type RegisteredCheck = AnyLocalCheck | SellerCheck | ElsewhereCheck

/** All of them, the seller gate first, those of other rooms last. */
export const ALL_CHECKS: readonly RegisteredCheck[] = [
  ...SELLER_CHECKS,
  ...THEMES.flatMap(({ checks }) => checks),
  ...ELSEWHERE_CHECKS,
]

function select<Scope extends AnyLocalCheck['appliesTo']>(
  scope: Scope,
): Extract<AnyLocalCheck, { appliesTo: Scope }>[] {
  return THEMES.flatMap(({ checks }) => checks).filter(
    (check): check is Extract<AnyLocalCheck, { appliesTo: Scope }> => check.appliesTo === scope,
  )
}
