/**
 * What the books and tables gave to a draft: the part of its origins that cannot be told any more once a catalogue has
 * changed. Values from the order and constants of the mapping follow from the stored body and the pinned version.
 *
 * Shape: JSON of `{ product: { <code>: [<pointer> …] }, buyer: { <code>: … }, setting: [<pointer> …], table: … }`.
 */
import type { Origin, Origins } from './origins.js'

interface Fills {
  product?: Record<string, string[]>
  buyer?: Record<string, string[]>
  setting?: string[]
  table?: string[]
}

export function describeFills({ paths, sources }: Origins): string {
  const fills: Fills = {}
  for (let index = 0; index < paths.length; index += 1) {
    const origin = sources[index]
    if (origin !== undefined) note(fills, paths[index] ?? '', origin)
  }
  return JSON.stringify(fills)
}

function note(fills: Fills, path: string, origin: Origin): void {
  switch (origin.from) {
    case 'product':
    case 'buyer':
      fills[origin.from] = addTo(fills[origin.from], origin.code, path)
      return
    case 'setting':
    case 'table':
      fills[origin.from] ??= []
      fills[origin.from]?.push(path)
      return
    default:
      return
  }
}

function addTo(book: Record<string, string[]> | undefined, code: string, path: string): Record<string, string[]> {
  // A code may be called like a member of every object; this book has none.
  const entries: Record<string, string[]> = book ?? Object.create(null)
  const paths = entries[code]
  if (paths === undefined) entries[code] = [path]
  else paths.push(path)
  return entries
}
