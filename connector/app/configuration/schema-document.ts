/** The JSON Schema for editors, shipped as `docs/config.schema.json`; `leqi-connector schema` prints it. */
import { ConfigurationSchema } from './schema.js'

/** Shape: the whole file, with a line break at its end. */
export function renderSchemaDocument(): string {
  const document = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'leqi-connector configuration',
    ...ConfigurationSchema,
  }
  return `${JSON.stringify(document, null, 2)}\n`
}
