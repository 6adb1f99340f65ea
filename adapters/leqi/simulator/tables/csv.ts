/** Reads comma-separated text as RFC 4180 writes it: quotes double, a quoted cell may hold commas and line breaks. */
const CELL_PATTERN = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/y

/** Errors: RangeError naming the row where a quote is left open. */
export function readCsv(text: string): string[][] {
  const body = text.startsWith('\uFEFF') ? text.slice(1) : text
  const rows: string[][] = []
  let row: string[] = []
  CELL_PATTERN.lastIndex = 0
  while (CELL_PATTERN.lastIndex < body.length) {
    const match = CELL_PATTERN.exec(body)
    if (match === null) throw new RangeError(`row ${rows.length + 1} is no valid CSV`)
    row.push(match[1] === undefined ? (match[2] ?? '') : match[1].replaceAll('""', '"'))
    if (match[3] === ',') continue
    rows.push(row)
    row = []
  }
  if (row.length > 0) rows.push([...row, ''])
  return rows
}
