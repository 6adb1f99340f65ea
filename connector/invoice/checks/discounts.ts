/** Line natures and discount pairs: a discounted line and, right behind it, its discount. L-66 … L-70. */
import { Decimal } from '../../kernel/decimal.js'
import type { InvoiceLine } from '../invoice.js'
import { DEFECT_REMEDY, type DraftLineCheck, type InvoiceLineCheck } from './check.js'

export const DISCOUNT_DRAFT_LINE_CHECKS: readonly DraftLineCheck[] = [
  {
    id: 'L-70',
    appliesTo: 'draft line',
    title: '折扣',
    condition: 'a discount rate outside 0–1, a negative discount, one greater than the line, or both rate and amount',
    reaction: 'block',
    section: '2.5',
    sources: ['S10'],
    isSwitchable: true,
    passes: 'a discount of the whole line',
    fails: 'a discount of 0.01 more than the line',
    run: ({ line, path, name, nameEn }, report) => {
      const { discountRate, discountAmount, amount } = line
      if (discountRate !== null && discountAmount !== null) {
        report(
          `${path}/discountRate`,
          `${name}折扣率和折扣金额只能填写一个`,
          `${nameEn} has a discount rate and a discount amount, only one may be given`,
        )
      }
      if (discountRate !== null && (discountRate.isNegative || discountRate.compare(Decimal.ONE) > 0)) {
        report(
          `${path}/discountRate`,
          `${name}折扣率 ${discountRate} 须在 0 到 1 之间`,
          `the discount rate ${discountRate} of ${nameEn} must lie between 0 and 1`,
        )
      }
      if (discountAmount === null) return
      if (discountAmount.isNegative || (amount !== null && discountAmount.compare(amount) > 0)) {
        report(
          `${path}/discountAmount`,
          `${name}折扣金额 ${discountAmount} 须在 0 到行金额 ${amount ?? ''} 之间`,
          `the discount ${discountAmount} of ${nameEn} must lie between 0 and the amount ${amount ?? ''} of the line`,
        )
      }
    },
  },
]

export const DISCOUNT_INVOICE_LINE_CHECKS: readonly InvoiceLineCheck[] = [
  {
    id: 'L-66',
    appliesTo: 'invoice line',
    title: '发票行性质',
    condition: 'a discounted line without a discount behind it, or a discount without its discounted line before it',
    reaction: 'block',
    section: '2.5',
    sources: ['S1', 'S2'],
    passes: 'a discounted line followed by its discount',
    fails: 'a discounted line that is the last',
    run: ({ line, previous, next, path, name, nameEn }, report) => {
      const isTorn =
        (line.nature === 'discounted' && next?.nature !== 'discount') ||
        (line.nature === 'discount' && previous?.nature !== 'discounted')
      if (isTorn) {
        report(
          path,
          `${name}被折扣行与折扣行不成对`,
          `the discounted line and the discount of ${nameEn} are no pair`,
          DEFECT_REMEDY,
        )
      }
    },
  },
  {
    id: 'L-67',
    appliesTo: 'invoice line',
    title: '折扣行的规格型号、单位、数量、单价',
    condition: 'filled on a discount line',
    reaction: 'block',
    section: '2.5',
    sources: ['S1'],
    passes: 'a discount line without them',
    fails: 'a discount line with a unit',
    run: ({ line, path, name, nameEn }, report) => {
      if (line.nature !== 'discount') return
      if (line.model !== null || line.unit !== null || line.quantity !== null || line.unitPrice !== null) {
        report(
          path,
          `${name}的折扣行不得填写规格型号、单位、数量、单价`,
          `the discount of ${nameEn} must not carry model, unit, quantity or price`,
          DEFECT_REMEDY,
        )
      }
    },
  },
  {
    id: 'L-68',
    appliesTo: 'invoice line',
    title: '折扣行、被折扣行的扣除额',
    condition: 'filled on a discount or a discounted line',
    reaction: 'block',
    section: '2.5',
    sources: ['S1'],
    passes: 'a discount pair without a deduction',
    fails: 'a discounted line with a deduction',
    run: ({ line, path, name, nameEn }, report) => {
      if (line.nature !== 'normal' && line.deduction !== null) {
        report(
          path,
          `${name}的折扣行、被折扣行不得填写扣除额`,
          `neither line of the discount pair of ${nameEn} may carry a deduction`,
          DEFECT_REMEDY,
        )
      }
    },
  },
  {
    id: 'L-69',
    appliesTo: 'invoice line',
    title: '折扣行与被折扣行',
    condition: 'name, short name, rate, code or preference differ within the pair',
    reaction: 'block',
    section: '2.5',
    sources: ['S1'],
    passes: 'a discount that repeats its line',
    fails: 'a discount with another rate',
    run: ({ line, previous, path, name, nameEn }, report) => {
      if (line.nature === 'discount' && previous?.nature === 'discounted' && !isSameItem(line, previous)) {
        report(
          path,
          `${name}的折扣行须与被折扣行的名称、简称、税率、编码、优惠政策一致`,
          `the discount of ${nameEn} must repeat name, short name, rate, code and preference of its line`,
          DEFECT_REMEDY,
        )
      }
    },
  },
  {
    id: 'L-70',
    part: 'pair',
    appliesTo: 'invoice line',
    title: '折扣行与被折扣行的金额',
    condition: 'the discount is greater than its line',
    reaction: 'block',
    section: '2.5',
    sources: ['S10'],
    isSwitchable: true,
    passes: 'a discount equal to its line',
    fails: 'a discount one fen greater than its line',
    run: ({ line, previous, path, name, nameEn }, report) => {
      if (line.nature !== 'discount' || previous?.nature !== 'discounted') return
      if (-line.grossAmount > previous.grossAmount || -line.netAmount > previous.netAmount) {
        report(
          `${path}/discountAmount`,
          `${name}的折扣大于被折扣行的金额`,
          `the discount of ${nameEn} is greater than its line`,
        )
      }
    },
  },
]

function isSameItem(left: InvoiceLine, right: InvoiceLine): boolean {
  return (
    left.name === right.name &&
    left.shortName === right.shortName &&
    left.taxCode === right.taxCode &&
    left.preference === right.preference &&
    left.taxRate.equals(right.taxRate)
  )
}
