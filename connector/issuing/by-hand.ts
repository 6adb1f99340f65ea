/** What everything that people do by hand has in common: a name, a reason, and where it is dangerous a second person. */

/** Shortest reason that says anything, in characters. */
const REASON_LENGTH_MIN = 4
const TEXT_LENGTH_MAX = 500

/** Why an action by hand was not done; nothing was written. */
export class HandRefused extends Error {
  override name = 'HandRefused'
  readonly code: string
  readonly messageEn: string

  constructor(code: string, message: string, messageEn: string) {
    super(message)
    this.code = code
    this.messageEn = messageEn
  }
}

export const NO_PROPOSAL = () => new HandRefused('HND-no-proposal', '没有这个提议', 'there is no such proposal')

/** Trimmed. Errors: HandRefused. */
export function requireReason(text: string): string {
  const range = `${REASON_LENGTH_MIN}–${TEXT_LENGTH_MAX}`
  const refused = new HandRefused(
    'HND-reason',
    `请写明理由（${range} 字）`,
    `a reason of ${range} characters is needed`,
  )
  return requireLength(text, REASON_LENGTH_MIN, refused)
}

/** Trimmed. Errors: HandRefused. */
export function requireName(text: string): string {
  const range = `1–${TEXT_LENGTH_MAX}`
  return requireLength(
    text,
    1,
    new HandRefused('HND-name', `请写明姓名（${range} 字）`, `a name of ${range} characters is needed`),
  )
}

/** Errors: HandRefused when proposer and approver are one person. */
export function requireTwoPeople(proposer: string, approver: string): void {
  if (proposer.trim().toLowerCase() !== approver.trim().toLowerCase()) return
  throw new HandRefused('HND-same-person', '提议人与批准人必须是两个人', 'proposer and approver must be two people')
}

function requireLength(text: string, lengthMin: number, refused: HandRefused): string {
  const trimmed = text.trim()
  if (trimmed.length < lengthMin || trimmed.length > TEXT_LENGTH_MAX) throw refused
  return trimmed
}
