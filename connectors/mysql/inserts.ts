/**
 * Many rows in one insert. Keys that the server generates for one statement follow each other, because it knows from the start how many
 * rows there are; only the first is told.
 */
import type { Bind, Json } from 'dataferry/sdk'
import { type Wire, wireOf } from './binds.ts'
import type { InsertAnswer, MysqlWriteProgram } from './names.ts'
import type { ServerFacts } from './server.ts'

/** A few rows go one by one: when one fails, the others' keys have no gap. */
const few = 4
/** Rows of a statement at most, a power of two. */
const manyRows = 512
/** The protocol's own limit. */
const manyParameters = 65_535

type Executions = readonly (readonly Bind[])[]

export interface Lot {
  readonly executions: Executions
  /** They can go in one statement. */
  readonly together: boolean
}

/**
 * The executions in order, in lots that can go in one statement: of a few sizes only, so that few statements are prepared, and shorter
 * than what the server takes at once.
 */
export function* lots(program: MysqlWriteProgram, executions: Executions, { maxPacket }: ServerFacts): Generator<Lot> {
  const { insert, statement } = program
  if (
    insert === null ||
    !insert.many ||
    executions.length < few ||
    executions.some((binds) => generatesSome(insert.answers, binds))
  ) {
    yield { executions, together: false }
    return
  }
  const width = Math.max(1, statement.parameters.length)
  const most = Math.min(manyRows, 2 ** Math.floor(Math.log2(manyParameters / width)))
  const bytes = Math.floor(maxPacket / 2)
  for (let from = 0; from < executions.length; ) {
    let size = Math.min(most, 2 ** Math.floor(Math.log2(executions.length - from)))
    while (size > 1 && weight(executions, from, size) + insert.tuple.length * size > bytes) size /= 2
    yield { executions: executions.slice(from, from + size), together: size > 1 }
    from += size
  }
}

/** A key column is given, but not for this row: which generated key is whose would not be known. */
const generatesSome = (answers: readonly InsertAnswer[], binds: readonly Bind[]): boolean =>
  answers.some((answer) => answer.kind === 'given' && answer.generates && isGenerated(binds[answer.slot]))

const isGenerated = (bind: Bind | undefined): boolean =>
  bind === null || bind === undefined || bind === 0 || bind === 0n || bind === '0'

/** About how many bytes the values are. */
function weight(executions: Executions, from: number, size: number): number {
  let bytes = 0
  for (let i = from; i < from + size; i++) {
    for (const bind of executions[i] ?? []) {
      bytes += typeof bind === 'string' ? bind.length * 3 + 9 : bind instanceof Uint8Array ? bind.length + 9 : 12
    }
  }
  return bytes
}

/** One statement for all of them. */
export function together(
  { insert, statement }: MysqlWriteProgram,
  executions: Executions,
): { text: string; values: readonly Wire[] } {
  if (insert === null) throw new TypeError('Only inserts can be put together.')
  const slots = statement.parameters.map((parameter) => {
    if (parameter.kind !== 'slot') throw new TypeError('An insert takes single values.')
    return parameter.slot
  })
  const values: Wire[] = []
  for (const binds of executions) for (const slot of slots) values.push(wireOf(binds[slot] ?? null))
  return { text: insert.head + Array(executions.length).fill(insert.tuple).join(', '), values }
}

/** What an inserted row answers: keys that were generated, values that were given, null for what is not known. */
export function insertedRow(
  answers: readonly InsertAnswer[],
  binds: readonly Bind[],
  generated: bigint | null,
): Json[] {
  return answers.map((answer) => {
    if (answer.kind === 'unknown') return null
    const given = answer.kind === 'given' ? (binds[answer.slot] ?? null) : null
    if (answer.kind === 'generated' || (answer.generates && isGenerated(given)))
      return generated === null ? null : jsonInteger(generated)
    if (given instanceof Uint8Array) return Buffer.from(given).toString('base64')
    return Array.isArray(given) ? given.join(',') : (given as Json)
  })
}

const jsonInteger = (value: bigint): Json => (Number.isSafeInteger(Number(value)) ? Number(value) : value)
