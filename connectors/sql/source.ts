/** A program with its binds as a RowSource: bytes for the socket, or the same body as a value, by the same encoders. */

import type { Row } from 'dataferry/records'
import type { Bind } from 'dataferry/sdk'
import {
  type Budget,
  type ByteSink,
  InternalError,
  type Json,
  type Output,
  parseJson,
  type RowSource,
} from 'dataferry/sdk'
import type { ProgramRunner, ReadProgram } from './types.ts'
import { rowsAtMost } from './weight.ts'

/** Lists up to here are a page (records and children together). */
const pageRows = 1_000

/** `wrapperName`: the key of lists in values. */
export function programSource(
  runner: Pick<ProgramRunner, 'run'>,
  program: ReadProgram,
  binds: readonly Bind[],
  wrapperName: string,
): RowSource {
  return {
    weight: weightOf(program, binds),
    encode: (output, sink, signal) => runner.run(program, binds, output, sink, signal),
    value: (budget, signal) =>
      bodyValue((output, sink) => runner.run(program, binds, output, sink, signal), wrapperName, budget),
  }
}

function weightOf(program: ReadProgram, binds: readonly Bind[]): RowSource['weight'] {
  const { rows, count, related } = program
  if (rows?.point === true && related.length === 0 && count === null) return 'point'
  return rowsAtMost(program, binds) <= pageRows ? 'page' : 'bulk'
}

const jsonOutput = (wrapperName: string): Output => ({
  format: 'json',
  type: 'application/json',
  wrapper: wrapperName,
  wrapperName,
  xmlRoot: '',
  fileName: null,
})

/** The value of the JSON body that `run` writes. Throws InternalError where it is larger than the budget. */
export async function bodyValue(
  run: (output: Output, sink: ByteSink) => Promise<void>,
  wrapperName = 'resource',
  budget: Budget | null = null,
): Promise<Json> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  await run(jsonOutput(wrapperName), {
    write(chunk) {
      bytes += chunk.length
      if (budget !== null && bytes > budget.bytes) throw tooLarge()
      chunks.push(chunk)
    },
  })
  const [only] = chunks
  const whole = chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks)
  const value = parseJson(Buffer.from(whole.buffer, whole.byteOffset, whole.byteLength).toString('utf8'))
  if (budget !== null && rowsIn(value, wrapperName) > budget.rows) throw tooLarge()
  return value
}

/** The rows of a program whose result is `rows`. */
export async function collectRows(run: (output: Output, sink: ByteSink) => Promise<void>): Promise<readonly Row[]> {
  const value = await bodyValue(run)
  if (!Array.isArray(value)) throw new TypeError('A program of rows answered no list.')
  return value as readonly Row[]
}

function rowsIn(value: Json, wrapperName: string): number {
  if (Array.isArray(value)) return value.length
  const list =
    value !== null && typeof value === 'object' ? (value as { readonly [key: string]: Json })[wrapperName] : null
  return Array.isArray(list) ? list.length : 1
}

const tooLarge = (): InternalError =>
  new InternalError('The result is too large to be handled as a whole. Ask for fewer records or fields.')
