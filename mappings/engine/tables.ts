/**
 * Tables of the mapping: translations from the sender's words to the bureau's codes.
 *
 *   lookup("channels", order.pay_type)   the entry; its absence is a fault that an administrator cures by adding it
 *   find("units", line.unit)             the entry, missing when there is none
 *
 * Keys are compared exactly after trimming; entries are texts, `decimal(lookup(…))` makes a rate of one.
 */
import { type ASTNode, type Environment, Optional, type TypeDeclaration } from '@marcbachmann/cel-js'
import { ExpressionError } from './faults.js'
import { type Evaluator, type Macro, makeOptionalType, registerMacro, type TypeChecker } from './macro.js'

export type Tables = ReadonlyMap<string, ReadonlyMap<string, string>>

export function makeTables(written: Readonly<Record<string, Readonly<Record<string, string>>>> | undefined): Tables {
  const tables = Object.entries(written ?? {}).map(([name, entries]) => {
    return [name, new Map(Object.entries(entries).map(([key, entry]) => [key.trim(), entry]))] as const
  })
  return new Map(tables)
}

export function registerTables(language: Environment, tables: Tables): void {
  registerMacro(language, 'lookup', 2, () => makeLookup(tables))
  registerMacro(language, 'find', 2, () => makeFind(tables))
}

function makeLookup(tables: Tables): Macro {
  return {
    checkType(args, checker, context) {
      checkArguments(args, checker, context, tables)
      return checker.getType('string')
    },
    evaluate(args, evaluator, context) {
      const entry = findEntry(args, evaluator, context, tables)
      if (entry !== undefined) return entry
      const table = `${args[0]?.args}`
      const [zh, en] = [`对照表 ${table} 中没有对应的条目`, `table ${table} has no entry for the value`]
      throw new ExpressionError('MAP-lookup', zh, en, 'administrator')
    },
  }
}

function makeFind(tables: Tables): Macro {
  return {
    checkType(args, checker, context) {
      checkArguments(args, checker, context, tables)
      return makeOptionalType(checker, checker.getType('string'))
    },
    evaluate: (args, evaluator, context) => Optional.of(findEntry(args, evaluator, context, tables)),
  }
}

function checkArguments(args: readonly ASTNode[], checker: TypeChecker, context: unknown, tables: Tables): void {
  const [table, key] = args
  if (table === undefined || key === undefined) throw new TypeError('registered with two arguments')
  if (table.op !== 'value' || typeof table.args !== 'string') {
    throw checker.createError('invalid_argument_type', 'the name of the table must be written out', table)
  }
  if (!tables.has(table.args)) throw checker.createError('unknown_table', `Unknown table: ${table.args}`, table)
  const type: TypeDeclaration = checker.check(key, context)
  if (type.name === 'string') return
  throw checker.createError('invalid_argument_type', `a table is looked up by a text, not ${type.name}`, key)
}

function findEntry(
  [table, key]: readonly ASTNode[],
  evaluator: Evaluator,
  context: unknown,
  tables: Tables,
): string | undefined {
  if (table?.op !== 'value' || typeof table.args !== 'string' || key === undefined) return undefined
  return tables.get(table.args)?.get(String(evaluator.run(key, context)).trim())
}
