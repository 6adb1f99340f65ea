/**
 * Where the values of a draft came from.
 *
 * Every value of every order is noted here, and only a fault asks for one of them: the notes are two lists side by
 * side, which take a tenth of the time of a table. The table is made when many faults ask.
 */

/** Questions that are answered by searching the lists; an order in order asks once or twice, for its warnings. */
const SEARCH_COUNT_MAX = 8

/** Who put a value there; `paths` are JSON Pointers into the order. */
export type Origin =
  | { from: 'order'; paths: readonly string[] }
  | { from: 'constant' }
  | { from: 'product'; code: string }
  | { from: 'buyer'; code: string }
  | { from: 'setting' }
  | { from: 'table' }

export class Origins {
  /** JSON Pointers into the draft, in the order they were noted; values of lines use the draft's indices. */
  readonly paths: string[]
  /** The origin of each path, at the same index. */
  readonly sources: Origin[]
  #byPath: ReadonlyMap<string, Origin | undefined> | null = null
  #searchCount = 0

  constructor(paths: string[] = [], sources: Origin[] = []) {
    this.paths = paths
    this.sources = sources
  }

  note(path: string, origin: Origin): void {
    this.paths.push(path)
    this.sources.push(origin)
    this.#byPath = null
  }

  get(path: string): Origin | undefined {
    if (this.#searchCount < SEARCH_COUNT_MAX) {
      this.#searchCount += 1
      return this.sources[this.paths.lastIndexOf(path)]
    }
    this.#byPath ??= new Map(this.paths.map((each, index) => [each, this.sources[index]]))
    return this.#byPath.get(path)
  }

  get count(): number {
    return this.paths.length
  }

  /** Takes back what was noted after there were `count`. */
  forgetSince(count: number): void {
    this.paths.length = count
    this.sources.length = count
    this.#byPath = null
  }

  copy(): Origins {
    return new Origins(this.paths.slice(), this.sources.slice())
  }

  /** Origins by path, as golden files show them. */
  toJSON(): Record<string, Origin | undefined> {
    return Object.fromEntries(this.paths.map((path, index) => [path, this.sources[index]]))
  }
}
