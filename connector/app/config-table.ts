/** The README's table of configuration, made of what `config.ts` reads. */

import { describeConfig } from './config.js'
import type { Bilingual } from './config-variables.js'

const HEADS = {
  zh: ['变量', '默认', '含义'],
  en: ['Variable', 'Default', 'Meaning'],
} as const

/** Markdown, without a line break at its end. Variables that may come from a file are marked with `_FILE`. */
export function renderConfigTable(language: keyof Bilingual): string {
  const rows = describeConfig().map(({ name, fileName, fallback, meaning }) => [
    fileName === null ? `\`${name}\`` : `\`${name}\` / \`_FILE\``,
    showFallback(fallback[language]),
    meaning[language],
  ])
  const [head, ...body] = [HEADS[language], ...rows].map((cells) => `| ${cells.join(' | ')} |`)
  return [head, '|---|---|---|', ...body].join('\n')
}

/** Values look like code, explanations like text. */
function showFallback(text: string): string {
  return /^[\w.:-]+$/.test(text) ? `\`${text}\`` : text
}
