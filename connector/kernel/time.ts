/**
 * Time: instants inside, China's calendar where tax law means a date (design D9).
 *
 * Knows: Instant, China Standard Time (UTC+8, no summer time since 1991), tax periods, the ports Clock and Timers.
 * Must not know: the host's time zone.
 */

/** Milliseconds since 1970-01-01T00:00:00Z. */
export type Instant = number & { readonly unit: 'ms since epoch' }
/** A calendar date in China, `yyyy-MM-dd`. */
export type LocalDate = string & { readonly calendar: 'Asia/Shanghai' }
/** 属期: a calendar month in China, `yyyy-MM`. */
export type TaxPeriod = string & { readonly month: 'Asia/Shanghai' }

export interface Clock {
  now(): Instant
}

/** Waiting and lasting, injected like the clock, so that a simulation passes hours in a moment. */
export interface Timers {
  /** Milliseconds since some instant long past: it never jumps, as a clock on the wall does when it is set. */
  elapsedMs(): number
  /** Calls `act` once, `ms` milliseconds from now; the returned function calls it off. */
  after(ms: number, act: () => void): () => void
}

const CHINA_OFFSET_MS = 8 * 60 * 60 * 1000
const DAY_MS = 24 * 60 * 60 * 1000
const SECOND_MS = 1000

/** The China day last asked for, by its number since 1970-01-01. */
let latest: { day: number; date: LocalDate } = { day: 0, date: '1970-01-01' as LocalDate }
const utcSecond = makeSecondPrinter()
const chinaSecond = makeSecondPrinter()

export function instant(epochMs: number): Instant {
  if (!Number.isSafeInteger(epochMs)) throw new RangeError(`not an instant: ${epochMs}`)
  // The brand has no runtime existence; this is its one constructor.
  return epochMs as Instant
}

/** The instant `ms` milliseconds later. */
export function after(start: Instant, ms: number): Instant {
  return instant(start + Math.round(ms))
}

/** `yyyy-MM-dd HH:mm:ss` in China, the form of 开票日期 (kprq). */
export function chinaDateTime(at: Instant): string {
  return chinaSecond(at + CHINA_OFFSET_MS).replace('T', ' ')
}

/** RFC 3339 in China time, e.g. `2026-11-22T16:00:00+08:00`. */
export function chinaRfc3339(at: Instant): string {
  return `${chinaSecond(at + CHINA_OFFSET_MS)}+08:00`
}

export function utcRfc3339(at: Instant): string {
  const fraction = at - Math.floor(at / SECOND_MS) * SECOND_MS
  return `${utcSecond(at)}.${String(fraction).padStart(3, '0')}Z`
}

/** Asked for on every order, hence the day it was last asked for is kept with its name. */
export function chinaDate(at: Instant): LocalDate {
  const day = Math.floor((at + CHINA_OFFSET_MS) / DAY_MS)
  if (day !== latest.day) {
    latest = { day, date: new Date(at + CHINA_OFFSET_MS).toISOString().slice(0, 10) as LocalDate }
  }
  return latest.date
}

export function taxPeriodOf(at: Instant): TaxPeriod {
  return new Date(at + CHINA_OFFSET_MS).toISOString().slice(0, 7) as TaxPeriod
}

/** The calendar year in China of an instant, e.g. 2026. */
export function chinaYear(at: Instant): number {
  return new Date(at + CHINA_OFFSET_MS).getUTCFullYear()
}

/** Reads `yyyy-MM-dd` (or `yyyyMMdd`) as a real calendar date. Errors: null otherwise. */
export function parseLocalDate(text: string): LocalDate | null {
  const match = /^(\d{4})(-?)(\d{2})\2(\d{2})$/.exec(text)
  if (match === null) return null
  const iso = `${match[1]}-${match[3]}-${match[4]}`
  const date = new Date(`${iso}T00:00:00Z`)
  return Number.isNaN(date.getTime()) || date.toISOString().slice(0, 10) !== iso ? null : (iso as LocalDate)
}

/**
 * Prints `yyyy-MM-ddTHH:mm:ss` of a clock. Every stored row names some instants and nearly all lie in the second at
 * hand, so the text of the latest is kept: printing it anew takes ten times as long.
 */
function makeSecondPrinter(): (clockMs: number) => string {
  let latest = { second: 0, text: '1970-01-01T00:00:00' }
  return (clockMs) => {
    const second = Math.floor(clockMs / SECOND_MS)
    if (second !== latest.second) {
      latest = { second, text: new Date(second * SECOND_MS).toISOString().slice(0, -'.000Z'.length) }
    }
    return latest.text
  }
}
