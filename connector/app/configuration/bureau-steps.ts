/**
 * After the settings are stored: verify each unit by asking the bureau, fetch the tax tables, claim first numbers,
 * download first quota. A unit whose verification fails stays stored as 未验证, and nothing more is asked in its name.
 */

/** What the bureau, or the way to it, answered instead. */
export interface StepFailure {
  code: string
  message: string
  messageEn: string
}

export interface SettledUnit {
  id: string
  taxNo: string
  name: string
  isVerified: boolean
}

/** The steps, made by the composition; each resolves to what went wrong, or null. All are safe to repeat. */
export interface BureauSteps {
  /** Using units with issuing settings as they are stored now. */
  listUnits(): Promise<readonly SettledUnit[]>
  /** Basic information and risk; stores them and marks the unit as verified. */
  verifyUnit(unit: SettledUnit): Promise<StepFailure | null>
  /** In the name of a verified unit. */
  refreshTables(unit: SettledUnit): Promise<StepFailure | null>
  /** Claims when fewer numbers are left than the warning count. */
  claimNumbers(unit: SettledUnit): Promise<StepFailure | null>
  /** Downloads when there is no quota for this month. */
  downloadQuota(unit: SettledUnit): Promise<StepFailure | null>
}

type StepName = 'verify' | 'tables' | 'numbers' | 'quota'

export interface StepReport {
  step: StepName
  /** Tax number of the unit. */
  taxNo: string
  failure: StepFailure | null
}

/** Runs all steps for all units; resolves to true when nothing failed. */
export async function runBureauSteps(steps: BureauSteps, report: (each: StepReport) => void): Promise<boolean> {
  let isClean = true
  const tell = (step: StepName, { taxNo }: SettledUnit, failure: StepFailure | null): boolean => {
    report({ step, taxNo, failure })
    if (failure !== null) isClean = false
    return failure === null
  }
  const verified: SettledUnit[] = []
  for (const unit of await steps.listUnits()) {
    if (unit.isVerified || tell('verify', unit, await steps.verifyUnit(unit))) verified.push(unit)
  }
  const [asker] = verified
  if (asker !== undefined) tell('tables', asker, await steps.refreshTables(asker))
  for (const unit of verified) {
    tell('numbers', unit, await steps.claimNumbers(unit))
    tell('quota', unit, await steps.downloadQuota(unit))
  }
  return isClean
}
