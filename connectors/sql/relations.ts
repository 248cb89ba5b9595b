/**
 * Children of a window of parents, as bytes: one statement a relation and level, matched to their parents by the ordinals that the
 * statement answers, stitched in without being parsed (data-plane 5.3).
 */
import { type Bind, csvQuote, xmlName } from 'dataferry/sdk'
import { ByteBuffer } from './buffer.ts'
import type { ParentRow, RelatedProgram, Statement } from './types.ts'
import type { RowCursor, RowEncoder, RowForm, RowSourceOf, WireKind } from './wire.ts'

/** Most parents of one statement. */
export const windowSize = 1_000

/** A key of a parent; null where a member of it is null, which matches nothing. */
type Key = readonly Bind[] | null

/** Rows of one level whose relations are not there yet: their members, and their keys by relation. */
export class Pending<R> {
  readonly members = new ByteBuffer()
  /** Where each row's members end. */
  readonly ends: number[] = []
  readonly keys: Key[][]
  readonly #level: Level<R>

  constructor(level: Level<R>) {
    this.#level = level
    this.keys = level.relations.map(() => [])
  }

  add(row: R): void {
    const { encode, relations, wire } = this.#level
    encode(row, this.members)
    this.ends.push(this.members.length)
    for (let r = 0; r < relations.length; r++) {
      const key = (relations[r] as Relation<R>).keys.map((index) => wire.bind(row, index))
      this.keys[r]?.push(key.includes(null) ? null : key)
    }
  }

  clear(): void {
    this.keep(0)
  }

  /** The first rows; the others were never there. */
  keep(rows: number): void {
    this.members.wrote(rows === 0 ? 0 : (this.ends[rows - 1] as number))
    this.ends.length = rows
    for (const keys of this.keys) keys.length = rows
  }

  /** Nothing more is added. */
  free(): void {
    this.members.free()
  }
}

/** Bytes by parent. */
interface Pieces {
  readonly bytes: ByteBuffer
  readonly ends: readonly number[]
}

/** They were written. */
export function freePieces(pieces: readonly Pieces[]): void {
  for (const { bytes } of pieces) bytes.free()
}

/** Statements run with these. */
export interface Run<R> {
  readonly source: RowSourceOf<R>
  readonly binds: readonly Bind[]
  readonly signal: AbortSignal
}

/** The rows of one statement and their relations, compiled for one format. */
export class Level<R> {
  readonly wire: WireKind<R>
  readonly encode: RowEncoder<R>
  readonly relations: readonly Relation<R>[]
  /** Members go before the relations. */
  readonly #bare: boolean
  readonly #form: RowForm

  constructor(wire: WireKind<R>, statement: Statement, related: readonly RelatedProgram[], form: RowForm) {
    this.wire = wire
    this.#form = form
    this.encode = wire.encoder(statement.columns, form)
    this.#bare = statement.columns.every((column) => column.hidden)
    this.relations = related.map((program) => new Relation(wire, program, form))
  }

  /** The relations of all these rows, to be written with `write`. */
  async relate(run: Run<R>, pending: Pending<R>): Promise<readonly Pieces[]> {
    const read = (relation: Relation<R>, r: number): Promise<Pieces> => relation.pieces(run, pending.keys[r] ?? [])
    const pieces: Pieces[] = []
    if (run.source.pipelined !== true || this.relations.length === 1) {
      for (const [r, relation] of this.relations.entries()) pieces.push(await read(relation, r))
      return pieces
    }
    // One that fails must not leave the others behind.
    for (const settled of await Promise.allSettled(this.relations.map(read))) {
      if (settled.status === 'rejected') throw settled.reason
      pieces.push(settled.value)
    }
    return pieces
  }

  /** One row: its members, then its relations. */
  write(pending: Pending<R>, pieces: readonly Pieces[], index: number, out: ByteBuffer): void {
    out.copy(pending.members, pending.ends[index - 1] ?? 0, pending.ends[index] ?? 0)
    for (let r = 0; r < pieces.length; r++) {
      const { bytes, ends } = pieces[r] as Pieces
      if ((r > 0 || !this.#bare) && this.#form.kind !== 'xml') out.byte(44)
      out.copy(bytes, ends[index - 1] ?? 0, ends[index] ?? 0)
    }
  }
}

class Relation<R> {
  readonly keys: readonly number[]
  readonly #program: RelatedProgram
  readonly #level: Level<R>
  readonly #around: Around
  /** Children of a parent in the mean, as they were found last. */
  #mean = 1

  constructor(wire: WireKind<R>, program: RelatedProgram, form: RowForm) {
    this.keys = program.keys
    this.#program = program
    // CSV has no nesting: children are JSON text in a cell.
    const inner: RowForm = form.kind === 'xml' ? { kind: 'xml', depth: form.depth + 1 } : { kind: 'json' }
    this.#level = new Level(wire, program.rows, program.related, inner)
    this.#around =
      form.kind === 'xml'
        ? xmlAround(program, form.depth)
        : form.kind === 'csv'
          ? csvAround(program)
          : jsonAround(program)
  }

  async pieces(run: Run<R>, keys: readonly Key[]): Promise<Pieces> {
    const { ordinals, children } = await this.#children(run, keys)
    const bytes = new ByteBuffer()
    const ends: number[] = []
    let next = 0
    const one = this.#program.shape !== 'list'
    const rows = new ByteBuffer()
    for (let parent = 0; parent < keys.length; parent++) {
      rows.clear()
      let count = 0
      for (; ordinals[next] === parent; next++) {
        if (one && count > 0) continue
        this.#around.beginRow(rows, count++)
        rows.copy(children.bytes, children.ends[next - 1] ?? 0, children.ends[next] ?? 0)
        this.#around.endRow(rows)
      }
      this.#around.write(rows, count, bytes)
      ends.push(bytes.length)
    }
    rows.free()
    children.bytes.free()
    return { bytes, ends }
  }

  /** The children of all parents in the parents' order, their own relations written. */
  async #children(run: Run<R>, keys: readonly Key[]): Promise<{ ordinals: readonly number[]; children: Pieces }> {
    const parents: ParentRow[] = []
    for (const [ordinal, key] of keys.entries()) if (key !== null) parents.push([ordinal, ...key])
    const ordinals: number[] = []
    const pending = new Pending(this.#level)
    for (let from = 0; from < parents.length; from += windowSize)
      await this.#read(run, parents.slice(from, from + windowSize), ordinals, pending)
    if (this.#level.relations.length === 0)
      return { ordinals, children: { bytes: pending.members, ends: pending.ends } }
    const pieces = await this.#level.relate(run, pending)
    const bytes = new ByteBuffer()
    const ends = ordinals.map((_, i) => {
      this.#level.write(pending, pieces, i, bytes)
      return bytes.length
    })
    pending.free()
    freePieces(pieces)
    return { ordinals, children: { bytes, ends } }
  }

  /** Adds the children of these parents. They are counted for each parent only where some may have more than they may show. */
  async #read(run: Run<R>, parents: readonly ParentRow[], ordinals: number[], pending: Pending<R>): Promise<void> {
    const { rows, few } = this.#program
    const before = ordinals.length
    const add = (statement: Statement): Promise<void> =>
      eachRow(run.source.open(statement, run.binds, parents, null), run.signal, (row) => {
        ordinals.push(Number(this.#level.wire.bind(row, 0)))
        pending.add(row)
      })
    const most = few === null ? 0 : Number(run.binds[few.most])
    if (few !== null && parents.length * this.#mean < most) {
      await add(few.rows)
      if (ordinals.length - before < most) return this.#found(ordinals.length - before, parents.length)
      ordinals.length = before
      pending.keep(before)
    }
    await add(rows)
    this.#found(ordinals.length - before, parents.length)
  }

  #found(children: number, parents: number): void {
    this.#mean = children / parents
  }
}

/** Reads a cursor to its end and closes it, whatever happens. */
export async function eachRow<R>(cursor: RowCursor<R>, signal: AbortSignal, take: (row: R) => void): Promise<void> {
  try {
    let lot = 0
    const some = (row: R): boolean => {
      take(row)
      return ++lot % windowSize !== 0
    }
    for (let more = true; more; ) {
      signal.throwIfAborted()
      const pulled = cursor.pull(some)
      more = typeof pulled === 'boolean' ? pulled : await pulled
    }
  } finally {
    await cursor.close()
  }
}

/** What stands around a relation's rows. */
interface Around {
  beginRow(rows: ByteBuffer, n: number): void
  endRow(rows: ByteBuffer): void
  /** Puts a parent's rows where they belong. */
  write(rows: ByteBuffer, count: number, out: ByteBuffer): void
}

function jsonAround({ name, shape }: RelatedProgram): Around {
  const key = Buffer.from(`${JSON.stringify(name)}:`)
  return {
    beginRow: (rows, n) => rows.ascii(n === 0 ? '{' : ',{'),
    endRow: (rows) => rows.byte(125),
    write: (rows, count, out) => {
      out.bytes(key)
      if (shape === 'list') out.byte(91)
      if (count > 0) out.copy(rows, 0, rows.length)
      else if (shape !== 'list') out.ascii(shape === 'object-or-null' ? 'null' : '[]')
      if (shape === 'list') out.byte(93)
    },
  }
}

function csvAround(program: RelatedProgram): Around {
  const json = jsonAround(program)
  return {
    ...json,
    write: (rows, count, out) => {
      const text = rows.text()
      if (program.shape === 'list') out.utf8(csvQuote(`[${text}]`))
      else if (count > 0) out.utf8(csvQuote(text))
      else if (program.shape === 'object-or-list') out.ascii('[]')
    },
  }
}

function xmlAround({ name, shape }: RelatedProgram, depth: number): Around {
  const tabs = '\t'.repeat(depth)
  const tag = xmlName(name)
  const [open, close, empty] = [`${tabs}<${tag}>\n`, `${tabs}</${tag}>\n`, `${tabs}<${tag}></${tag}>\n`]
  return {
    beginRow: (rows) => rows.utf8(open),
    endRow: (rows) => rows.utf8(close),
    write: (rows, count, out) => {
      if (count > 0) out.copy(rows, 0, rows.length)
      else if (shape === 'object-or-null') out.utf8(empty)
    },
  }
}
