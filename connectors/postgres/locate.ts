/**
 * Which field an error is about. The server names a column for few of its errors; for a value that it can't read it tells the number of the
 * parameter, and for one that is too long or too large only the type, which tells the field where one field alone can be meant.
 */
import { type Column, nameOf, type WritePlan } from 'dataferry/records'
import type { Bind } from 'dataferry/sdk'
import type { Statement, WriteProgram } from 'dataferry/sql'
import type { ServerFault } from './wire/fault.ts'

/** A field that a statement writes, and the slot of its value. [C] */
export interface WrittenField {
  readonly slot: number
  readonly column: string
  /** What clients call it. */
  readonly name: string
  readonly dbType: string
}

/** A program that knows which fields it writes. [C] */
export interface FieldProgram extends WriteProgram {
  readonly fields: readonly WrittenField[]
}

export const writtenFields = ({ set }: WritePlan): readonly WrittenField[] =>
  set.flatMap(({ column, expr }) => (expr.kind === 'value' ? [field(column, expr.value)] : []))

const field = (column: Column, slot: number): WrittenField => ({
  slot,
  column: column.name,
  name: nameOf(column),
  dbType: column.dbType,
})

/** The error with its field, where that can be told. */
export function located(fault: ServerFault, program: WriteProgram, binds: readonly Bind[]): ServerFault {
  if (!('fields' in program)) return fault
  const { fields, statement } = program as FieldProgram
  const found =
    fault.column === null
      ? (byParameter(fault, fields, statement) ?? byMeasure(fault, fields, binds))
      : fields.find(({ column }) => column === fault.column)
  return found === undefined ? fault : fault.about(found.name)
}

/** `unnamed portal parameter $2 = '...'`. */
function byParameter(
  { where }: ServerFault,
  fields: readonly WrittenField[],
  { parameters }: Statement,
): WrittenField | undefined {
  const number = /portal (?:"[^"]*" )?parameter \$(\d+)/.exec(where ?? '')?.[1]
  const parameter = number === undefined ? undefined : parameters[Number(number) - 1]
  return parameter?.kind === 'slot' ? fields.find(({ slot }) => slot === parameter.slot) : undefined
}

function byMeasure(
  fault: ServerFault,
  fields: readonly WrittenField[],
  binds: readonly Bind[],
): WrittenField | undefined {
  const candidates = fields.filter((each) => exceeds(fault, each, binds[each.slot]))
  return candidates.length === 1 ? candidates[0] : undefined
}

function exceeds({ code, message, detail }: ServerFault, { dbType }: WrittenField, bind: Bind | undefined): boolean {
  if (code === '22001') {
    const [, type, most] = /^value too long for type (.*\((\d+)\))$/.exec(message) ?? []
    return type === dbType && typeof bind === 'string' && [...bind].length > Number(most)
  }
  if (code === '22003' && message === 'numeric field overflow') {
    const [, precision, scale, power] = /precision (\d+), scale (-?\d+) .* 10\^(\d+)/.exec(detail ?? '') ?? []
    const rounding = 0.5 * 10 ** -Number(scale)
    return dbType === `numeric(${precision},${scale})` && Math.abs(Number(bind)) >= 10 ** Number(power) - rounding
  }
  return false
}
