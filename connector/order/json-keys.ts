/**
 * Finds the place of a key that must not be, for the message to its sender. Slow and only called when it is known that
 * there is one.
 */
import { pointerToken } from '../kernel/fault.js'
import { isForbiddenKey } from './key-order.js'

interface Frame {
  keys: Set<string> | null
  /** Key or index of the value being read. */
  at: string | number
}

/** JSON Pointer of the first member whose key its object already has; the text must be valid JSON. */
export function findDuplicateKey(text: string): string {
  const frames: Frame[] = []
  let lastText = ''
  let position = 0
  while (position < text.length) {
    const frame = frames.at(-1)
    const char = text.charAt(position)
    if (char === '"') {
      const end = endOfText(text, position)
      lastText = text.slice(position, end)
      position = end
      continue
    }
    if (char === '{') frames.push({ keys: new Set(), at: '' })
    else if (char === '[') frames.push({ keys: null, at: 0 })
    else if (char === '}' || char === ']') frames.pop()
    else if (char === ',' && typeof frame?.at === 'number') frame.at += 1
    else if (char === ':' && frame?.keys) {
      const key = String(JSON.parse(lastText))
      frame.at = key
      if (frame.keys.has(key)) return frames.map(({ at }) => `/${pointerToken(at)}`).join('')
      frame.keys.add(key)
    }
    position += 1
  }
  return ''
}

function endOfText(text: string, start: number): number {
  let position = start + 1
  while (position < text.length && text.charAt(position) !== '"') position += text.charAt(position) === '\\' ? 2 : 1
  return position + 1
}

/** JSON Pointer of the first key that reaches a prototype, or '' when there is none. */
export function findForbiddenKey(value: unknown): string {
  if (typeof value !== 'object' || value === null) return ''
  for (const [key, member] of Object.entries(value)) {
    if (isForbiddenKey(key)) return `/${pointerToken(key)}`
    const found = findForbiddenKey(member)
    if (found !== '') return `/${pointerToken(key)}${found}`
  }
  return ''
}
