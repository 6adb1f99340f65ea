/** What can be wrong with a mapping or with an order under it: codes, both languages, and who can cure it (design D15). */
import type { Fault } from '../../connector/kernel/fault.js'

/** A place in mapping.yaml, both counted from 1. */
export interface Position {
  line: number
  column: number
}

/** A fault of a mapping's text. `path` is a JSON Pointer into the YAML document. */
export type MappingFault = Fault & Position

/** A fault met while an order was mapped: the place in the mapping and the order's values that were looked at. */
export type EvaluationFault = MappingFault & { sources: readonly string[] }

/**
 * Thrown by our functions inside an expression. `cure` says whose mistake it is: an unreadable amount is the sender's,
 * a lookup without entry is the mapping's.
 */
export class ExpressionError extends Error {
  override name = 'ExpressionError'
  readonly code: string
  readonly messageZh: string
  readonly cure: 'sender' | 'administrator'

  constructor(code: string, messageZh: string, messageEn: string, cure: 'sender' | 'administrator') {
    super(messageEn)
    this.code = code
    this.messageZh = messageZh
    this.cure = cure
  }
}

/** The order itself is wrong; only its sender can cure it. */
export function makeOrderFault(code: OrderFaultCode, path: string, message: string, messageEn: string): Fault {
  return { code, path, message, messageEn, cure: 'sender' }
}

export type OrderFaultCode = 'ORD-shape' | 'ORD-amount' | 'ORD-characters' | 'ORD-number'

/** Faults listed for one order; more of them help nobody. */
const FAULT_COUNT_MAX = 100

/** Adds a fault to the list of an order; the first one too many says that there are more, and whose they are. */
export function addFault(faults: Fault[], fault: Fault): void {
  if (faults.length > FAULT_COUNT_MAX) return
  if (faults.length < FAULT_COUNT_MAX) {
    faults.push(fault)
    return
  }
  const code = fault.cure === 'sender' ? 'ORD-more' : 'MAP-more'
  const [zh, en] = [`错误超过 ${FAULT_COUNT_MAX} 处，其余不再列出`, `there are more than ${FAULT_COUNT_MAX} faults`]
  faults.push({ ...fault, code, path: '', message: zh, messageEn: en })
}

/** The mapping's text is wrong; it is refused before anybody can use it. */
export function makeMappingFault(
  code: string,
  place: { path: string; position: Position },
  message: string,
  messageEn: string,
): MappingFault {
  const { line, column } = place.position
  const at = { path: place.path, line, column }
  return { code, ...at, message, messageEn, cure: 'administrator', parkCause: 'mapping_fault' }
}
