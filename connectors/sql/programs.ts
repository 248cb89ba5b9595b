/** Compiled programs of one service, bounded: the least recently used one is dropped first. */
import { type Catalog, type Planned, type ReadPlan, Recent, type WritePlan } from 'dataferry/records'
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
  #keptHits = 0
  #made = 0

  constructor(dialect: Dialect, catalog: Catalog) {
    this.#dialect = dialect
    this.#catalog = catalog
  }

  /** Programs that were found and that had to be compiled. */
  get uses(): { readonly hits: number; readonly misses: number } {
    return { hits: this.#reads.hits + this.#writes.hits + this.#keptHits, misses: this.#made }
  }

  read({ plan, shape, kept = false }: Planned<ReadPlan>): ReadProgram {
    if (!kept) return this.#compiled(plan, shape)
    const { epoch } = this.#catalog
    const known = this.#kept.get(plan)
    if (known?.epoch === epoch) {
      this.#keptHits++
      return known.program
    }
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
