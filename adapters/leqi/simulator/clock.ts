/**
 * The bureau's clock: China time, movable, so that month ends and deadlines can be lived through in a test.
 *
 * Modes: running (host time + offset) and frozen (stands at one instant until moved again).
 */
const CHINA_OFFSET_MS = 8 * 60 * 60 * 1000
const DATE_TIME_PATTERN = /^(\d{4})-(\d{2})-(\d{2}) (\d{2}):(\d{2}):(\d{2})$/

export type ClockSetting =
  /** Runs, this far away from the host's time. */
  | { mode: 'offset'; offsetMs: number }
  /** Stands still at an instant. */
  | { mode: 'frozen'; atMs: number }

export interface MovableClock {
  /** Milliseconds since 1970-01-01T00:00:00Z as the bureau sees it. */
  nowMs(): number
  set(setting: ClockSetting): void
  setting(): ClockSetting
}

export function makeMovableClock(hostNowMs: () => number): MovableClock {
  let setting: ClockSetting = { mode: 'offset', offsetMs: 0 }
  return {
    nowMs: () => (setting.mode === 'frozen' ? setting.atMs : hostNowMs() + setting.offsetMs),
    set: (next) => {
      setting = next
    },
    setting: () => setting,
  }
}

/** `yyyy-MM-dd HH:mm:ss` in China. */
export function toChinaDateTime(atMs: number): string {
  return new Date(atMs + CHINA_OFFSET_MS).toISOString().slice(0, 19).replace('T', ' ')
}

/** `yyyy-MM-dd` in China. */
export function toChinaDate(atMs: number): string {
  return toChinaDateTime(atMs).slice(0, 10)
}

/** `yyyyMM`, the form of a tax period (属期) on the wire. */
export function toPeriod(atMs: number): string {
  return toChinaDateTime(atMs).slice(0, 7).replace('-', '')
}

/** `yyyyMMddHHmmss`, the form of the classification table's stamp. */
export function toStamp(atMs: number): string {
  return toChinaDateTime(atMs).replaceAll(/[-: ]/g, '')
}

/** Reads `yyyy-MM-dd HH:mm:ss` as China time. Errors: null when it is another form or no real moment. */
export function parseChinaDateTime(text: string): number | null {
  const match = DATE_TIME_PATTERN.exec(text)
  if (match === null) return null
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number)
  if (hour === undefined || minute === undefined || second === undefined) return null
  if (year === undefined || month === undefined || day === undefined) return null
  const atMs = Date.UTC(year, month - 1, day, hour, minute, second) - CHINA_OFFSET_MS
  return toChinaDateTime(atMs) === text ? atMs : null
}

/** Whether `yyyy-MM-dd` is a real calendar date. */
export function isCalendarDate(text: string): boolean {
  return parseChinaDateTime(`${text} 00:00:00`) !== null
}

/** First and last day of a period `yyyyMM`, each as `yyyyMMdd`. */
export function daysOfPeriod(period: string): { first: string; last: string } {
  const year = Number(period.slice(0, 4))
  const month = Number(period.slice(4, 6))
  const dayCount = new Date(Date.UTC(year, month, 0)).getUTCDate()
  return { first: `${period}01`, last: `${period}${String(dayCount).padStart(2, '0')}` }
}

/** When the bureau closes a period by itself: the 13th of the following month, 00:00 in China. Source: rulebook 3.6. */
export function closingOfPeriod(period: string): number {
  const year = Number(period.slice(0, 4))
  const month = Number(period.slice(4, 6))
  return Date.UTC(year, month, 13) - CHINA_OFFSET_MS
}
