/** Which charges may stand on one invoice: incompatible tax treatments are taken apart. Source: Leqi rulebook 2.7, 2.9. */
import {
  AIR_FUND_CODE,
  AIR_PASSENGER_CODES,
  NOT_TAXABLE,
  NOT_TAXABLE_WATER_CODE,
  TELECOM_PREPAID_CODE,
} from './checks/code-lists.js'
import type { Charge } from './compute.js'

/**
 * Groups the charges of an order into invoices-to-be by tax treatment.
 *
 * Shape   differential first, then what is taxed, then what is not (04); charges keep their order; no group is empty
 * Source  Leqi rulebook 2.7 (不征税 apart, with its three exceptions), 2.9 (differential alone)
 */
export function groupByTreatment(charges: readonly Charge[], isTelecomSeller: boolean): Charge[][] {
  if (charges.length > 0 && charges.every(({ line }) => line.deduction === null && line.preference !== NOT_TAXABLE)) {
    return [[...charges]]
  }
  const differential = charges.filter(({ line }) => line.deduction !== null)
  const ordinary = charges.filter(({ line }) => line.deduction === null)
  const taxed = ordinary.filter((charge) => !isUntaxed(charge))
  if (taxed.length === 0 || taxed.length === ordinary.length) return keepFilled([differential, ordinary])

  const isFlight = taxed.every(({ line }) => AIR_PASSENGER_CODES.has(line.taxCode))
  const mayJoin = ({ line: { taxCode } }: Charge) =>
    taxCode === NOT_TAXABLE_WATER_CODE ||
    (isTelecomSeller && taxCode === TELECOM_PREPAID_CODE) ||
    (isFlight && taxCode === AIR_FUND_CODE)
  const together = ordinary.filter((charge) => !isUntaxed(charge) || mayJoin(charge))
  const apart = ordinary.filter((charge) => isUntaxed(charge) && !mayJoin(charge))
  return keepFilled([differential, together, apart])
}

function isUntaxed({ line }: Charge): boolean {
  return line.preference === NOT_TAXABLE
}

function keepFilled(groups: Charge[][]): Charge[][] {
  return groups.filter((group) => group.length > 0)
}
