/** What happened since the start or the last reset, for tests and for `/_control/counters`. */
export interface Counters {
  /** Calls that reached a service, by service code. */
  calls: Record<string, number>
  /** Platform codes answered instead of 200. */
  platformCodes: Record<string, number>
  /** Calls refused with returncode 01, by service code. */
  refusals: Record<string, number>
  /** Calls refused because there were too many. */
  rateRefusalCount: number
  faults: Record<string, number>
  /** Invoices in accepted uploads, by the verdict they got. */
  verdicts: { stored: number; failed: number; repeated: number }
}

export function makeCounters(): Counters {
  return {
    calls: {},
    platformCodes: {},
    refusals: {},
    rateRefusalCount: 0,
    faults: {},
    verdicts: { stored: 0, failed: 0, repeated: 0 },
  }
}

export function countUp(counts: Record<string, number>, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1
}
