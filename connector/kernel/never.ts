/** The end of a `switch` over a union: a new member does not compile until it is placed. */
export function assertNever(value: never): never {
  throw new Defect(`unexpected value ${JSON.stringify(value)}`)
}

/** Our own mistake: an assertion failed. Quarantines the entity, never the process; nobody catches it to go on. */
export class Defect extends Error {
  override name = 'Defect'
}

export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Defect(message)
}
