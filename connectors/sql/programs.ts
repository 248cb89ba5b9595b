/** Compiled programs of one service, bounded: the least recently used one is dropped first. */
import type { Catalog, Planned, ReadPlan, WritePlan } from 'dataferry/records'
import type { Dialect, ReadProgram, WriteProgram } from './types.ts'

/** Shapes are few: most requests of a client differ in values alone. */
const mostPrograms = 1_000

export class Programs {
  readonly #dialect: Dialect
  readonly #catalog: Catalog
  readonly #reads = new Recent<ReadProgram>(mostPrograms)
  readonly #writes = new Recent<WriteProgram>(mostPrograms)
  /** Plans that are kept and used again spare the making of their key. */
  readonly #kept = new WeakMap<ReadPlan, { readonly epoch: number; readonly program: ReadProgram }>()
  #made = 0

  constructor(dialect: Dialect, catalog: Catalog) {
    this.#dialect = dialect
    this.#catalog = catalog
  }

  read({ plan, shape, kept = false }: Planned<ReadPlan>): ReadProgram {
    if (!kept) return this.#compiled(plan, shape)
    const { epoch } = this.#catalog
    const known = this.#kept.get(plan)
    if (known?.epoch === epoch) return known.program
    const program = this.#compiled(plan, shape)
    this.#kept.set(plan, { epoch, program })
    return program
  }

  #compiled(plan: ReadPlan, shape: string): ReadProgram {
    return this.#reads.get(this.#key(plan.from.epoch, shape), () => this.#dialect.compileRead(plan, this.#id('r')))
  }

  write({ plan, shape }: Planned<WritePlan>): WriteProgram {
    return this.#writes.get(this.#key(plan.into.epoch, shape), () => this.#dialect.compileWrite(plan, this.#id('w')))
  }

  /** Related tables may have been described later than the plan's own, so the catalog's epoch counts too. */
  #key(epoch: number, shape: string): string {
    return `${this.#catalog.epoch} ${epoch} ${shape}`
  }

  #id(kind: string): string {
    return `${kind}${++this.#made}`
  }
}

/** A map that forgets what was not used for longest. */
export class Recent<V> {
  readonly #entries = new Map<string, V>()
  readonly #most: number

  constructor(most: number) {
    this.#most = most
  }

  get(key: string, make: () => V): V {
    const known = this.#entries.get(key)
    if (known !== undefined) {
      // Only when it matters: while there is room nothing is dropped.
      if (this.#entries.size === this.#most) {
        this.#entries.delete(key)
        this.#entries.set(key, known)
      }
      return known
    }
    const made = make()
    if (this.#entries.size === this.#most) {
      for (const oldest of this.#entries.keys()) {
        this.#entries.delete(oldest)
        break
      }
    }
    this.#entries.set(key, made)
    return made
  }
}
