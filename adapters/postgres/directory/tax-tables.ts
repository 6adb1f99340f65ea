/** The bureau's tables from their rows; decimals are stored as texts. */
import type pg from 'pg'
import type {
  DifferentialCode,
  RateEntry,
  TaxClassification,
  TaxTables,
} from '../../../connector/invoice/tax-tables.js'
import type { TaxTableName } from '../../../connector/issuing/supply-ports.js'
import { Decimal } from '../../../connector/kernel/decimal.js'
import type { Instant } from '../../../connector/kernel/time.js'
import { run, type Statement } from '../statement.js'

const LOAD_CLASSIFICATIONS: Statement = {
  name: 'directory.classifications',
  text: 'select body from tax_classifications',
}
const LOAD_RATES: Statement = { name: 'directory.rates', text: 'select body from tax_rates order by position' }
const LOAD_DIFFERENTIAL: Statement = { name: 'directory.differential', text: 'select body from differential_codes' }
const LOAD_FETCHED: Statement = { name: 'directory.fetched', text: 'select name, fetched_at from tax_table_states' }

/** A stored row: as saved, with texts in the place of decimals. */
type Stored<T> = {
  [Key in keyof T]: T[Key] extends Decimal ? string : T[Key] extends readonly Decimal[] ? string[] : T[Key]
}

export async function loadTaxTables(client: pg.ClientBase): Promise<TaxTables> {
  const [classificationRows, rateRows, differentialRows, fetchedRows] = await Promise.all([
    run<{ body: Stored<TaxClassification> }>(client, LOAD_CLASSIFICATIONS, []),
    run<{ body: Stored<RateEntry> }>(client, LOAD_RATES, []),
    run<{ body: Stored<DifferentialCode> }>(client, LOAD_DIFFERENTIAL, []),
    run<{ name: TaxTableName; fetched_at: Instant | null }>(client, LOAD_FETCHED, []),
  ])
  const classifications = new Map(classificationRows.map(({ body }) => [body.code, toClassification(body)]))
  const differentials = new Map(differentialRows.map(({ body }) => [body.code, toDifferentialCode(body)]))
  const fetchedAt = new Map(fetchedRows.map((row) => [row.name, row.fetched_at]))
  return {
    classification: (code) => classifications.get(code) ?? null,
    rates: rateRows.map(({ body }) => ({ ...body, rate: Decimal.of(body.rate) })),
    differential: (code) => differentials.get(code) ?? null,
    classificationFetchedAt: fetchedAt.get('classifications') ?? null,
    ratesFetchedAt: fetchedAt.get('rates') ?? null,
    differentialFetchedAt: fetchedAt.get('differential') ?? null,
  }
}

function toClassification(body: Stored<TaxClassification>): TaxClassification {
  return { ...body, taxRates: body.taxRates.map(Decimal.of), levyRates: body.levyRates.map(Decimal.of) }
}

function toDifferentialCode(body: Stored<DifferentialCode>): DifferentialCode {
  return {
    ...body,
    generalRates: body.generalRates.map(Decimal.of),
    generalLevyRates: body.generalLevyRates.map(Decimal.of),
    smallScaleLevyRates: body.smallScaleLevyRates.map(Decimal.of),
  }
}
