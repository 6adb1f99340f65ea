/**
 * The world a simulator starts with: who is registered with the bureau, with which keys, and how much quota each
 * taxpayer has. A JSON file (`--world FILE`) is read by `parseWorld`; the shape is documented in docs/simulator.md.
 *
 * Invariants: ids and tax numbers are unique; every using unit names a taxpayer of the world.
 */
import { type Static, Type } from 'typebox'
import { Compile } from 'typebox/compile'

const LEQI_ID = Type.String({ pattern: '^[0-9A-Za-z]{1,20}$' })
const TAX_NO = Type.String({ pattern: '^[0-9A-Z]{15,20}$' })
const KEY = Type.String({ pattern: '^[0-9a-fA-F]{32}$' })
const PERIOD = '^[0-9]{4}(0[1-9]|1[0-2])$'
const AMOUNT = Type.String({ pattern: '^[0-9]{1,16}(\\.[0-9]{1,2})?$' })
const DATE = Type.String({ pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' })
const CODE = Type.String({ maxLength: 20 })
const CLOSED = { additionalProperties: false }

const USING_UNIT_SCHEMA = Type.Object(
  {
    leqiId: LEQI_ID,
    taxNo: TAX_NO,
    /** Capabilities granted to it (能力授权); absent: all of the direct unit. */
    capabilities: Type.Optional(Type.Array(Type.String())),
  },
  CLOSED,
)

const DIRECT_UNIT_SCHEMA = Type.Object(
  {
    leqiId: LEQI_ID,
    name: Type.String({ minLength: 1 }),
    taxNo: TAX_NO,
    /** SM4 key of production calls, 32 hex characters. */
    key: KEY,
    /** SM4 key of sandbox calls; absent: the unit has no sandbox. */
    sandboxKey: Type.Optional(KEY),
    /** Capabilities it subscribed; absent: 202007 and 203067. */
    capabilities: Type.Optional(Type.Array(Type.String())),
    /** Registered addresses; absent or empty: any address may call. */
    allowedIps: Type.Optional(Type.Array(Type.String())),
    usingUnits: Type.Array(USING_UNIT_SCHEMA),
  },
  CLOSED,
)

/** What a test may also change while the simulator runs. */
export const TAXPAYER_TRAITS = {
  name: Type.String({ minLength: 1, maxLength: 300 }),
  /** nsrlx: 1 general, 2 small-scale, 3 re-registered small-scale, 4 guidance period, 5 natural person. */
  taxpayerType: Type.Enum(['1', '2', '3', '4', '5']),
  /** hydm, four digits; 63… is telecom. */
  industry: Type.String({ pattern: '^[0-9A-Z]{4}$' }),
  secondaryIndustries: Type.Array(Type.String({ pattern: '^[0-9A-Z]{3,4}$' })),
  /** 企业行业性质 codes. */
  industryNatures: Type.Array(CODE),
  /** 11 digits of the provincial bureau; its second and third digit stand in every invoice number. */
  region: Type.String({ pattern: '^[0-9]{11}$' }),
  /** nsrztdm; 03 and 09 may issue. */
  statusCode: CODE,
  isPilot: Type.Boolean(),
  /** fxnsrlx, nsryjjb: empty when none. */
  riskType: CODE,
  warningLevel: CODE,
  isRisk: Type.Boolean(),
  creditGrade: CODE,
  typeValidFrom: Type.Union([DATE, Type.Null()]),
  typeValidTo: Type.Union([DATE, Type.Null()]),
  /** 原税率授权. */
  hasFormerRateAuthorisation: Type.Boolean(),
  /** 按需开票: the month's quota is answered as 9999999999999999. */
  hasUnlimitedQuota: Type.Boolean(),
  /** 暂停赋额. */
  isQuotaSuspended: Type.Boolean(),
  /** Whether the VAT return of a new month is filed at once; if not, the usage window ends on the filing deadline. */
  isFiled: Type.Boolean(),
}

const TAXPAYER_SCHEMA = Type.Object(
  {
    taxNo: TAX_NO,
    ...Type.Partial(Type.Object(TAXPAYER_TRAITS)).properties,
    /** Net amount a month may carry. */
    monthlyQuota: Type.Optional(AMOUNT),
    /** Exceptions by period `yyyyMM`. */
    quotaByPeriod: Type.Optional(Type.Record(Type.String({ pattern: PERIOD }), AMOUNT)),
  },
  CLOSED,
)

const WORLD_SCHEMA = Type.Object(
  { directUnits: Type.Array(DIRECT_UNIT_SCHEMA), taxpayers: Type.Array(TAXPAYER_SCHEMA) },
  CLOSED,
)

export type SimulatorWorld = Static<typeof WORLD_SCHEMA>
export type WorldDirectUnit = Static<typeof DIRECT_UNIT_SCHEMA>
export type WorldTaxpayer = Static<typeof TAXPAYER_SCHEMA>

/** A world description with every mistake in it named. */
class WorldFault extends Error {
  override name = 'WorldFault'
  readonly faults: readonly string[]

  constructor(faults: readonly string[]) {
    super(`the world description is not usable: ${faults.join('; ')}`)
    this.faults = faults
  }
}

/** Reads a world from parsed JSON. Errors: WorldFault with every fault found, never with a key in it. */
export function parseWorld(value: unknown): SimulatorWorld {
  const schema = Compile(WORLD_SCHEMA)
  if (!schema.Check(value)) {
    throw new WorldFault(schema.Errors(value).map((each) => `${each.instancePath || '/'} ${each.message}`))
  }
  const faults = findContradictions(value)
  if (faults.length > 0) throw new WorldFault(faults)
  return value
}

function findContradictions(world: SimulatorWorld): string[] {
  const faults: string[] = []
  const directIds = world.directUnits.map((each) => each.leqiId)
  const taxNos = world.taxpayers.map((each) => each.taxNo)
  for (const id of repeated(directIds)) faults.push(`direct unit ${id} is described twice`)
  for (const taxNo of repeated(taxNos)) faults.push(`taxpayer ${taxNo} is described twice`)
  for (const direct of world.directUnits) {
    for (const id of repeated(direct.usingUnits.map((each) => each.leqiId))) {
      faults.push(`using unit ${id} stands twice under ${direct.leqiId}`)
    }
    for (const using of direct.usingUnits) {
      if (!taxNos.includes(using.taxNo)) faults.push(`using unit ${using.leqiId} names no taxpayer of this world`)
    }
  }
  return faults
}

function repeated(values: readonly string[]): string[] {
  return [...new Set(values.filter((value, index) => values.indexOf(value) !== index))]
}
