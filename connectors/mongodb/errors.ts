/** MongoDB's faults in words that a client may see (data-plane 2.11): no host, no statement, no secret. */
import { WriteConflict } from 'dataferry/records'
import { ApiError, BadRequest, ServiceUnavailable } from 'dataferry/sdk'
import type { MongoBulkWriteError, MongoServerError, WriteError } from 'mongodb'
import { driver } from './driver.ts'

const unreachable = 'The database can not be reached.'
const tooLong = 'The request took too long in the database and was stopped.'

/** Faults of a record or a request by MongoDB's code. */
const messages: ReadonlyMap<number, string> = new Map([
  [2, 'The database does not accept a value of the request.'],
  [9, 'The database can not read the filter.'],
  [14, 'A field holds a value of another type than the request needs.'],
  [28, 'A path leads through a field that holds no object.'],
  [40, 'A field is set twice: by itself and by a path.'],
  [48, 'A collection of this name exists already.'],
  [52, 'A field has a name that documents can not have.'],
  [66, "The identifier of a record can not be changed: '_id' stays as it is."],
  [73, 'A collection can not have this name.'],
  [121, 'The record breaks a rule of the database.'],
  [17280, 'A value is too long for an index.'],
])
const stopped: ReadonlySet<number> = new Set([50, 262, 11601])
/** The server goes away, or another one of its set takes over. */
const leaving: ReadonlySet<number> = new Set([6, 7, 89, 91, 189, 9001, 10107, 11600, 11602, 13435, 13436])
const denied: ReadonlySet<number> = new Set([13, 18, 8000])

const isSocketError = (thrown: unknown): boolean =>
  thrown instanceof Error &&
  'code' in thrown &&
  typeof thrown.code === 'string' &&
  /^(?:E[A-Z]{3,}|ERR_(?:SOCKET|STREAM|SSL|TLS)\w*)$/.test(thrown.code)

export function mongoError(thrown: unknown): Error {
  if (thrown instanceof ApiError) return thrown
  const cause = { cause: thrown }
  if (!(thrown instanceof driver().MongoError)) {
    // The driver passes on what writing to a socket says that has just been ended.
    if (isSocketError(thrown)) return new ServiceUnavailable(unreachable, cause)
    return thrown instanceof Error ? thrown : new Error('Something that is no error was thrown.', cause)
  }
  // What has no code of the server's was not said by it: a batch whose connection was lost, with the code of its socket or none.
  if (thrown instanceof driver().MongoBulkWriteError && typeof thrown.code !== 'number')
    return new ServiceUnavailable(unreachable, cause)
  if (thrown instanceof driver().MongoServerError) return serverError(Number(thrown.code), thrown)
  if (thrown instanceof driver().MongoNetworkError || thrown instanceof driver().MongoServerSelectionError)
    return new ServiceUnavailable(unreachable, cause)
  if (/timed? ?out/i.test(thrown.name) || /TimeoutError$/.test(thrown.name))
    return new ServiceUnavailable(tooLong, cause)
  return new ServiceUnavailable('The database can not be used as this service is configured.', cause)
}

function serverError(code: number, thrown: MongoServerError): Error {
  const cause = { cause: thrown }
  if (code === 11000) return new BadRequest(duplicate(thrown), cause)
  if (code === 112 || thrown.hasErrorLabel('TransientTransactionError'))
    return new WriteConflict('The record is being written by another request. Try again.', thrown)
  if (stopped.has(code)) return new ServiceUnavailable(tooLong, cause)
  if (denied.has(code)) return new ServiceUnavailable('The database refuses the user of this service.', cause)
  const message = messages.get(code)
  if (message !== undefined) return new BadRequest(message, cause)
  if (leaving.has(code) || thrown.hasErrorLabel('RetryableWriteError'))
    return new ServiceUnavailable(unreachable, cause)
  return thrown
}

/** The failure of one document of several. */
export function writeError(error: WriteError, thrown: MongoBulkWriteError): Error {
  if (error.code === 11000)
    return new BadRequest(
      duplicate({ keyPattern: (error.err as { keyPattern?: unknown }).keyPattern, message: error.errmsg ?? '' }),
      {
        cause: thrown,
      },
    )
  if (leaving.has(error.code)) return new ServiceUnavailable(unreachable, { cause: thrown })
  const message = messages.get(error.code)
  return message === undefined
    ? new ApiError(500, 'The record could not be written.', { cause: thrown })
    : new BadRequest(message, { cause: thrown })
}

/** Old servers name the index in the message only: `index: email_1 dup key`. */
function duplicate({ keyPattern, message }: { readonly keyPattern?: unknown; readonly message: string }): string {
  const fields =
    typeof keyPattern === 'object' && keyPattern !== null
      ? Object.keys(keyPattern)
      : [.../([\w.]+?)_-?1(?=_|\b)/g[Symbol.matchAll](/index: (\S+)/.exec(message)?.[1] ?? '')].map(
          (each) => each[1] ?? '',
        )
  if (/index: _id_/.test(message)) return "Duplicate value for field '_id'."
  if (fields.length === 0) return 'Duplicate value: another record has it already.'
  return fields.length === 1
    ? `Duplicate value for field '${fields[0]}'.`
    : `Duplicate value for the fields ${fields.map((name) => `'${name}'`).join(', ')} together.`
}
