/** The table that ticks off every local check, written from the registry itself. */
import type { CheckFacts } from './check.js'
import { keyOf } from './check.js'
import { PROMPTS } from './prompts.js'
import { ALL_CHECKS, type RegisteredCheck, THEMES } from './registry.js'
import { SOURCES } from './sources.js'

const ROOM = 'connector/invoice/checks'
const GATE = 'connector/taxpayer/gate'

const HEAD = `# Local checks

Generated from \`${ROOM}/registry.ts\`; do not edit. A test compares this page with the registry and tells how to write it anew.

Every check of the rulebook's chapter 12 (L-01 … L-149, with the arithmetic list A1 … A13) that the connector makes before
anything is sent. The id is the code of the fault. Reactions:

- **block**: nothing is sent. The order is rejected when only its sender can cure it, else it waits for an administrator.
- **park**: it waits and goes on by itself when the cause is gone.
- **warn**: it goes on, and the text is kept with the order.
- **fill**, **split**: the connector sets the value or cuts the invoice itself; the check proves that it was done.

A check marked ° rests on inference or on a weak source and can be switched off by its id (policy of \`checkDraft\` and \`checkInvoice\`).
Examples are the names of tests; they stand in the test file beside the file named under "where".
`

/** The name of the test that carries out the passing example of a check. */
export function passingTestName(check: CheckFacts & { passes: string }): string {
  return `${keyOf(check)} lets pass: ${check.passes}`
}

/** The name of the test that carries out the failing example of a check. */
export function failingTestName(check: CheckFacts & { fails: string }): string {
  return `${keyOf(check)} finds: ${check.fails}`
}

/** The whole of docs/checks.md. */
export function renderCheckTable(): string {
  const rows = ALL_CHECKS.map((check, index) => ({ check, index }))
    .sort((left, right) => numberOf(left.check) - numberOf(right.check) || left.index - right.index)
    .map(({ check }) => renderRow(check))
  return [
    HEAD,
    '| id | field | condition that triggers | reaction | source | where | passing example | failing example |',
    '|---|---|---|---|---|---|---|---|',
    ...rows,
    '',
    '## Sources',
    '',
    'The number is the section of the Leqi rulebook; the mark names the document.',
    '',
    ...Object.entries(SOURCES).map(([mark, name]) => `- **${mark}** ${name}`),
    '',
    '## Prompts',
    '',
    'Texts of `prompts.ts`. P0 is shown where the flag is entered; the others come with the order as warnings.',
    '',
    '| key | text |',
    '|---|---|',
    ...Object.entries(PROMPTS).map(([key, { zh, en }]) => `| ${key} | ${zh}<br>${en} |`),
    '',
  ].join('\n')
}

function renderRow(check: RegisteredCheck): string {
  const examples = check.appliesTo === 'elsewhere' ? ['', ''] : [passingTestName(check), failingTestName(check)]
  const cells = [
    `${keyOf(check)}${check.alias === undefined ? '' : ` (${check.alias})`}${check.isSwitchable === true ? ' °' : ''}`,
    check.title,
    check.condition,
    check.reaction,
    `${check.section} [${check.sources.join('][')}]`,
    whereOf(check),
    ...examples,
  ]
  return `| ${cells.map(escapeCell).join(' | ')} |`
}

function whereOf(check: RegisteredCheck): string {
  switch (check.appliesTo) {
    case 'elsewhere':
      return check.home
    case 'seller':
      return GATE
    default: {
      const theme = THEMES.find(({ checks }) => checks.some((each) => each === check))
      return `${ROOM}/${theme?.file ?? ''}`
    }
  }
}

function numberOf({ id }: CheckFacts): number {
  return Number(id.slice('L-'.length))
}

function escapeCell(text: string): string {
  return text.replaceAll('|', '\\|')
}
