/** Carries out the passing and the failing example of every check of a theme. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keyOf } from '../invoice/checks/check.js'
import { checkDraft } from '../invoice/checks/check-draft.js'
import { checkInvoice } from '../invoice/checks/check-invoice.js'
import { failingTestName, passingTestName } from '../invoice/checks/document.js'
import { SELLER_CHECKS } from '../invoice/checks/issuer.js'
import { THEMES } from '../invoice/checks/registry.js'
import type { InvoiceDraft } from '../invoice/draft.js'
import type { Finding, IssuingContext } from '../invoice/finding.js'
import type { Invoice } from '../invoice/invoice.js'
import { anInvoiceDraft, anIssuingContext } from './builders.js'

/** A document as a check looks at it; an example with an invoice is about the invoice, else about the draft. */
export interface Example {
  draft?: Parameters<typeof anInvoiceDraft>[0]
  invoice?: Invoice
  context?: Partial<IssuingContext>
}

export interface CheckExamples {
  passes: Example
  fails: Example
  /** Where the failing example's finding points. */
  at: string
}

/**
 * Proves a theme: a passing example has nothing against it but warnings of other checks; a failing one is found out by its
 * check at its place, with the reaction of the registry and a message in both languages.
 */
export function proveTheme(file: string, examples: Readonly<Record<string, CheckExamples>>): void {
  const theme = THEMES.find((each) => each.file === file)
  assert.ok(theme, `no theme ${file}`)
  test(`every check of ${file} has its examples`, () => {
    assert.deepEqual(Object.keys(examples).sort(), theme.checks.map(keyOf).sort())
  })
  for (const check of theme.checks) {
    const example = examples[keyOf(check)]
    if (example === undefined) continue
    test(passingTestName(check), () => {
      const against = judge(example.passes).filter((each) => each.reaction !== 'warn' || each.check === check.id)
      assert.deepEqual(against, [])
    })
    test(failingTestName(check), () => {
      const found = judge(example.fails).filter((each) => each.check === check.id && each.fault.path === example.at)
      assert.deepEqual(
        found.map(({ reaction, fault }) => [reaction, fault.code]),
        [[check.reaction === 'warn' || check.reaction === 'park' ? check.reaction : 'block', check.id]],
      )
      for (const { fault } of found) assert.ok(fault.message !== '' && fault.messageEn !== '')
      const isSilenced = judge(example.fails, keyOf(check)).length < judge(example.fails).length
      assert.equal(isSilenced, check.isSwitchable === true, 'can be switched off when it is switchable, and only then')
    })
  }
}

/** Proves the seller gate in the same way; the gate judges a unit, not a document. */
export function proveSellerGate<Subject>(
  examples: Readonly<Record<string, { passes: Subject; fails: Subject }>>,
  judgeSeller: (subject: Subject) => readonly Pick<Finding, 'check' | 'reaction' | 'fault'>[],
): void {
  for (const check of SELLER_CHECKS) {
    const example = examples[check.id]
    assert.ok(example, `no examples of ${check.id}`)
    test(passingTestName(check), () => assert.deepEqual(judgeSeller(example.passes), []))
    test(failingTestName(check), () => {
      const found = judgeSeller(example.fails)
      assert.notDeepEqual(found, [])
      for (const { check: id, reaction, fault } of found) {
        assert.deepEqual([id, reaction, fault.code, fault.path], [check.id, check.reaction, check.id, ''])
        assert.ok(fault.message !== '' && fault.messageEn !== '')
      }
    })
  }
}

function judge({ draft, invoice, context }: Example, ...disabled: string[]): Finding[] {
  const judged: InvoiceDraft = anInvoiceDraft(draft)
  const given = anIssuingContext(context)
  const policy = { disabled: new Set(disabled) }
  return invoice === undefined ? checkDraft(judged, given, policy) : checkInvoice(invoice, judged, given, policy)
}
