/**
 * Wide texts of a batch as one binary parameter, cut apart by the server: half the cost of JSON or of arrays, whose
 * quoting both sides must write and read, and unlike multi-row VALUES one prepared text serves every batch size.
 * In SQL: `convert_from(substring($2::bytea from at for length), 'UTF8')`.
 */
export interface PackedTexts {
  bytes: Buffer
  /** Where each text stands; `at` counts from 1, as `substring` does. */
  slices: readonly { at: number; length: number }[]
}

export function packTexts(texts: readonly (string | Buffer)[]): PackedTexts {
  const parts = texts.map((text) => (typeof text === 'string' ? Buffer.from(text) : text))
  let at = 1
  const slices = parts.map(({ length }) => {
    const slice = { at, length }
    at += length
    return slice
  })
  return { bytes: Buffer.concat(parts), slices }
}
