/** Measuring texts as the bureau does: by characters, not by bytes or UTF-16 units. */

/** Anything but blanks, controls, zero-width characters and halves of surrogate pairs. */
const VISIBLE_CHARACTER = /[^\s\p{Cc}\p{Cf}\p{Cs}]/u

/** Whether a text has more than `max` characters. Units: code points. Source: Leqi rulebook 2.10. */
export function isLongerThan(text: string, max: number): boolean {
  // A text never has more code points than UTF-16 units, so that the usual case costs one comparison.
  return text.length > max && countCharacters(text) > max
}

/** Units: code points. */
export function countCharacters(text: string): number {
  let count = 0
  for (const _ of text) count += 1
  return count
}

/** Whether nothing of a text would be seen on an invoice. */
export function isBlank(text: string | null): boolean {
  return text === null || !VISIBLE_CHARACTER.test(text)
}
