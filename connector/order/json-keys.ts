/**
 * Keys that must not be: those that stand twice in one object, and those that reach a prototype. Whether there may be one
 * is asked of every message and cheap; finding its place for the message to the sender is slow.
 */
import { Decimal } from '../kernel/decimal.js'
import { pointerToken } from '../kernel/fault.js'
import { NumberText } from './number-text.js'

/** Names that reach an object's prototype in JavaScript; no honest order uses them. */
const FORBIDDEN_KEYS = ['__proto__', 'constructor', 'prototype'] as const

/** Members of all objects; a key that stands twice in the text counts once here. */
export function countMembers(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  if (value instanceof Decimal || value instanceof NumberText) return 0
  const values: readonly unknown[] = Array.isArray(value) ? value : Object.values(value)
  let count = Array.isArray(value) ? 0 : values.length
  for (let index = 0; index < values.length; index += 1) count += countMembers(values[index])
  return count
}

/** Whether a text may have such a key: it names one somewhere, or hides letters behind escapes. */
export function mayHaveForbiddenKey(text: string): boolean {
  return text.includes('\\u') || FORBIDDEN_KEYS.some((key) => text.includes(key))
}

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
    if ((FORBIDDEN_KEYS as readonly string[]).includes(key)) return `/${pointerToken(key)}`
    const found = findForbiddenKey(member)
    if (found !== '') return `/${pointerToken(key)}${found}`
  }
  return ''
}
