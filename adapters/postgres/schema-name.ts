/** Names of the schemas; they stand in statements unquoted, so only plain lower-case names are allowed. */

const SCHEMA_NAME = /^(?!pg_)[a-z_][a-z0-9_]{0,40}$/

/** Schema of the product where the environment names none. */
const DEFAULT_SCHEMA = 'leqi'

/** Errors: RangeError for a name that would need quoting. */
export function assertSchemaName(name: string): string {
  if (!SCHEMA_NAME.test(name)) throw new RangeError(`not a schema name: ${name}`)
  return name
}

/** Where the read-only views stand: `audit` beside the default schema, else `<schema>_audit`. */
export function auditSchemaOf(schema: string): string {
  return schema === DEFAULT_SCHEMA ? 'audit' : `${assertSchemaName(schema)}_audit`
}

/** Channel of the wake-up signals; one per schema, so that two deployments in one database do not wake each other. */
export function signalChannelOf(schema: string): string {
  return `${assertSchemaName(schema)}_work`
}
