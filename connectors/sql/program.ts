/**
 * Runs a ReadProgram: the whole body in the output's format, in chunks of about 128 KiB, as fast as the sink takes them. Encoders are
 * made once a program and format. Runs in whichever thread has the connection.
 */
import { type Bind, type ByteSink, encodeValue, escapeText, type Json, NotFound, type Output } from 'dataferry/sdk'
import { type Frame, frameFor, type Meta } from './body.ts'
import { ByteBuffer } from './buffer.ts'
import { eachRow, freePieces, Level, Pending, type Run, windowSize } from './relations.ts'
import type { ReadProgram, Statement } from './types.ts'
import type { RowForm, RowSourceOf, WireKind } from './wire.ts'

const chunkSize = 131_072
/** The first chunk may be larger: what is whole in it goes out in one piece, with its length. */
const firstChunk = 262_144
/** The first window of parents; it grows as long as their children stay small. */
const firstWindow = 250
/** Children of one window beyond this make the next one smaller. Bytes. */
const windowBytes = 4 * 1024 * 1024

/** A program that can be run, any number of times and at the same time. */
export class ReadRunner<R> {
  readonly #program: ReadProgram
  readonly #wire: WireKind<R>
  readonly #levels = new Map<string, Level<R>>()

  constructor(program: ReadProgram, wire: WireKind<R>) {
    this.#program = program
    this.#wire = wire
  }

  /**
   * Writes the body. Throws before the first write what can be known before it: NotFound (data-plane 3.5) where there is no record,
   * and the database's own errors as the driver throws them.
   */
  async run(
    source: RowSourceOf<R>,
    binds: readonly Bind[],
    output: Output,
    sink: ByteSink,
    signal: AbortSignal,
  ): Promise<void> {
    const { rows, result } = this.#program
    const run: Run<R> = { source, binds, signal }
    if (rows === null) {
      const counted = encodeValue(output, jsonInteger(await this.#count(run)))
      await sink.write(counted)
      return
    }
    const target = output.format === 'text' ? textSink(sink) : sink
    if (result.kind === 'record') await this.#record(run, rows, output, target, result.missing)
    else await this.#list(run, rows, output, target)
  }

  async #record(run: Run<R>, rows: Statement, output: Output, sink: ByteSink, missing: number): Promise<void> {
    const frame = frameFor(this.#program, output, false)
    const level = this.#level(rows, frame.form)
    const out = new ByteBuffer()
    frame.begin(out)
    frame.beginRow(out, 0)
    let found = false
    const pending = level.relations.length > 0 ? new Pending(level) : null
    const cursor = run.source.open(rows, run.binds, null, 1)
    try {
      const pulled = cursor.pull((row) => {
        found = true
        if (pending === null) level.encode(row, out)
        else pending.add(row)
        return false
      })
      if (typeof pulled !== 'boolean') await pulled
    } finally {
      const closed = cursor.close()
      if (closed !== undefined) await closed
    }
    if (!found) throw new NotFound(String(run.binds[missing] ?? 'Record not found.'))
    if (pending !== null) level.write(pending, await level.relate(run, pending), 0, out)
    frame.endRow(out)
    frame.end(out, 1, { count: null, next: null, schema: null })
    const wait = out.give(sink)
    if (wait !== undefined) await wait
  }

  async #list(run: Run<R>, rows: Statement, output: Output, sink: ByteSink): Promise<void> {
    const { result, count } = this.#program
    const schema = result.kind === 'list' && result.schema !== null ? String(run.binds[result.schema]) : null
    // Whether a bare list is wrapped depends on its meta, which must be known before the first byte then.
    const early = output.wrapper === null && count !== null && schema === null ? await this.#count(run) : null
    const known = early === null ? null : this.#meta(run, early, schema)
    const wrapped =
      result.kind !== 'rows' && (output.wrapper !== null || schema !== null || (known !== null && known.count !== null))
    const frame = frameFor(this.#program, output, wrapped)
    const out = new ByteBuffer()
    try {
      frame.begin(out)
      const written = await this.#rows(run, rows, frame, out, sink)
      // The rows of a list are its count where the list ended before its limit.
      const meta =
        known ??
        this.#meta(run, count === null ? null : (this.#derived(run, written) ?? (await this.#count(run))), schema)
      frame.end(out, written, meta)
      await out.give(sink)
    } finally {
      out.free()
    }
  }

  /** Writes all rows; how many there were. */
  async #rows(run: Run<R>, rows: Statement, frame: Frame, out: ByteBuffer, sink: ByteSink): Promise<number> {
    const level = this.#level(rows, frame.form)
    if (level.relations.length > 0) return this.#windows(run, rows, level, frame, out, sink)
    let n = 0
    let full = firstChunk
    let slow: Promise<void> | null = null
    let refused: { readonly thrown: unknown } | null = null
    // As long as the sink takes chunks at once, rows go on coming.
    const take = (row: R): boolean => {
      frame.beginRow(out, n++)
      level.encode(row, out)
      frame.endRow(out)
      if (out.length < full) return true
      full = chunkSize
      try {
        slow = out.give(sink) ?? null
      } catch (thrown) {
        refused = { thrown }
      }
      return slow === null && refused === null && !run.signal.aborted
    }
    const cursor = run.source.open(rows, run.binds, null, this.#most(run.binds))
    try {
      for (let more = true; more; ) {
        run.signal.throwIfAborted()
        const pulled = cursor.pull(take)
        more = typeof pulled === 'boolean' ? pulled : await pulled
        if (refused !== null) throw (refused as { readonly thrown: unknown }).thrown
        if (slow !== null) await slow
        slow = null
      }
    } finally {
      await cursor.close()
    }
    return n
  }

  async #windows(
    run: Run<R>,
    rows: Statement,
    level: Level<R>,
    frame: Frame,
    out: ByteBuffer,
    sink: ByteSink,
  ): Promise<number> {
    let n = 0
    let size = firstWindow
    const pending = new Pending(level)
    const finish = async (): Promise<void> => {
      const pieces = await level.relate(run, pending)
      for (let i = 0; i < pending.ends.length; i++) {
        frame.beginRow(out, n++)
        level.write(pending, pieces, i, out)
        frame.endRow(out)
        if (out.length >= chunkSize) await out.give(sink)
      }
      const bytes = pieces.reduce((sum, piece) => sum + piece.bytes.length, 0)
      freePieces(pieces)
      size =
        bytes > windowBytes
          ? Math.max(1, Math.floor((pending.ends.length * windowBytes) / bytes))
          : Math.min(windowSize, size * 2)
      pending.clear()
    }
    const cursor = run.source.open(rows, run.binds, null, this.#most(run.binds))
    try {
      for (let more = true; more; ) {
        run.signal.throwIfAborted()
        const pulled = cursor.pull((row) => {
          pending.add(row)
          return pending.ends.length < size
        })
        more = typeof pulled === 'boolean' ? pulled : await pulled
        if (pending.ends.length > 0 && (pending.ends.length >= size || !more)) await finish()
      }
    } finally {
      pending.free()
      await cursor.close()
    }
    return n
  }

  async #count(run: Run<R>): Promise<bigint> {
    let count = 0n
    const { count: statement } = this.#program
    if (statement === null) return count
    await eachRow(run.source.open(statement, run.binds, null, 1), run.signal, (row) => {
      count = BigInt(String(this.#wire.bind(row, 0)))
    })
    return count
  }

  /** The count where the rows tell it: they came to an end, and are not groups. */
  #derived({ binds }: Run<R>, rows: number): bigint | null {
    const { grouped } = this.#program
    const { limit, offset } = this.#window(binds)
    if (grouped || (limit !== null && BigInt(rows) >= limit) || (rows === 0 && offset > 0n)) return null
    return offset + BigInt(rows)
  }

  /** data-plane 3.4. */
  #meta({ binds }: Run<R>, count: bigint | null, schema: string | null): Meta {
    if (count === null) return { count: null, next: null, schema }
    const { result } = this.#program
    const { limit, offset } = this.#window(binds)
    const over = result.kind === 'list' && result.count === 'over'
    if (over && (limit === null || count <= limit)) return { count: null, next: null, schema }
    const next = limit !== null && count - offset > limit ? offset + limit : null
    return { count, next, schema }
  }

  /** The most rows that can come, where the request says it. */
  #most(binds: readonly Bind[]): number | null {
    const { limit } = this.#program
    return limit === null ? null : Number(binds[limit] ?? 0)
  }

  #window(binds: readonly Bind[]): { limit: bigint | null; offset: bigint } {
    const { limit, offset } = this.#program
    const slot = (at: number): bigint => BigInt(String(binds[at] ?? 0))
    return { limit: limit === null ? null : slot(limit), offset: offset === null ? 0n : slot(offset) }
  }

  #level(statement: Statement, form: RowForm): Level<R> {
    const name = form.kind === 'xml' ? `xml${form.depth}` : form.kind
    let level = this.#levels.get(name)
    if (level === undefined) {
      level = new Level(this.#wire, statement, this.#program.related, form)
      this.#levels.set(name, level)
    }
    return level
  }
}

const jsonInteger = (count: bigint): Json => (Number.isSafeInteger(Number(count)) ? Number(count) : count)

/** JSON on its way to `text/plain`; chunks end between rows, so no character is torn. */
const textSink = (sink: ByteSink): ByteSink => ({
  write(chunk, done) {
    const text = escapeText(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString('utf8'))
    done?.()
    return sink.write(Buffer.from(text, 'utf8'))
  },
})
