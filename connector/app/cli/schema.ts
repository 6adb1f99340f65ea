/** `schema`: the JSON Schema of a settings file, for editors and for `docs/config.schema.json`. */
import { renderSchemaDocument } from '../configuration/schema-document.js'
import type { ExitCode, VerbContext } from './verbs.js'

export async function schema(context: VerbContext): Promise<ExitCode> {
  context.print(renderSchemaDocument().trimEnd())
  return 0
}
