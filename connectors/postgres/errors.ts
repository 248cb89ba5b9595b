/**
 * The server's errors in words that a client may see (data-plane 2.11): plain, naming the field where it is known, never holding a
 * statement, a host, a user or a value.
 */

import { StructureChanged, WriteConflict } from 'dataferry/records'
import { ApiError, BadRequest, Forbidden, PayloadTooLarge, ServiceUnavailable } from 'dataferry/sdk'
import { Closed, ConnectFailed, ConnectionLost, PoolExhausted, PreparationFailed, ServerFault } from './wire/fault.ts'

const retry = { 'Retry-After': '1' }

/** The statement names something that the database does not have (any more). */
export function isStale(thrown: unknown): boolean {
  const fault = faultOf(thrown)
  return fault !== null && (/^(?:42P01|42703|42704|3F000)$/.test(fault.code) || isOutdated(fault))
}

/** The server's preparation of a statement no longer fits, or is gone: prepared anew, the statement can be run. */
export function isOutdated(thrown: unknown): boolean {
  const fault = faultOf(thrown)
  if (fault === null) return false
  const { code, message } = fault
  if (code === '0A000') return /cached plan must not change result type/.test(message)
  return code === '26000' || (code === 'XX000' && /^cache lookup failed for/.test(message))
}

/** What the server said, also behind the words made of it. */
function faultOf(thrown: unknown): ServerFault | null {
  if (thrown instanceof ServerFault) return thrown
  return thrown instanceof ApiError && thrown.cause instanceof ServerFault ? thrown.cause : null
}

/** An error of this connector as an ApiError; what is our own mistake comes back as it is and is told to nobody. */
export function postgresError(thrown: unknown): ApiError | Error {
  if (thrown instanceof ApiError) return thrown
  const cause = { cause: thrown }
  if (thrown instanceof ServerFault) return serverError(thrown)
  if (thrown instanceof ConnectionLost) {
    return thrown.cause instanceof ServerFault && thrown.cause.code.startsWith('57')
      ? serverError(thrown.cause)
      : new ServiceUnavailable('The connection to the database was lost. Try again.', { ...cause, headers: retry })
  }
  if (thrown instanceof ConnectFailed) return connectError(thrown)
  if (thrown instanceof PreparationFailed) {
    return new ServiceUnavailable(
      'A setting or statement that this service gives each connection is refused by the database.',
      cause,
    )
  }
  if (thrown instanceof PoolExhausted) {
    return new ServiceUnavailable('All connections to the database are in use. Try again.', {
      ...cause,
      headers: retry,
    })
  }
  if (thrown instanceof Closed) return new ServiceUnavailable('The service is being closed. Try again.', cause)
  return thrown instanceof Error ? thrown : new Error('Something that is no error was thrown.', cause)
}

function connectError(thrown: ConnectFailed): ApiError {
  const cause = { cause: thrown, headers: retry }
  const message = thrown.cause instanceof Error ? thrown.cause.message : ''
  if (/SSL|TLS|certificate|self.signed|altnames/i.test(message)) {
    return new ServiceUnavailable('A secure connection to the database can not be made.', cause)
  }
  if (/SASL|password/i.test(message))
    return new ServiceUnavailable('The database refuses the login of this service.', cause)
  return new ServiceUnavailable('The database can not be reached.', cause)
}

const unavailable = (message: string, cause: ServerFault): ServiceUnavailable =>
  new ServiceUnavailable(message, { cause, headers: retry })

function serverError(fault: ServerFault): ApiError | Error {
  const { code } = fault
  const exact = exactly(fault)
  if (exact !== null) return exact
  switch (code.slice(0, 2)) {
    case '08':
      return unavailable('The connection to the database was lost. Try again.', fault)
    case '22':
      return new BadRequest(
        field(fault, 'has a value that the database can not take', 'A value is none that the database can take.'),
        { cause: fault },
      )
    case '23':
      return new BadRequest('The record breaks a rule of the database.', { cause: fault })
    case '28':
      return unavailable('The database refuses the login of this service.', fault)
    case '40':
      return new WriteConflict('The record was changed by somebody else at the same time. Try again.', fault)
    case '53':
      return unavailable('The database is out of resources. Try again later.', fault)
    case '54':
      return new BadRequest('The request is too complex for the database.', { cause: fault })
    case '55':
      return unavailable('The record is in use by somebody else. Try again.', fault)
    case '57':
      return unavailable('The database is not available at the moment. Try again.', fault)
    case '58':
      return unavailable('The database can not be read or written at the moment.', fault)
    case '44':
      return new BadRequest('The record is none that this view shows.', { cause: fault })
    case 'P0':
      return raised(fault)
    default:
      return isOutdated(fault) ? new StructureChanged(fault) : fault
  }
}

/** Codes that say more than their class. null: none of them. */
function exactly(fault: ServerFault): ApiError | null {
  const cause = { cause: fault }
  switch (fault.code) {
    case '22001':
      return new BadRequest(field(fault, 'is too long', 'A value is too long for its field.'), cause)
    case '22003':
      return new BadRequest(field(fault, 'is out of range', 'A number is out of the range of its field.'), cause)
    case '22007':
      return new BadRequest(field(fault, 'must be a valid date or time', 'A value is no valid date or time.'), cause)
    case '22008':
      return new BadRequest(field(fault, 'is no date or time that exists', 'A date or time does not exist.'), cause)
    case '22012':
      return new BadRequest('A division by zero.', cause)
    case '22021':
      return new BadRequest('A text can not hold a zero character here.', cause)
    case '22025':
      return new BadRequest('A pattern of the filter ends in its escape character.', cause)
    case '22P02':
    case '22P03':
    case '22023':
    case '22030':
    case '22032':
      return new BadRequest(invalid(fault), cause)
    case '22P05':
      return new BadRequest('A text has a character that the database can not store.', cause)
    case '23502':
      return new BadRequest(
        fault.column === null ? 'A field can not be NULL.' : `Field '${fault.column}' can not be NULL.`,
        cause,
      )
    case '23503':
      return new BadRequest(foreignKey(fault), cause)
    case '23505':
      return new BadRequest(duplicate(fault), cause)
    case '23514':
      return new BadRequest(
        fault.constraint === null
          ? 'The record fails a check of the database.'
          : `The record fails the check '${fault.constraint}' of the database.`,
        cause,
      )
    case '23P01':
      return new BadRequest('The record conflicts with another one.', cause)
    case '25006':
      return new BadRequest('The database is read only.', cause)
    case '25P02':
      return unavailable('The transaction was ended by an error before. Try again.', fault)
    case '26000':
    case '42P01':
    case '42703':
    case '3F000':
      return new StructureChanged(fault)
    case '0A000':
      return isOutdated(fault)
        ? new StructureChanged(fault)
        : new BadRequest('The database does not support this.', cause)
    case '3D000':
      return unavailable('The database of this service does not exist.', fault)
    case '40P01':
      return new WriteConflict('The request waited for another one that waited for it. Try again.', fault)
    case '428C9':
      return new BadRequest(
        field(
          fault,
          'is computed by the database and can not be written',
          'A field is computed by the database and can not be written.',
        ),
        cause,
      )
    case '42501':
      return new Forbidden('The login of this service is not allowed to do this in the database.', cause)
    case '42803':
      return new BadRequest('A field that is neither grouped by nor aggregated has no single value.', cause)
    case '42804':
    case '42846':
    case '42883':
      return new BadRequest('A value or function does not fit the type of its field.', cause)
    case '42P10':
      return new BadRequest('The identifying fields are no unique key of the table.', cause)
    case '53300':
      return unavailable('The database has no connection left. Try again.', fault)
    case '54000':
    case '53400':
      return new PayloadTooLarge('A value is too large for the database.', cause)
    case '55000':
      return new BadRequest('This can not be written, or not in this way.', cause)
    case '57014':
      return unavailable('The request took too long in the database and was stopped.', fault)
    case '57P01':
    case '57P02':
      return unavailable('The connection to the database was lost. Try again.', fault)
    case '57P03':
      return unavailable('The database is starting or stopping. Try again.', fault)
    default:
      return null
  }
}

/** `Field 'x' ...` where the server names the column, the other sentence where it does not. */
const field = ({ column }: ServerFault, says: string, otherwise: string): string =>
  column === null ? otherwise : `Field '${column}' ${says}.`

const words: { readonly [type: string]: string } = {
  smallint: 'an integer',
  integer: 'an integer',
  bigint: 'an integer',
  numeric: 'a number',
  real: 'a number',
  'double precision': 'a number',
  boolean: 'a boolean',
  uuid: 'a UUID',
  json: 'JSON',
  jsonb: 'JSON',
  inet: 'a network address',
  cidr: 'a network address',
  macaddr: 'a hardware address',
  money: 'an amount of money',
  interval: 'an interval',
  xml: 'XML',
  bytea: 'binary data',
}

/** What a text should have been; the server names the type, not the field. */
function invalid(fault: ServerFault): string {
  const enumerated = /^invalid input value for enum ([^:]+):/.exec(fault.message)
  if (enumerated)
    return field(fault, 'must be one of its allowed values', 'A value is none of those that its field allows.')
  if (/malformed array literal/.test(fault.message)) return field(fault, 'must be a list', 'A value is no valid list.')
  if (/malformed range literal/.test(fault.message))
    return field(fault, 'must be a range', 'A value is no valid range.')
  const type = /^invalid input syntax for type ([^:]+)/.exec(fault.message)?.[1]?.trim()
  const word = type === undefined ? undefined : words[type]
  if (word === undefined)
    return field(fault, 'has a value of the wrong form', 'A value does not have the form of its field.')
  return field(fault, `must be ${word}`, `A value is not ${word}, as its field needs.`)
}

/** `Key (a, b)=(1, 2) already exists.`: the names of the columns, without the values. */
function keyColumns(detail: string | null): readonly string[] {
  const columns = /^Key \((.*?)\)=\(/s.exec(detail ?? '')?.[1]
  if (columns === undefined || /[()]/.test(columns)) return []
  return columns.split(', ').map((name) => (/^".*"$/.test(name) ? name.slice(1, -1).replaceAll('""', '"') : name))
}

function duplicate(fault: ServerFault): string {
  const columns = keyColumns(fault.detail)
  if (columns.length === 0) return 'Duplicate value: another record has it already.'
  return columns.length === 1
    ? `Duplicate value for field '${columns[0]}'.`
    : `Duplicate value for the fields ${columns.map((name) => `'${name}'`).join(', ')} together.`
}

function foreignKey(fault: ServerFault): string {
  if (/is still referenced from table/.test(fault.detail ?? '')) return 'Other records still refer to this one.'
  const columns = keyColumns(fault.detail)
  return columns.length === 1
    ? `Field '${columns[0]}' refers to a record that does not exist.`
    : 'The record refers to one that does not exist, or others still refer to it.'
}

/** An error that a function or trigger of the database raises: its text is meant for who called it. */
function raised(fault: ServerFault): ApiError {
  return new BadRequest(fault.code === 'P0001' ? fault.message : 'A routine of the database failed.', { cause: fault })
}
