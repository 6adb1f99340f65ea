/**
 * The table of codes that may be taxed on the difference (差额征税编码), as CXCEZSBM answers it.
 *
 * Version: selection 1, the differential codes of our classification rows. Source of the columns' meaning: rulebook 2.9;
 * the flags and rates are ours, plausible for the code, not the bureau's.
 */
export interface DifferentialCode {
  code: string
  /** 02 差额开票 is possible. */
  allowsDifferential: boolean
  /** 02 as a special invoice. */
  allowsDifferentialSpecial: boolean
  /** 01 全额开票 as a special invoice. */
  allowsFullSpecial: boolean
  /** Percentages. */
  generalRates: readonly string[]
  generalLevyRates: readonly string[]
  smallScaleLevyRates: readonly string[]
}

/** 不动产 at 9 %: only type 02 and only for lenders and asset managers. Source: rulebook 2.9. */
export const REAL_ESTATE_CODES: ReadonlySet<string> = new Set([
  '5010102000000000000',
  '5010199000000000000',
  '5010202000000000000',
  '5010299000000000000',
  '5019900000000000000',
  '5020000000000000000',
  '5030000000000000000',
])

const SMALL_SCALE = ['3%', '1%']

export const DIFFERENTIAL_CODES: ReadonlyMap<string, DifferentialCode> = new Map(
  [
    code('1100301010000000000', 'YYY', ['9%'], ['3%'], SMALL_SCALE),
    code('3040801010000000000', 'YYY', ['6%'], ['3%'], SMALL_SCALE),
    code('3040802040000000000', 'YYY', ['6%'], ['5%'], ['5%', ...SMALL_SCALE]),
    code('3040802990000000000', 'YNY', ['6%'], [], SMALL_SCALE),
    code('3040803010000000000', 'YYY', ['6%'], ['5%'], ['5%', ...SMALL_SCALE]),
    code('3040804000000000000', 'YYY', ['6%'], ['5%'], ['5%', ...SMALL_SCALE]),
    code('3050100000000000000', 'NNY', ['9%'], ['3%'], SMALL_SCALE),
    code('3070301000000000000', 'YNN', ['6%'], [], SMALL_SCALE),
    ...[...REAL_ESTATE_CODES].map((each) => code(each, 'YYN', ['9%'], ['5%'], ['5%'])),
  ].map((each) => [each.code, each]),
)

/** @param flags Y or N for: 02 possible, 02 special, 01 special. */
function code(
  taxCode: string,
  flags: string,
  generalRates: readonly string[],
  generalLevyRates: readonly string[],
  smallScaleLevyRates: readonly string[],
): DifferentialCode {
  return {
    code: taxCode,
    allowsDifferential: flags[0] === 'Y',
    allowsDifferentialSpecial: flags[1] === 'Y',
    allowsFullSpecial: flags[2] === 'Y',
    generalRates,
    generalLevyRates,
    smallScaleLevyRates,
  }
}
