/** Did you mean …? Finds the known name that a mistyped one is closest to. */

/** Edits beyond which two names are no longer taken for the same word. */
const EDIT_COUNT_MAX = 3

export function findNearestName(word: string, known: readonly string[]): string | null {
  let best: string | null = null
  let bestCount = Math.min(EDIT_COUNT_MAX, Math.floor(word.length / 2)) + 1
  for (const candidate of known) {
    const count = countEdits(word.toLowerCase(), candidate.toLowerCase())
    if (count < bestCount) {
      best = candidate
      bestCount = count
    }
  }
  return best
}

/** Levenshtein distance, one row at a time. */
function countEdits(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index)
  for (let i = 1; i <= left.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= right.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (left[i - 1] === right[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[right.length] ?? 0
}
