/**
 * SQLite's faults in words that a client may see (data-plane 2.11): plain, naming the field where it is known, never holding a
 * statement, a path or a value.
 */

import { StructureChanged } from 'dataferry/records'
import { ApiError, BadRequest, PayloadTooLarge, ServiceUnavailable } from 'dataferry/sdk'

/** What node:sqlite throws: `errcode` is SQLite's extended result code. */
interface SqliteFault extends Error {
  readonly code: 'ERR_SQLITE_ERROR'
  readonly errcode: number
}

const isFault = (thrown: unknown): thrown is SqliteFault =>
  thrown instanceof Error && 'code' in thrown && thrown.code === 'ERR_SQLITE_ERROR' && 'errcode' in thrown

/** The folder of the file could not be made. */
const isFileFault = (thrown: unknown): boolean => thrown instanceof Error && 'syscall' in thrown

/** Primary result codes, the low byte of the extended ones. */
const primary = {
  error: 1,
  busy: 5,
  locked: 6,
  outOfMemory: 7,
  readOnly: 8,
  interrupt: 9,
  input: 10,
  corrupt: 11,
  full: 13,
  cantOpen: 14,
  schema: 17,
  tooBig: 18,
  constraint: 19,
  mismatch: 20,
  noAccess: 23,
  range: 25,
  notADatabase: 26,
} as const

const constraint = {
  check: 275,
  foreignKey: 787,
  notNull: 1299,
  primaryKey: 1555,
  trigger: 1811,
  unique: 2067,
  rowid: 2579,
  dataType: 3091,
} as const

/** A lock that another process holds. */
export const isBusy = (thrown: unknown): boolean =>
  isFault(thrown) && ((thrown.errcode & 0xff) === primary.busy || (thrown.errcode & 0xff) === primary.locked)

/** The statement names something that the database does not have (any more). */
export const isStale = (thrown: unknown): boolean =>
  isFault(thrown) &&
  ((thrown.errcode & 0xff) === primary.schema ||
    ((thrown.errcode & 0xff) === primary.error &&
      /^no such (?:table|column|view)\b|^no such index|has no column named/.test(thrown.message)))

/** Thrown inside a statement that was stopped by `alive()`. */
export class Stopped extends Error {}

const stoppedMessage = 'The request took too long in the database and was stopped.'

/** A fault of SQLite as an ApiError; what is none, or is our own mistake, comes back as it is and is told to nobody. */
export function sqliteError(thrown: unknown): ApiError | Error {
  if (thrown instanceof ApiError) return thrown
  if (thrown instanceof Stopped) return new ServiceUnavailable(stoppedMessage, { cause: thrown })
  if (isFileFault(thrown)) return new ServiceUnavailable('The database can not be opened.', { cause: thrown })
  if (!isFault(thrown))
    return thrown instanceof Error ? thrown : new Error('Something that is no error was thrown.', { cause: thrown })
  const cause = { cause: thrown }
  switch (thrown.errcode & 0xff) {
    case primary.constraint:
      return new BadRequest(constraintMessage(thrown), cause)
    case primary.mismatch:
      return new BadRequest('The identifier must be a valid integer.', cause)
    case primary.tooBig:
      return new PayloadTooLarge('A value is too large for the database.', cause)
    case primary.readOnly:
      return new BadRequest('The database is read only.', cause)
    case primary.noAccess:
      return new BadRequest('The database does not allow this.', cause)
    case primary.busy:
    case primary.locked:
      return new ServiceUnavailable('The database is busy. Try again.', { ...cause, headers: { 'Retry-After': '1' } })
    case primary.corrupt:
    case primary.notADatabase:
      return new ServiceUnavailable('The file is no SQLite database, or it is damaged.', cause)
    case primary.cantOpen:
      return new ServiceUnavailable('The database can not be opened.', cause)
    case primary.full:
      return new ServiceUnavailable('There is no room left for the database.', cause)
    case primary.input:
      return new ServiceUnavailable('The database can not be read or written at the moment.', cause)
    case primary.outOfMemory:
      return new ServiceUnavailable('The database has run out of memory.', cause)
    case primary.interrupt:
      return new ServiceUnavailable(stoppedMessage, cause)
    case primary.schema:
      return new StructureChanged(thrown)
    case primary.range:
    case primary.error:
      return logicError(thrown)
    default:
      return thrown
  }
}

function constraintMessage(fault: SqliteFault): string {
  const detail = fault.message.replace(/^[^:]*: ?/s, '')
  switch (fault.errcode) {
    case constraint.unique:
    case constraint.primaryKey:
    case constraint.rowid: {
      const fields = /^(?:index |)'/.test(detail) || !fault.message.includes(':') ? [] : detail.split(', ').map(column)
      if (fields.length === 0) return 'Duplicate value: another record has it already.'
      return fields.length === 1
        ? `Duplicate value for field '${fields[0]}'.`
        : `Duplicate value for the fields ${fields.map((field) => `'${field}'`).join(', ')} together.`
    }
    case constraint.notNull:
      return `Field '${column(detail)}' can not be NULL.`
    case constraint.foreignKey:
      return 'A record that this one refers to does not exist, or other records still refer to this one.'
    case constraint.check:
      return /^[A-Za-z_]\w*$/.test(detail)
        ? `The record fails the check '${detail}' of the database.`
        : 'The record fails a check of the database.'
    case constraint.dataType: {
      const [, type = '', field = ''] = / value in (\w+) column (.*)$/s.exec(fault.message) ?? []
      return field === ''
        ? 'A value is not of the type of its field.'
        : `Field '${column(field)}' must be a valid ${typeWord(type)}.`
    }
    case constraint.trigger:
      return fault.message
    default:
      return 'The record breaks a rule of the database.'
  }
}

/** The column of `table.column`. */
const column = (qualified: string): string => qualified.slice(qualified.lastIndexOf('.') + 1)

function typeWord(type: string): string {
  switch (type) {
    case 'INT':
    case 'INTEGER':
      return 'integer'
    case 'REAL':
      return 'number'
    case 'BLOB':
      return 'binary value'
    default:
      return 'text'
  }
}

/** SQLite's "SQL logic error": the message alone tells what it is about. */
function logicError(fault: SqliteFault): ApiError | Error {
  const { message } = fault
  const cause = { cause: fault }
  if (/^cannot modify .* because it is a view$/s.test(message))
    return new BadRequest('A view can not be written.', cause)
  const generated = /^cannot (?:INSERT into|UPDATE) generated column "(.*)"$/s.exec(message)
  if (generated)
    return new BadRequest(`Field '${generated[1]}' is computed by the database and can not be written.`, cause)
  if (/^table .* may not be modified$/s.test(message)) return new BadRequest('This table can not be written.', cause)
  if (message === 'integer overflow') return new BadRequest('A number is too large for the database.', cause)
  if (/pattern too complex/.test(message)) return new BadRequest('A pattern of the filter is too long.', cause)
  if (/too large \(maximum depth|stack overflow/.test(message))
    return new BadRequest('The filter is nested too deeply.', cause)
  if (/too many (?:SQL variables|terms|columns)/.test(message))
    return new BadRequest('The request names too many values or fields.', cause)
  if (/^Cannot add a NOT NULL column with default value NULL$/i.test(message)) {
    return new BadRequest('A field that can not be NULL needs a default when the table has records.', cause)
  }
  if (isStale(fault)) return new StructureChanged(fault)
  return fault
}
