/**
 * Tax numbers (纳税人识别号): cleaning what people type, and telling a mistyped number from a good one.
 *
 * Form is a rule of the bureau; check digits are national standards that a few real numbers break, so that a wrong
 * check digit is only ever a reason to ask, never proof.
 */
import { parseLocalDate } from '../kernel/time.js'

const TAX_NUMBER_FORM = /^[0-9A-Z]{15,20}$/
const CLEAN_TEXT = /^[0-9A-Z]*$/
/** Blanks of every width, zero-width characters and the byte-order mark. */
const INVISIBLE_CHARACTERS = /[\s\u00ad\u180e\u200b-\u200f\u2060\ufeff]/gu
/** The full-width twins of the printable ASCII characters. */
const FULL_WIDTH_CHARACTERS = /[\uff01-\uff5e]/gu
const FULL_WIDTH_OFFSET = 0xfee0

const CREDIT_CODE_LENGTH = 18
/** GB 32100-2015: the digits of a credit code and their values; I, O, S, V and Z are left out on purpose. */
const CREDIT_CODE_DIGITS = '0123456789ABCDEFGHJKLMNPQRTUWXY'
const CREDIT_CODE_WEIGHTS = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28] as const
/** GB 11714: the organisation code stands at 9–16, its check character at 17. */
const ORGANISATION_CODE_START = 8
const ORGANISATION_DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ'
const ORGANISATION_WEIGHTS = [3, 7, 9, 10, 5, 8, 4, 2] as const

const ID_CARD_FORM = /^\d{17}[\dX]$/
const ID_CARD_WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2] as const
/** GB 11643: the check character by remainder of the weighted sum modulo 11. */
const ID_CARD_CHECKS = '10X98765432'

/**
 * Cleans a tax number as people type it: half-width, upper case, without blanks or zero-width characters.
 * Shape: any text in, the cleaned text out; nothing is invented and nothing else is removed.
 * Source: Leqi rulebook 7.2, input cleaning.
 */
export function normaliseTaxNumber(text: string): string {
  if (CLEAN_TEXT.test(text)) return text
  return text
    .replace(FULL_WIDTH_CHARACTERS, (each) => String.fromCharCode(each.charCodeAt(0) - FULL_WIDTH_OFFSET))
    .replace(INVISIBLE_CHARACTERS, '')
    .toUpperCase()
}

/** Whether the bureau takes it as the tax number of an organisation: 15–20 digits and capitals. Source: Leqi rulebook 7.2. */
export function isTaxNumber(text: string): boolean {
  return TAX_NUMBER_FORM.test(text)
}

/**
 * What the standards say about a tax number of good form.
 * Shape: `unknown` for lengths without a check; `wrong_digit` and `wrong_alphabet` only for 18 characters that are
 * neither a credit code nor an identity card.
 * Source: GB 32100-2015, GB 11714, GB 11643; Leqi rulebook 7.1, 7.2.
 */
export function judgeTaxNumber(text: string): 'right' | 'unknown' | 'wrong_digit' | 'wrong_alphabet' {
  if (text.length !== CREDIT_CODE_LENGTH) return 'unknown'
  if (isIdCardNumber(text)) return 'right'
  for (const digit of text) if (!CREDIT_CODE_DIGITS.includes(digit)) return 'wrong_alphabet'
  return hasCreditCheck(text) && hasOrganisationCheck(text) ? 'right' : 'wrong_digit'
}

/** Whether it is an 18-character identity card number with a real date and the right check. Source: GB 11643. */
export function isIdCardNumber(text: string): boolean {
  if (!ID_CARD_FORM.test(text)) return false
  const remainder = weigh(text, ID_CARD_WEIGHTS, CREDIT_CODE_DIGITS) % ID_CARD_CHECKS.length
  return text[17] === ID_CARD_CHECKS[remainder] && parseLocalDate(text.slice(6, 14)) !== null
}

function hasCreditCheck(text: string): boolean {
  const base = CREDIT_CODE_DIGITS.length
  const check = (base - (weigh(text, CREDIT_CODE_WEIGHTS, CREDIT_CODE_DIGITS) % base)) % base
  return text[17] === CREDIT_CODE_DIGITS[check]
}

function hasOrganisationCheck(text: string): boolean {
  const sum = weigh(text.slice(ORGANISATION_CODE_START), ORGANISATION_WEIGHTS, ORGANISATION_DIGITS)
  const check = 11 - (sum % 11)
  return text[16] === (check === 10 ? 'X' : check === 11 ? '0' : String(check))
}

function weigh(text: string, weights: readonly number[], digits: string): number {
  return weights.reduce((sum, weight, index) => sum + weight * digits.indexOf(text.charAt(index)), 0)
}
