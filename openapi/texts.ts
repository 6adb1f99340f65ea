/** Texts that people type. Control characters are none: PostgreSQL cannot store the first of them, and nobody means the others. */
import Type from 'typebox'

const NO_CONTROLS = '^[^\\u0000-\\u001f\\u007f]*$'
const TRIMMED = '^(?=\\S)[^\\u0000-\\u001f\\u007f]*(?<=\\S)$'

/** Not empty, without blanks around it. */
export function Name(maxLength: number, description: string) {
  return Type.String({ minLength: 1, maxLength, pattern: TRIMMED, description })
}

/** Filter of a list: any part of a text. */
export function Part(maxLength: number, of: string) {
  return Type.String({ maxLength, pattern: NO_CONTROLS, description: `any part of ${of}` })
}
