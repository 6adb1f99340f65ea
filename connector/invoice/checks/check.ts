/**
 * Local checks: what the connector itself judges before anything is sent, one object per check of the rulebook's
 * chapter 12, grouped in files by theme and listed in `registry.ts`.
 *
 * Knows: how a check is described, what it looks at, how it speaks. Must not know: numbers, quota, wire names.
 * Invariants: an id is never reused; a check only reports, it never changes what it looks at; all findings of a
 * document are collected; a finding points into the draft, where its sender can see it.
 */
import type { ParkCause } from '../../kernel/fault.js'
import type { LocalDate } from '../../kernel/time.js'
import type { DraftLine, InvoiceDraft } from '../draft.js'
import type { CheckId, IssuingContext } from '../finding.js'
import type { Invoice, InvoiceLine } from '../invoice.js'
import type { TaxClassification } from '../tax-tables.js'
import type { RateVerdict } from './rate-verdict.js'
import type { SourceMark } from './sources.js'

/** `fill` and `split` are carried out while the invoice is computed; their checks prove that it was done right. */
type Reaction = 'block' | 'park' | 'warn' | 'fill' | 'split'

export interface CheckFacts {
  id: CheckId
  /** Tells two checks of one id apart, e.g. the form of a tax number from its check digit. */
  part?: string
  /** A1 … A13, the arithmetic list. */
  alias?: `A${number}`
  /** The bureau's name of the field. */
  title: string
  /** What triggers it. */
  condition: string
  reaction: Reaction
  /** Section of the rulebook that explains it. */
  section: string
  sources: readonly SourceMark[]
  /** Rests on inference or on weak sources, so that a policy may turn it off. */
  isSwitchable?: true
}

/** One passing and one failing example in words; the test beside the theme's file carries them out. */
export interface Examples {
  passes: string
  fails: string
}

interface LocalCheck<Scope extends CheckScope, Subject> extends CheckFacts, Examples {
  appliesTo: Scope
  run(subject: Subject, report: Report): void
}

type CheckScope = 'draft' | 'draft line' | 'invoice' | 'invoice line'
export type DraftCheck = LocalCheck<'draft', DraftSubject>
export type DraftLineCheck = LocalCheck<'draft line', DraftLineSubject>
export type InvoiceCheck = LocalCheck<'invoice', InvoiceSubject>
export type InvoiceLineCheck = LocalCheck<'invoice line', InvoiceLineSubject>
export type AnyLocalCheck = DraftCheck | DraftLineCheck | InvoiceCheck | InvoiceLineCheck

/** A check that another room carries out. */
export interface ElsewhereCheck extends CheckFacts {
  appliesTo: 'elsewhere'
  /** Room or adapter that enforces it, and how. */
  home: string
}

/** Says what is wrong at a JSON Pointer of the draft; without a remedy, the origin of the value decides who cures it. */
export type Report = (path: string, message: string, messageEn: string, remedy?: Remedy) => void

export interface Remedy {
  cure: 'administrator'
  parkCause: ParkCause
}

/** The unit, its settings or the bureau's view of it must be mended. */
export const UNIT_REMEDY: Remedy = { cure: 'administrator', parkCause: 'unit_unverified' }
/** The bureau's tables must be read again before anyone is proved wrong. */
export const TABLES_REMEDY: Remedy = { cure: 'administrator', parkCause: 'tax_tables_stale' }
/** Only our own computing can have done this. */
export const DEFECT_REMEDY: Remedy = { cure: 'administrator', parkCause: 'defect' }

/** What every check of one document shares, worked out once. */
interface Facts {
  draft: InvoiceDraft
  context: IssuingContext
  /** Date of issue in China. */
  date: LocalDate
  /** Main industry 63…; false also while the profile is unknown, when the seller gate parks anyway. */
  isTelecomSeller: boolean
}

export interface DraftSubject extends Facts {
  /** All lines, the freight line last. */
  lines: readonly DraftLineSubject[]
}

export interface DraftLineSubject extends Facts {
  line: DraftLine
  /** `/lines/3` or `/shipping`. */
  path: string
  /** How messages call it: `第 4 行`, `line 4`. */
  name: string
  nameEn: string
  /** Whether the order's differential taxation is about this line; freight beside it is taxed in full. */
  isDifferential: boolean
  /** null when the line names no code or the table does not hold it. */
  classification: TaxClassification | null
  /** null when the line names no rate or no rate table was ever read. */
  rateVerdict: RateVerdict | null
}

export interface InvoiceSubject extends Facts {
  invoice: Invoice
  lines: readonly InvoiceLineSubject[]
}

export interface InvoiceLineSubject extends Facts {
  invoice: Invoice
  line: InvoiceLine
  /** The line before and after on the same invoice. */
  previous: InvoiceLine | null
  next: InvoiceLine | null
  path: string
  name: string
  nameEn: string
}

/** Key of a check in policies and tables: `L-38`, `L-38.digit`. */
export function keyOf({ id, part }: CheckFacts): string {
  return part === undefined ? id : `${id}.${part}`
}
