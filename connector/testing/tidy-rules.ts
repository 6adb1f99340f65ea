/**
 * The house rules that a machine can keep, as pure functions over the house's files: each takes the files and returns
 * what is wrong with them. `connector/app/tidy.test.ts` runs them on the real house and on small broken ones.
 */
export interface HouseFile {
  /** From the root of the house, with `/`. */
  path: string
  text: string
}

export interface TidyRule {
  name: string
  /** What to do instead, for the message. */
  instead: string
  find: (files: readonly HouseFile[]) => string[]
}

/** Names that only the tax bureau's wire uses. */
const WIRE_NAMES =
  /\b(nsrsbh|fphm|fppz|lzfpbz|xsfnsrsbh|gmfnsrsbh|gmfmc|hjje|hjse|jshj|kprq|sllsh|ywlsh|jrdwptbh|sydwptbh|ptbh|sphfwssflhbbm|fphxz|yhzcbs|hsje|slv)\b/

const HEART = /^connector\/(?!app\/|testing\/)/

/** Files past this length hide a second noun. */
const LINE_COUNT_MAX = 500

export const TIDY_RULES: readonly TidyRule[] = [
  {
    name: 'wire names stay in adapters/leqi',
    instead: 'use the domain’s English name',
    find: (files) => findLines(files, isProduction, WIRE_NAMES, (path) => !path.startsWith('adapters/leqi/')),
  },
  {
    name: 'the environment is read in one place',
    instead: 'take it from Config',
    find: (files) => findLines(files, isProduction, /process\.env/, (path) => path !== 'connector/app/config.ts'),
  },
  {
    name: 'time and chance are injected in the heart',
    instead: 'take a Clock, an IdSource or a Random',
    find: (files) =>
      findLines(
        files,
        isProduction,
        /\b(Date\.now|new Date\(\)|Math\.random|setTimeout|setInterval|setImmediate|performance\.now|randomUUID|randomBytes)\b/,
        (path) => HEART.test(path),
      ),
  },
  {
    name: 'no FIXME and no TODO without its ticket',
    instead: 'finish it, or write down why not',
    find: (files) => findLines(files, isSource, /\b(FIXME|TODO|XXX)\b/, (path) => !isTidyFile(path)),
  },
  {
    name: 'no test is skipped or alone',
    instead: 'mend or delete the test',
    find: (files) =>
      findLines(
        files,
        isTest,
        /\b(test|it|describe|suite)\.(only|skip|todo)\b|\b(only|skip|todo): true/,
        (path) => !isTidyFile(path),
      ),
  },
  {
    name: 'only commands print',
    instead: 'log through the logger',
    find: (files) =>
      findLines(
        files,
        isProduction,
        /\bconsole\.\w+\(/,
        (path) => !/^(bench|connector\/app\/(cli|demo)|mappings\/rewrite)/.test(path),
      ),
  },
  {
    name: `files stay under ${LINE_COUNT_MAX} lines`,
    instead: 'look for a second noun',
    find: (files) =>
      files
        .filter(({ path, text }) => isSource(path) && text.split('\n').length > LINE_COUNT_MAX)
        .map(({ path, text }) => `${path}: ${text.split('\n').length} lines`),
  },
  {
    name: 'no escape from types',
    instead: 'parse at the door',
    find: (files) =>
      findLines(files, isProduction, /(:\s*any\b|\bas any\b|@ts-ignore|@ts-expect-error|@ts-nocheck)/, () => true),
  },
  {
    name: 'no swallowed error',
    instead: 'handle it, or say in a comment why there is nothing to do',
    find: (files) =>
      files
        .filter(({ path }) => isProduction(path))
        .flatMap(({ path, text }) => (/catch\s*(\([^)]*\))?\s*\{\s*\}/.test(text) ? [path] : [])),
  },
]

/** Names on one side of a contract that are missing on the other. */
export function findUnmatched(
  left: ReadonlySet<string>,
  right: ReadonlySet<string>,
): { onlyLeft: string[]; onlyRight: string[] } {
  return {
    onlyLeft: [...left].filter((name) => !right.has(name)).sort(),
    onlyRight: [...right].filter((name) => !left.has(name)).sort(),
  }
}

function findLines(
  files: readonly HouseFile[],
  isWanted: (path: string) => boolean,
  pattern: RegExp,
  isBound: (path: string) => boolean,
): string[] {
  return files
    .filter(({ path }) => isWanted(path) && isBound(path))
    .flatMap(({ path, text }) =>
      stripComments(text)
        .split('\n')
        .flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [])),
    )
}

/** Blanks comments out, keeping the lines: what is said about a thing is not the thing. */
function stripComments(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ' '))
    .replace(/(^|[\s;,({[])\/\/[^\n]*/g, '$1')
}

function isSource(path: string): boolean {
  return path.endsWith('.ts')
}

function isTest(path: string): boolean {
  return path.endsWith('.test.ts')
}

function isProduction(path: string): boolean {
  return isSource(path) && !isTest(path) && !path.includes('/testing/') && !path.startsWith('bench/')
}

function isTidyFile(path: string): boolean {
  return path === 'connector/testing/tidy-rules.ts' || path === 'connector/app/tidy.test.ts'
}
