/**
 * The functions for values that may be missing. A field declared with `?` has the type optional<…>, which no operator
 * takes; these are the ways from there to a plain value:
 *
 *   or(order.note, "none")                 the first that is there: null, missing and blank texts are not (2 to 4 values)
 *   given(order.buyer.tax_no)              whether it is there
 *   when(order.is_company, order.tax_no)   the value if the condition holds, else missing
 *   first(order.codes)                     the first item of a list; missing when the list is empty or missing
 *
 * A value may stay missing where its target may stay empty. CEL's own `has`, `null` and `orValue` are not offered: they
 * tell null, missing and '' apart, and no two order systems agree on that.
 */
import { type ASTNode, type Environment, Optional, type TypeDeclaration } from '@marcbachmann/cel-js'
import { type Macro, makeOptionalType, registerMacro, type TypeChecker, unwrapType, unwrapValue } from './macro.js'

export function registerMissingValues(language: Environment): void {
  for (const count of [2, 3, 4]) registerMacro(language, 'or', count, makeOr)
  registerMacro(language, 'given', 1, () => GIVEN)
  registerMacro(language, 'when', 2, () => WHEN)
  registerMacro(language, 'first', 1, () => FIRST)
}

/** Whether an unwrapped value counts as missing. */
export function isMissing(value: unknown): boolean {
  return value === undefined || (typeof value === 'string' && value.trim() === '')
}

function makeOr(): Macro {
  // Only the last value can leave the result missing; decided once, when the call is checked.
  let isOptional = false
  return {
    checkType(args, checker, context) {
      let common: TypeDeclaration | null = null
      for (const arg of args) {
        const each = checkKnown(arg, checker, context)
        const joined: TypeDeclaration | null = common === null ? each.type : common.unify(checker.registry, each.type)
        if (joined === null) {
          const types = `${common?.name} and ${each.type.name}`
          throw checker.createError('incompatible_argument_type', `or() takes values of one type, not ${types}`, arg)
        }
        common = joined
        isOptional = each.isOptional
      }
      if (common === null) throw new TypeError('or() is registered with arguments')
      return isOptional ? makeOptionalType(checker, common) : common
    },
    evaluate(args, evaluator, context) {
      let value: unknown
      for (const arg of args) {
        value = unwrapValue(evaluator.run(arg, context))
        if (!isMissing(value)) break
      }
      return isOptional ? toOptional(value) : value
    },
  }
}

const GIVEN: Macro = {
  checkType(args, checker, context) {
    for (const arg of args) checkKnown(arg, checker, context)
    return checker.getType('bool')
  },
  evaluate: ([value], evaluator, context) =>
    value !== undefined && !isMissing(unwrapValue(evaluator.run(value, context))),
}

const WHEN: Macro = {
  checkType([condition, value], checker, context) {
    if (condition === undefined || value === undefined) throw new TypeError('when() is registered with two arguments')
    const judged = checker.check(condition, context)
    if (judged.name !== 'bool') {
      throw checker.createError('invalid_condition_type', `when() needs a condition, not ${judged.name}`, condition)
    }
    return makeOptionalType(checker, checkKnown(value, checker, context).type)
  },
  evaluate([condition, value], evaluator, context) {
    if (condition === undefined || value === undefined) return Optional.none()
    return evaluator.run(condition, context) === true ? toOptional(evaluator.run(value, context)) : Optional.none()
  },
}

const FIRST: Macro = {
  checkType([list], checker, context) {
    if (list === undefined) throw new TypeError('first() is registered with an argument')
    const { type } = checkKnown(list, checker, context)
    if (type.kind !== 'list' || type.valueType === undefined) {
      throw checker.createError('invalid_argument_type', `first() needs a list, not ${type.name}`, list)
    }
    return makeOptionalType(checker, type.valueType)
  },
  evaluate([list], evaluator, context) {
    const items = list === undefined ? undefined : unwrapValue(evaluator.run(list, context))
    return toOptional(Array.isArray(items) ? items[0] : undefined)
  },
}

function toOptional(value: unknown): Optional {
  const inner = unwrapValue(value)
  return inner === undefined ? Optional.none() : Optional.of(inner)
}

/** The unwrapped type of an argument; a field that the shape does not declare has none. */
function checkKnown(
  node: ASTNode,
  checker: TypeChecker,
  context: unknown,
): { type: TypeDeclaration; isOptional: boolean } {
  const unwrapped = unwrapType(checker.check(node, context))
  // Behind an optional object the library lets unknown fields through as `dyn`.
  if (!unwrapped.type.hasDynType) return unwrapped
  throw checker.createError('no_such_key', 'No such key', node)
}
