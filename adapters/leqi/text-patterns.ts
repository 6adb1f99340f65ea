/**
 * What the bureau says only in words: causes that have no code. A versioned table of hints (design D14).
 *
 * Invariant: a hint may only delay, slow down or doubt. It never makes an invoice issued, never makes it failed, and
 * never frees a number. A text that matches nothing here keeps the meaning its code gives it.
 * Patterns are substrings that must all occur; no regular expressions, so a hostile text cannot cost time.
 * Source: Leqi FAQ V2.000, access guide V2.006, capability document V4.000; wordings of 2023-12 to 2025-09.
 */
import type { ParkCause } from '../../connector/kernel/fault.js'

export type TextHint =
  | { kind: 'park'; cause: ParkCause }
  /** Rate control of the platform. `concurrencyMax`: calls at a time that the text allows, when it says so. */
  | { kind: 'rate_limited'; concurrencyMax: number | null }
  /** The number is held already: perhaps our own earlier success, so neither a refusal nor a verdict. */
  | { kind: 'number_held' }
  /** No result yet for a receipt number. */
  | { kind: 'no_result_yet' }
  /** An incremental code table query with nothing new. */
  | { kind: 'no_codes' }

interface TextPattern {
  allOf: readonly string[]
  hint: 'rate_limited' | 'number_held' | 'no_result_yet' | 'no_codes' | { park: ParkCause }
}

/** Edition 2026-01. The first pattern that matches wins: what must never be taken for a refusal stands first. */
const TEXT_PATTERNS: readonly TextPattern[] = [
  { allOf: ['访问请求较多'], hint: 'rate_limited' },
  { allOf: ['请求过于频繁'], hint: 'rate_limited' },
  { allOf: ['访问过于频繁'], hint: 'rate_limited' },
  { allOf: ['访问并发控制'], hint: 'rate_limited' },

  { allOf: ['发票号码', '已存在'], hint: 'number_held' },
  { allOf: ['发票', '重复上传'], hint: 'number_held' },

  { allOf: ['未查询到', '上传结果'], hint: 'no_result_yet' },
  { allOf: ['未查询到', '税收分类编码'], hint: 'no_codes' },

  { allOf: ['额度', '不在有效期'], hint: { park: 'quota_empty' } },
  { allOf: ['额度', '使用区间'], hint: { park: 'quota_empty' } },
  { allOf: ['额度', '不足'], hint: { park: 'quota_empty' } },
  { allOf: ['额度', '小于'], hint: { park: 'quota_empty' } },
  { allOf: ['超过', '发票额度'], hint: { park: 'quota_empty' } },
  { allOf: ['超过', '授信额度'], hint: { park: 'quota_empty' } },
  { allOf: ['超出', '额度'], hint: { park: 'quota_empty' } },
  { allOf: ['暂停赋额'], hint: { park: 'quota_empty' } },

  { allOf: ['已完成对账'], hint: { park: 'period_closed' } },
  { allOf: ['不再允许上传'], hint: { park: 'period_closed' } },
  { allOf: ['未', '汇总确认'], hint: { park: 'period_closed' } },
  { allOf: ['已', '汇总确认'], hint: { park: 'period_closed' } },

  { allOf: ['风险纳税人'], hint: { park: 'seller_blocked' } },
  { allOf: ['风险管控'], hint: { park: 'seller_blocked' } },
  { allOf: ['风险控制'], hint: { park: 'seller_blocked' } },
  { allOf: ['红色预警'], hint: { park: 'seller_blocked' } },
  { allOf: ['纳税人状态', '非正常'], hint: { park: 'seller_blocked' } },
  { allOf: ['暂停', '开票'], hint: { park: 'seller_blocked' } },

  { allOf: ['发票号码', '号段'], hint: { park: 'manual_hold' } },
  { allOf: ['发票号码', '不属于'], hint: { park: 'manual_hold' } },
  { allOf: ['发票号码', '未领用'], hint: { park: 'manual_hold' } },
  { allOf: ['发票号码', '未赋码'], hint: { park: 'manual_hold' } },

  { allOf: ['系统', '维护'], hint: { park: 'bureau_unreachable' } },
  { allOf: ['系统', '升级'], hint: { park: 'bureau_unreachable' } },
  { allOf: ['系统', '繁忙'], hint: { park: 'bureau_unreachable' } },
  { allOf: ['服务', '异常', '稍后'], hint: { park: 'bureau_unreachable' } },
]

/** Concurrency that a rate refusal names: `…将访问并发控制在x以内`. */
const NAMED_CONCURRENCY = /并发控制在(\d{1,4})/

/** What a text of the bureau hints at, or null. */
export function findTextHint(text: string): TextHint | null {
  const pattern = TEXT_PATTERNS.find(({ allOf }) => allOf.every((part) => text.includes(part)))
  if (pattern === undefined) return null
  if (typeof pattern.hint === 'object') return { kind: 'park', cause: pattern.hint.park }
  if (pattern.hint !== 'rate_limited') return { kind: pattern.hint }
  const named = Number(NAMED_CONCURRENCY.exec(text)?.[1] ?? 0)
  return { kind: 'rate_limited', concurrencyMax: named > 0 ? named : null }
}
