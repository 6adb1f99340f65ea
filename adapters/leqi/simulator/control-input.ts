/** What the control doors accept: schemas, and the types derived from them. One truth for the HTTP and the in-process door. */
import { type Static, type TSchema, Type } from 'typebox'
import { FAULT_KINDS } from './faults.js'
import { FORCED_STATUSES, REPEATED_UPLOAD_MODES } from './settings.js'
import { TAXPAYER_TRAITS } from './world.js'

const CLOSED = { additionalProperties: false }
/** Any of the properties and no other. */
const anyOf = <T extends Record<string, TSchema>>(properties: T) =>
  Type.Object(Type.Partial(Type.Object(properties)).properties, CLOSED)
/** Longest wait or shift that makes sense in a test: ten years. */
const MS_MAX = 10 * 366 * 86_400_000
const MS = Type.Integer({ minimum: 0, maximum: MS_MAX })
const COUNT = Type.Integer({ minimum: 1, maximum: 1_000_000 })
const SERVICE = Type.String({ maxLength: 40 })
const AMOUNT = Type.String({ pattern: '^[0-9]{1,16}(\\.[0-9]{1,2})?$' })
const PERIOD = Type.String({ pattern: '^[0-9]{4}(0[1-9]|1[0-2])$' })
const DAY = Type.String({ pattern: '^[0-9]{8}$' })
const DATE = Type.String({ pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' })
const KIND = Type.Enum([...FAULT_KINDS])

export const CLOCK_INPUT = Type.Union([
  Type.Object({ mode: Type.Literal('offset'), offsetMs: Type.Integer({ minimum: -MS_MAX, maximum: MS_MAX }) }, CLOSED),
  Type.Object({ mode: Type.Literal('frozen'), atMs: Type.Integer({ minimum: 0 }) }, CLOSED),
  /** China time, `yyyy-MM-dd HH:mm:ss`; runs on from there unless frozen. */
  Type.Object({ mode: Type.Literal('at'), at: Type.String(), isFrozen: Type.Optional(Type.Boolean()) }, CLOSED),
])
export type ClockInput = Static<typeof CLOCK_INPUT>

export const FAULTS_INPUT = Type.Object(
  {
    rules: Type.Array(
      Type.Object(
        {
          kind: KIND,
          probability: Type.Number({ minimum: 0, maximum: 1 }),
          services: Type.Optional(Type.Array(SERVICE)),
        },
        CLOSED,
      ),
      { maxItems: 100 },
    ),
    timing: Type.Optional(
      anyOf({ lateMs: MS, lostHoldMs: MS, dripMs: MS, dripBytes: Type.Integer({ minimum: 1, maximum: 65_536 }) }),
    ),
  },
  CLOSED,
)
export type FaultsInput = Static<typeof FAULTS_INPUT>

export const NEXT_FAULT_INPUT = Type.Object(
  {
    kind: KIND,
    service: Type.Optional(SERVICE),
    isProcessed: Type.Optional(Type.Boolean()),
    times: Type.Optional(COUNT),
  },
  CLOSED,
)
export type NextFaultInput = Static<typeof NEXT_FAULT_INPUT>

export const TAXPAYER_INPUT = anyOf(TAXPAYER_TRAITS)
export type TaxpayerInput = Static<typeof TAXPAYER_INPUT>

export const QUOTA_INPUT = Type.Object(
  {
    /** Absent: the running month. */
    period: Type.Optional(PERIOD),
    total: Type.Optional(AMOUNT),
    otherUsed: Type.Optional(AMOUNT),
    window: Type.Optional(Type.Object({ from: DAY, to: DAY }, CLOSED)),
  },
  CLOSED,
)
export type QuotaInput = Static<typeof QUOTA_INPUT>

export const PERIOD_INPUT = Type.Object({ period: PERIOD, isConfirmed: Type.Boolean() }, CLOSED)
export type PeriodInput = Static<typeof PERIOD_INPUT>

export const UNIT_INPUT = Type.Object(
  {
    isDisqualified: Type.Optional(Type.Boolean()),
    /** Null: everything. */
    capabilities: Type.Optional(Type.Union([Type.Array(Type.String()), Type.Null()])),
    allowedIps: Type.Optional(Type.Array(Type.String())),
    key: Type.Optional(Type.String({ pattern: '^[0-9a-fA-F]{32}$' })),
  },
  CLOSED,
)
export type UnitInput = Static<typeof UNIT_INPUT>

export const VERDICT_INPUT = Type.Object(
  {
    /** All that are given must match; buyer name and remark match by containing the text. */
    match: Type.Object(
      {
        number: Type.Optional(Type.String()),
        buyerName: Type.Optional(Type.String()),
        remark: Type.Optional(Type.String()),
      },
      CLOSED,
    ),
    status: Type.Enum([...FORCED_STATUSES]),
    message: Type.Optional(Type.String({ maxLength: 2000 })),
    times: Type.Optional(COUNT),
  },
  CLOSED,
)
export type VerdictInput = Static<typeof VERDICT_INPUT>

const TEXT_LIST = Type.Array(Type.String({ maxLength: 60 }), { maxItems: 30 })

export const CLASSIFICATION_INPUT = anyOf({
  name: Type.String({ maxLength: 150 }),
  shortName: Type.String({ maxLength: 120 }),
  rates: TEXT_LIST,
  levyRates: TEXT_LIST,
  preferences: TEXT_LIST,
  isSummary: Type.Boolean(),
  isDifferential: Type.Boolean(),
  validFrom: DATE,
  stoppedOn: Type.Union([DATE, Type.Null()]),
})
export type ClassificationInput = Static<typeof CLASSIFICATION_INPUT>

export const RATES_INPUT = Type.Array(
  Type.Object(
    {
      kind: Type.Enum(['rate', 'levy']),
      value: Type.String({ pattern: '^[0-9](\\.[0-9]{1,6})?$' }),
      isFormer: Type.Boolean(),
      formerRates: TEXT_LIST,
      isEnabled: Type.Boolean(),
      validFrom: DATE,
      validTo: Type.Union([DATE, Type.Null()]),
      stoppedOn: Type.Union([DATE, Type.Null()]),
    },
    CLOSED,
  ),
  { maxItems: 200 },
)

export const SETTINGS_INPUT = anyOf({
  verdictDelay: Type.Object({ minMs: MS, maxMs: MS, hiddenMs: MS }, CLOSED),
  repeatedUpload: Type.Enum([...REPEATED_UPLOAD_MODES]),
  ratePerSecond: Type.Integer({ minimum: 0, maximum: 1_000_000 }),
  ratePenaltyMs: MS,
  refusalForm: Type.Enum(['data', 'error']),
  autoRegister: Type.Boolean(),
  keepContent: Type.Boolean(),
})
export type SettingsInput = Static<typeof SETTINGS_INPUT>
