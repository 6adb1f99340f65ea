/**
 * The side of the expression library that a function of ours sees when it takes its arguments unevaluated. The library
 * calls this a macro and gives it no types; these are the parts of it that are used here (8.0.0).
 */
import { type ASTNode, type Environment, Optional, type TypeDeclaration } from '@marcbachmann/cel-js'

export interface TypeChecker {
  check(node: ASTNode, context: unknown): TypeDeclaration
  getType(name: string): TypeDeclaration
  createError(code: string, message: string, node: ASTNode): Error
  registry: Parameters<TypeDeclaration['unify']>[0]
}

export interface Evaluator {
  run(node: ASTNode, context: unknown): unknown
}

/** One call in one expression. */
export interface Macro {
  /** The type of the result; throws what `createError` makes. */
  checkType(args: readonly ASTNode[], checker: TypeChecker, context: unknown): TypeDeclaration
  evaluate(args: readonly ASTNode[], evaluator: Evaluator, context: unknown): unknown
}

interface MacroCall {
  args: readonly ASTNode[]
}

export function registerMacro(language: Environment, name: string, argumentCount: number, make: () => Macro): void {
  const parameters = Array.from({ length: argumentCount }, () => 'ast').join(', ')
  const expand = ({ args }: MacroCall) => {
    const macro = make()
    return {
      async: false,
      typeCheck: (checker: TypeChecker, _self: unknown, context: unknown) => macro.checkType(args, checker, context),
      evaluate: (evaluator: Evaluator, _self: unknown, context: unknown) => macro.evaluate(args, evaluator, context),
    }
  }
  language.registerFunction(`${name}(${parameters}): dyn`, expand, { async: false })
}

/** The type below any number of optional<…>, and whether there was one. */
export function unwrapType(type: TypeDeclaration): { type: TypeDeclaration; isOptional: boolean } {
  let inner = type
  while (inner.kind === 'optional' && inner.valueType !== undefined) inner = inner.valueType
  return { type: inner, isOptional: inner !== type }
}

/** The value below any number of optionals; undefined when it is missing. */
export function unwrapValue(value: unknown): unknown {
  let inner = value
  while (inner instanceof Optional) inner = inner.orValue(undefined)
  return inner
}

export function makeOptionalType(checker: TypeChecker, type: TypeDeclaration): TypeDeclaration {
  return checker.getType(`optional<${type.name}>`)
}
