/** What is wrong or remarkable in a FILE: code, place, both languages. All findings of a stage are collected. */

export interface Place {
  line: number
  column: number
}

export interface ConfigurationFinding extends Place {
  code: FindingCode
  /** JSON Pointer into FILE. */
  path: string
  message: string
  messageEn: string
}

type FindingCode =
  | 'CFG-file'
  | 'CFG-yaml'
  | 'CFG-unknown'
  | 'CFG-missing'
  | 'CFG-form'
  | 'CFG-duplicate'
  | 'CFG-reference'
  | 'CFG-capability'
  | 'CFG-address'
  | 'CFG-secret'
  | 'CFG-mapping'
  | 'CFG-delivery'
  | 'CFG-tax-number'
  | 'CFG-incomplete'

export interface Findings {
  /** Refuse the FILE. */
  readonly faults: readonly ConfigurationFinding[]
  /** Are told and let pass. */
  readonly warnings: readonly ConfigurationFinding[]
}

/** One remark: what, in both languages. */
export interface Remark {
  code: FindingCode
  zh: string
  en: string
}

export interface FindingsCollector extends Findings {
  refuse(path: string, remark: Remark): void
  warn(path: string, remark: Remark): void
}

export function makeFindings(positionOf: (path: string) => Place): FindingsCollector {
  const faults: ConfigurationFinding[] = []
  const warnings: ConfigurationFinding[] = []
  const toFinding = (path: string, { code, zh, en }: Remark): ConfigurationFinding => {
    const { line, column } = positionOf(path)
    return { code, path, line, column, message: zh, messageEn: en }
  }
  return {
    faults,
    warnings,
    refuse: (path, remark) => {
      faults.push(toFinding(path, remark))
    },
    warn: (path, remark) => {
      warnings.push(toFinding(path, remark))
    },
  }
}
