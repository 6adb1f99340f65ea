/**
 * The in-process door: everything a test may ask of the simulator or change in it. `/_control/…` is the same over HTTP.
 *
 * Must not know HTTP. Invariant: nothing here undoes what is stored, except `reset`, which forgets everything.
 */
import { type Book, type BookInvoice, printBook, printInvoiceContent } from './book.js'
import type { Books } from './books.js'
import type { Environment } from './bureau.js'
import {
  type ClockSetting,
  type MovableClock,
  parseChinaDateTime,
  toChinaDateTime,
  toPeriod,
  toStamp,
} from './clock.js'
import type {
  ClassificationInput,
  ClockInput,
  FaultsInput,
  NextFaultInput,
  PeriodInput,
  QuotaInput,
  SettingsInput,
  TaxpayerInput,
  UnitInput,
  VerdictInput,
} from './control-input.js'
import type { Counters } from './counters.js'
import type { TaxTables } from './desks/visit.js'
import { readFen } from './exact.js'
import type { Registry, Taxpayer, TaxpayerTraits } from './registry.js'
import type { Settings } from './settings.js'
import { parseKey } from './sm4.js'
import type { Classification } from './tables/classification.js'
import type { Rate } from './tables/rates.js'

const DEFAULT_FORCED_MESSAGE = '[FORCED] 上传失败'

/** Something that the control door was asked about and that does not exist, or an input that cannot be. */
export class ControlFault extends Error {
  override name = 'ControlFault'
}

interface SimulatorState {
  now: string
  clock: ClockSetting
  settings: Settings
  counters: Counters
  directUnits: { leqiId: string; name: string; usingUnits: { leqiId: string; taxNo: string | null }[] }[]
  taxpayers: { taxNo: string; traits: TaxpayerTraits }[]
}

export interface SimulatorControl {
  state(): SimulatorState
  counters(): Counters
  book(environment?: Environment): Book
  invoice(number: string, environment?: Environment): (BookInvoice & { content: unknown }) | null
  setClock(input: ClockInput): void
  setFaults(input: FaultsInput): void
  /** The next call, or the next ones, meet this fault. */
  faultNext(input: NextFaultInput): void
  setSettings(input: SettingsInput): void
  setTaxpayer(taxNo: string, input: TaxpayerInput): void
  setQuota(taxNo: string, input: QuotaInput, environment?: Environment): void
  setPeriod(taxNo: string, input: PeriodInput, environment?: Environment): void
  /** As after a move to another province: every segment so far is void. */
  voidSegments(taxNo: string, environment?: Environment): void
  setUnit(leqiId: string, input: UnitInput): void
  forceVerdict(input: VerdictInput): void
  setClassification(code: string, input: ClassificationInput): Classification
  setRates(rates: readonly Rate[]): void
  /** Back to the world it started with; forced faults, counters and books are forgotten. */
  reset(): void
}

export interface ControlDependencies {
  /** What `reset` makes anew; read at every use. */
  parts(): ControlParts
  reset(): void
  hostNowMs(): number
}

export interface ControlParts {
  registry: Registry
  books: Record<Environment, Books>
  tables: TaxTables
  settings: Settings
  counters: Counters
  clock: MovableClock
}

export function makeControl(dependencies: ControlDependencies): SimulatorControl {
  const { parts, reset } = dependencies
  return {
    ...makeBehaviourControl(dependencies),
    ...makeWorldControl(parts),
    state: () => printState(parts()),
    counters: () => structuredClone(parts().counters),
    book: (environment = 'production') => printBook(parts().books[environment]),
    invoice: (number, environment = 'production') => printInvoiceContent(parts().books[environment], number),
    reset,
  }
}

type BehaviourDoor = 'setClock' | 'setFaults' | 'faultNext' | 'setSettings' | 'forceVerdict'
type LookingDoor = 'state' | 'counters' | 'book' | 'invoice' | 'reset'

/** How it behaves: time, faults, delays, verdicts. */
function makeBehaviourControl({ parts, hostNowMs }: ControlDependencies): Pick<SimulatorControl, BehaviourDoor> {
  return {
    setClock: (input) => parts().clock.set(toClockSetting(input, hostNowMs())),
    setFaults({ rules, timing }) {
      const { settings } = parts()
      settings.faults.splice(0, settings.faults.length, ...rules)
      settings.timing = { ...settings.timing, ...timing }
    },
    faultNext({ times, ...fault }) {
      parts().settings.forcedFaults.push({ ...fault, remainingCount: times ?? 1 })
    },
    setSettings(input) {
      const { verdictDelay } = input
      if (verdictDelay !== undefined && verdictDelay.minMs > verdictDelay.maxMs) throw new ControlFault('minMs > maxMs')
      Object.assign(parts().settings, input)
    },
    forceVerdict({ match, status, message, times }) {
      const forced = { match, status, message: message ?? DEFAULT_FORCED_MESSAGE, remainingCount: times ?? 1 }
      parts().settings.forcedVerdicts.push(forced)
    },
  }
}

/** What the bureau knows: taxpayers, quota, periods, units, tables. */
function makeWorldControl(parts: () => ControlParts): Omit<SimulatorControl, BehaviourDoor | LookingDoor> {
  const findTaxpayer = (taxNo: string): Taxpayer => {
    const taxpayer = parts().registry.taxpayers.get(taxNo)
    if (taxpayer === undefined) throw new ControlFault(`no taxpayer ${taxNo}`)
    return taxpayer
  }
  const accountOf = (taxNo: string, environment: Environment) => {
    return parts().books[environment].accountOf(findTaxpayer(taxNo))
  }
  return {
    setTaxpayer: (taxNo, input) => {
      Object.assign(findTaxpayer(taxNo).traits, input)
    },
    setQuota(taxNo, input, environment = 'production') {
      const { books, clock } = parts()
      const ledger = books[environment].ledgerOf(findTaxpayer(taxNo), input.period ?? toPeriod(clock.nowMs()))
      if (input.total !== undefined) ledger.total = readFen(input.total)
      if (input.otherUsed !== undefined) ledger.otherUsed = readFen(input.otherUsed)
      if (input.window !== undefined) {
        ledger.windowFrom = input.window.from
        ledger.windowTo = input.window.to
      }
    },
    setPeriod(taxNo, { period, isConfirmed }, environment = 'production') {
      const { confirmedPeriods } = accountOf(taxNo, environment)
      if (isConfirmed) confirmedPeriods.add(period)
      else confirmedPeriods.delete(period)
    },
    voidSegments(taxNo, environment = 'production') {
      for (const segment of accountOf(taxNo, environment).segments) segment.isVoid = true
    },
    setUnit: (leqiId, input) => changeUnit(parts().registry, leqiId, input),
    setClassification(code, input) {
      const { tables, clock } = parts()
      return tables.classifications.change(code, input, toStamp(clock.nowMs()))
    },
    setRates: (rates) => parts().tables.rates.replace(rates),
  }
}

/** Everything but keys, contents of invoices and the tables. */
function printState({ clock, settings, counters, registry }: ControlParts): SimulatorState {
  return {
    now: toChinaDateTime(clock.nowMs()),
    clock: clock.setting(),
    settings: structuredClone(settings),
    counters: structuredClone(counters),
    directUnits: [...registry.directUnits.values()].map(({ leqiId, name, usingUnits }) => ({
      leqiId,
      name,
      usingUnits: [...usingUnits.values()].map((using) => ({ leqiId: using.leqiId, taxNo: using.taxNo })),
    })),
    taxpayers: [...registry.taxpayers.values()].map(({ taxNo, traits }) => ({
      taxNo,
      traits: structuredClone(traits),
    })),
  }
}

function toClockSetting(input: ClockInput, hostNowMs: number): ClockSetting {
  if (input.mode !== 'at') return input
  const atMs = parseChinaDateTime(input.at)
  if (atMs === null) throw new ControlFault(`not a China date-time (yyyy-MM-dd HH:mm:ss): ${input.at}`)
  return input.isFrozen === true ? { mode: 'frozen', atMs } : { mode: 'offset', offsetMs: atMs - hostNowMs }
}

/** A using unit knows no addresses and no key: those belong to its direct unit. An id may name both at once. */
function changeUnit(registry: Registry, leqiId: string, input: UnitInput): void {
  const direct = registry.directUnits.get(leqiId)
  const usings = [...registry.directUnits.values()].flatMap((each) => each.usingUnits.get(leqiId) ?? [])
  if (direct === undefined && usings.length === 0) throw new ControlFault(`no unit ${leqiId}`)
  const { isDisqualified, capabilities, allowedIps, key } = input
  for (const unit of direct === undefined ? usings : [direct]) {
    if (isDisqualified !== undefined) unit.isDisqualified = isDisqualified
    if (capabilities !== undefined) unit.capabilities = capabilities === null ? null : new Set(capabilities)
  }
  if (direct === undefined) return
  if (allowedIps !== undefined) direct.allowedIps = allowedIps
  if (key !== undefined) direct.keys.production = parseKey(key)
}
