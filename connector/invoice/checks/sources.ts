/** Where the checks come from. Text copies of the bureau's documents; the subscription's own document wins where it differs. */

export const SOURCES = {
  S1: '乐企数字化电子发票（基础版）开票能力说明文档 V4.000 (base capability document)',
  S2: '数字化电子发票版式及XML规范 V5.002 (layout and XML specification)',
  S3: '乐企热点问答 (hot questions, answered by the bureau)',
  S4: '乐企推广运维常见问题清单 V2.000 (operations questions, 2024-06-11)',
  S10: 'practice of order management in the age of tax-control boxes',
  S12: '数字化电子发票使用常见问题清单 and 12366 answers',
  S16: "user's manual of a 数电票 connector, V1.0.0",
  law: 'general VAT law, GB 32100-2015, GB 11643 and GB 11714',
  inferred: 'follows from a sourced rule or from arithmetic; not stated as such',
} as const

export type SourceMark = keyof typeof SOURCES
