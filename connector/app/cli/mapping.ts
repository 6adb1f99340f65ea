/** `mapping check|test|explain`: compiles a mapping, runs its examples, says what fills each field. */
import { type CheckReport, checkMappingFile, testDefinition } from '../../../mappings/check.js'
import { type ExitCode, type VerbContext, VerbRefused } from './verbs.js'

/** Places told per example that differs from its golden file. */
const DIFFERENCE_COUNT_MAX = 20

export async function checkMappings(context: VerbContext, files: readonly string[]): Promise<ExitCode> {
  let isClean = true
  for (const file of files) {
    const report = await readable(file, () => checkMappingFile(file))
    printFaults(context, file, report.faults)
    if (report.ok) context.print(`${file}: ok, ${report.businessType} version ${report.version}`)
    else isClean = false
  }
  return isClean ? 0 : 1
}

export async function testMappings(context: VerbContext, folders: readonly string[]): Promise<ExitCode> {
  let isClean = true
  for (const folder of folders) {
    const report = await readable(folder, () => testDefinition(folder))
    printFaults(context, `${folder}/mapping.yaml`, report.faults)
    for (const { name, ok, kind, differences } of report.examples) {
      context.print(`${folder} ${name}: ${kind}, ${ok ? 'ok' : 'differs from the golden file'}`)
      for (const path of differences.slice(0, DIFFERENCE_COUNT_MAX))
        context.print(`    ${path === '' ? '(no golden file)' : path}`)
    }
    if (report.faults.length === 0 && report.examples.length === 0) {
      context.complain(`${folder}: 没有示例 / no examples (examples/*.order.json)`)
    }
    isClean &&= report.ok
  }
  return isClean ? 0 : 1
}

export async function explainMapping(context: VerbContext, file: string): Promise<ExitCode> {
  const report = await readable(file, () => checkMappingFile(file))
  printFaults(context, file, report.faults)
  for (const { target, written, sources } of report.explanation) {
    context.print(`${target}\n    ${written}${sources.length === 0 ? '' : `\n    ← ${sources.join(', ')}`}`)
  }
  return report.ok ? 0 : 1
}

function printFaults(context: VerbContext, file: string, faults: CheckReport['faults']): void {
  for (const { line, column, code, message, messageEn } of faults) {
    context.complain(`${file}:${line}:${column} error ${code} ${message} / ${messageEn}`)
  }
}

async function readable<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    const isMissing =
      error instanceof Error && 'code' in error && ['ENOENT', 'ENOTDIR', 'EISDIR'].includes(String(error.code))
    if (isMissing) throw new VerbRefused(2, `${path} 不存在或不可读`, `${path} does not exist or cannot be read`)
    throw error
  }
}
