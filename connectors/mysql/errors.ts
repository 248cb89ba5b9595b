/**
 * The server's errors in words that a client may see (data-plane 2.11): plain, naming the field where it is known, never holding a
 * statement, a host, a user or a value.
 */

import { StructureChanged, WriteConflict } from 'dataferry/records'
import { ApiError, BadRequest, Forbidden, PayloadTooLarge, ServiceUnavailable } from 'dataferry/sdk'
import { Closed, ConnectFailed, ConnectionLost, faultOf, PoolExhausted, ServerFault, Stopped } from './faults.ts'
import { type ErrorNames, noNames } from './names.ts'

const retry = { 'Retry-After': '1' }

/** The statement names something that the database does not have (any more). */
export const isStale = (thrown: unknown): boolean => thrown instanceof ServerFault && staleNumbers.has(thrown.number)

const staleNumbers: ReadonlySet<number> = new Set([1054, 1109, 1146, 1356, 1412, 1615])

/** An error of this connector as an ApiError; what is our own mistake comes back as it is and is told to nobody. */
export function mysqlError(thrown: unknown, names: ErrorNames = noNames): ApiError | Error {
  if (thrown instanceof ApiError) return thrown
  const cause = { cause: thrown }
  if (thrown instanceof ServerFault) return serverError(thrown, names)
  if (thrown instanceof ConnectionLost) {
    return new ServiceUnavailable('The connection to the database was lost. Try again.', { ...cause, headers: retry })
  }
  if (thrown instanceof Stopped) {
    return new ServiceUnavailable('The request took too long in the database and was stopped.', {
      ...cause,
      headers: retry,
    })
  }
  if (thrown instanceof ConnectFailed) return connectError(thrown)
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
  let root: unknown = thrown.cause
  while (root instanceof ConnectFailed) root = root.cause
  const fault = faultOf(root)
  if (fault instanceof ServerFault) {
    const message = connecting[fault.number]
    if (message !== undefined) return new ServiceUnavailable(message, { cause: thrown, headers: retry })
    return new ServiceUnavailable('The database refuses the connection as it is configured.', {
      cause: thrown,
      headers: retry,
    })
  }
  const message = root instanceof Error ? root.message : ''
  if (/SSL|TLS|secure connection|certificate|self.signed|altnames/i.test(message)) {
    return new ServiceUnavailable('A secure connection to the database can not be made.', {
      cause: thrown,
      headers: retry,
    })
  }
  return new ServiceUnavailable('The database can not be reached.', { cause: thrown, headers: retry })
}

const refused = 'The database refuses the login of this service.'

const connecting: { readonly [number: number]: string } = {
  1040: 'The database has no connection left. Try again.',
  1044: refused,
  1045: refused,
  1049: 'The database of this service does not exist.',
  1129: refused,
  1130: refused,
  1203: 'The database has no connection left. Try again.',
  1226: 'The database has no connection left. Try again.',
  1251: refused,
  1698: refused,
  1820: refused,
  1862: refused,
  3118: refused,
  4151: refused,
}

/** `field`: with the field that the server names; `else`: where it names none. */
interface Told {
  readonly status: 'bad' | 'unavailable' | 'forbidden' | 'large' | 'stale' | 'conflict'
  readonly field?: string
  readonly else: string
}

const bad = (otherwise: string, field?: string): Told => ({
  status: 'bad',
  else: otherwise,
  ...(field !== undefined && { field }),
})
const unavailable = (message: string): Told => ({ status: 'unavailable', else: message })

const notNull = bad('A field can not be NULL.', 'can not be NULL')
const tooLong = bad('A value is too long for its field.', 'is too long')
const range = bad('A number is out of the range of its field.', 'is out of range')
const form = bad('A value does not have the form of its field.', 'has a value that the database can not take')
const dates = bad('A value is no valid date or time.', 'must be a valid date or time')
const computed = bad(
  'A field is computed by the database and can not be written.',
  'is computed by the database and can not be written',
)
const view = bad('This view can not be written, or not in this way.')
const check = bad('The record fails a check of the database.')
const structure: Told = { status: 'stale', else: '' }
const tooSlow = unavailable('The request took too long in the database and was stopped.')
const inUse = unavailable('The record is in use by somebody else. Try again.')
const full = unavailable('There is no room left for the database.')
const large: Told = { status: 'large', else: 'A value is too large for the database.' }
const forbidden: Told = {
  status: 'forbidden',
  else: 'The login of this service is not allowed to do this in the database.',
}
const readOnly = bad('The database is read only.')
const unfit = bad('The reference can not be made: the fields do not fit, or the other table has no key of them.')
const referring = bad('Other records still refer to this one.')

/** By the server's number. */
const told: { readonly [number: number]: Told } = {
  1005: unfit,
  1021: full,
  1022: bad('Duplicate value: another record has it already.'),
  1037: unavailable('The database has run out of memory.'),
  1041: unavailable('The database has run out of memory.'),
  1044: forbidden,
  1045: forbidden,
  1048: notNull,
  1050: bad('A table of this name exists already.'),
  1051: structure,
  1054: structure,
  1055: bad('Fields that are neither grouped nor aggregated have no single value.'),
  1060: bad('The table has a field of this name already.'),
  1061: bad('The table has an index of this name already.'),
  1067: bad('The default is not valid for the type of its field.', 'has a default that is not valid for its type'),
  1072: bad('A key names a field that does not exist.'),
  1074: bad('A field is too long for its type.', 'is too long for its type'),
  1091: bad('There is no field or index of this name to be dropped.'),
  1101: bad('A field of this type can have no default.', 'can have no default'),
  1109: structure,
  1114: full,
  1118: large,
  1140: bad('Fields that are neither grouped nor aggregated have no single value.'),
  1142: forbidden,
  1143: forbidden,
  1146: structure,
  1153: large,
  1205: inUse,
  1206: inUse,
  1213: { status: 'conflict', else: 'The request waited for another one that waited for it. Try again.' },
  1215: bad('The reference can not be made: the fields do not fit, or the other table has no key of them.'),
  1216: bad('The record refers to one that does not exist.'),
  1217: referring,
  1227: forbidden,
  1230: bad('A setting has a value that the database can not take.'),
  1264: range,
  1265: form,
  1267: bad('Texts of different collations can not be compared.'),
  1270: bad('Texts of different collations can not be compared.'),
  1271: bad('Texts of different collations can not be compared.'),
  1288: view,
  1290: readOnly,
  1301: large,
  1317: tooSlow,
  1356: structure,
  1364: notNull,
  1365: bad('A division by zero.'),
  1369: bad('The record is none that this view shows.'),
  1370: forbidden,
  1390: bad('The request names too many values.'),
  1393: view,
  1394: view,
  1395: view,
  1406: tooLong,
  1411: dates,
  1412: structure,
  1416: form,
  1423: view,
  1436: bad('The filter is nested too deeply.'),
  1451: referring,
  1461: unavailable('The database has too many statements prepared. Try again.'),
  1471: view,
  1525: dates,
  1615: structure,
  1690: bad('A number is out of range.'),
  1701: referring,
  1792: readOnly,
  1836: readOnly,
  1906: computed,
  1916: range,
  1918: form,
  1969: tooSlow,
  3024: tooSlow,
  3105: computed,
  3140: bad('A value is not JSON, as its field needs.', 'must be JSON'),
  3141: bad('A value is not JSON, as its field needs.', 'must be JSON'),
  3572: inUse,
  3780: unfit,
  3988: bad('A text has a character that its field can not store.'),
  4078: form,
  4079: form,
}

function serverError(fault: ServerFault, names: ErrorNames): ApiError | Error {
  const exact = exactly(fault, names)
  if (exact !== null) return exact
  const known = told[fault.number]
  if (known === undefined) return fault
  const column = known.field === undefined ? null : columnOf(fault.message, names)
  const message = column === null ? known.else : `Field '${column}' ${known.field}.`
  const cause = { cause: fault }
  switch (known.status) {
    case 'bad':
      return new BadRequest(message, cause)
    case 'forbidden':
      return new Forbidden(message, cause)
    case 'large':
      return new PayloadTooLarge(message, cause)
    case 'conflict':
      return new WriteConflict(message, fault)
    case 'stale':
      return new StructureChanged(fault)
    case 'unavailable':
      return new ServiceUnavailable(message, { ...cause, headers: retry })
  }
}

/** Errors whose message must be looked into. null: none of them. */
function exactly(fault: ServerFault, names: ErrorNames): ApiError | null {
  const { number, message } = fault
  const cause = { cause: fault }
  const bad = (text: string): BadRequest => new BadRequest(text, cause)
  switch (number) {
    case 1062:
    case 1169:
    case 1586:
    case 1859:
      return bad(duplicate(message, names))
    case 1452: {
      const [, columns = ''] = /FOREIGN KEY \((.*?)\) REFERENCES/is.exec(message) ?? []
      const fields = [...columns.matchAll(/`((?:[^`]|``)*)`/g)].map(([, name = '']) =>
        field(name.replaceAll('``', '`'), names),
      )
      return bad(
        fields.length === 1
          ? `Field '${fields[0]}' refers to a record that does not exist.`
          : 'The record refers to one that does not exist.',
      )
    }
    case 3819:
    case 4025: {
      const [, name = ''] =
        /^(?:Check constraint '(.*)' is violated|CONSTRAINT `(.*?)` failed)/s
          .exec(message)
          ?.filter((part) => part !== undefined) ?? []
      const column = name.includes('.') ? name.slice(name.lastIndexOf('.') + 1) : null
      if (column !== null) return bad(`Field '${field(column, names)}' fails a check of the database.`)
      return bad(name === '' ? check.else : `The record fails the check '${name}' of the database.`)
    }
    case 1292:
      return bad(said(message, names, /^Incorrect (?:date|time|timestamp)/i.test(message) ? dates : form))
    case 1366:
      if (/string value/i.test(message)) {
        return bad(said(message, names, { ...form, field: 'has a character that the database can not store' }))
      }
      return bad(said(message, names, { ...form, field: 'must be a valid number' }))
    case 1644:
      // The text of a trigger or routine is meant for who called it.
      return bad(message)
    default:
      return fault.state === '45000' ? bad(message) : null
  }
}

function said(message: string, names: ErrorNames, told: Told): string {
  const column = columnOf(message, names)
  return column === null ? told.else : `Field '${column}' ${told.field}.`
}

const field = (column: string, { fields }: ErrorNames): string =>
  Object.hasOwn(fields, column) ? (fields[column] ?? column) : column

/**
 * `... column 'x' ...`, `Field 'x' ...`, `column \`db\`.\`table\`.\`x\``, `column 'table.x'`: the last of the name, and the last such words,
 * because a value of the client may stand before them.
 */
function columnOf(message: string, names: ErrorNames): string | null {
  const last = [...message.matchAll(/(?:column|field|for) (?:'([^']+)'|(?:`(?:[^`]|``)*`\.)*`((?:[^`]|``)*)`)/gi)].at(
    -1,
  )
  if (last === undefined) return null
  const [, plain, quoted] = last
  if (quoted !== undefined) return field(quoted.replaceAll('``', '`'), names)
  return plain === undefined ? null : field(plain.slice(plain.lastIndexOf('.') + 1), names)
}

/** `Duplicate entry 'x' for key 'table.key'`: the table in front is MySQL 8's. */
function duplicate(message: string, { unique }: ErrorNames): string {
  const at = message.lastIndexOf(" for key '")
  const key =
    at === -1
      ? ''
      : message
          .slice(at + 10)
          .replace(/'$/, '')
          .toLowerCase()
  const fields = unique[key] ?? unique[key.slice(key.indexOf('.') + 1)] ?? []
  if (fields.length === 0) return 'Duplicate value: another record has it already.'
  return fields.length === 1
    ? `Duplicate value for field '${fields[0]}'.`
    : `Duplicate value for the fields ${fields.map((name) => `'${name}'`).join(', ')} together.`
}
