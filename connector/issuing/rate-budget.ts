/**
 * The rate that all replicas share: calls per second and (direct unit, capability) that the bureau tolerates.
 * Source: Leqi access guide V2.006, rate control.
 */
export interface RateBudget {
  /**
   * Asks for `permits` calls of a direct unit (our own id) and capability. Fewer may be granted, also none; then
   * `waitMs` tells when asking again makes sense. A granted permit is good for two seconds; what is not used is lost.
   */
  take(unit: string, capability: string, permits: number): Promise<{ granted: number; waitMs: number }>
  /**
   * The bureau said that calls come too fast: the rate halves for all replicas, to `perSecondMax` at most when it named
   * one, and comes back by a tenth of the full rate a minute.
   */
  slowDown(unit: string, capability: string, perSecondMax: number | null): Promise<void>
}
