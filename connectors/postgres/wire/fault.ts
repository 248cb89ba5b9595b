/** What the server, or the way to it, has against a statement: errors as this connector throws them inside; errors.ts words them for clients. */

/** An ErrorResponse of the server. The fields are the protocol's own; texts of clients may be in them, so they are never shown. */
export class ServerFault extends Error {
  /** SQLSTATE. */
  readonly code: string
  /** FATAL and PANIC end the connection. */
  readonly severity: string
  readonly detail: string | null
  readonly schema: string | null
  readonly table: string | null
  readonly column: string | null
  readonly dataType: string | null
  readonly constraint: string | null
  readonly where: string | null
  readonly #fields: ReadonlyMap<string, string>

  constructor(fields: ReadonlyMap<string, string>) {
    super(fields.get('M') ?? 'The server answered an error.')
    this.#fields = fields
    this.code = fields.get('C') ?? 'XX000'
    this.severity = fields.get('V') ?? fields.get('S') ?? 'ERROR'
    this.detail = fields.get('D') ?? null
    this.schema = fields.get('s') ?? null
    this.table = fields.get('t') ?? null
    this.column = fields.get('c') ?? null
    this.dataType = fields.get('d') ?? null
    this.constraint = fields.get('n') ?? null
    this.where = fields.get('W') ?? null
  }

  /** The same error with the field that it is about. */
  about(column: string): ServerFault {
    return new ServerFault(new Map([...this.#fields, ['c', column]]))
  }
}

/** The connection ended before the answer was complete: whether the statement was carried out is not known. */
export class ConnectionLost extends Error {
  constructor(cause?: unknown) {
    super('The connection to the database was lost.', { cause })
  }
}

/** No connection could be made. */
export class ConnectFailed extends Error {
  constructor(cause: unknown) {
    super(`No connection to the database could be made: ${messageOf(cause)}`, { cause })
  }
}

/** The connection was made, but one of the statements that prepare it was refused. */
export class PreparationFailed extends Error {
  constructor(cause: unknown) {
    super(`A new connection could not be prepared: ${messageOf(cause)}`, { cause })
  }
}

const messageOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown))

/** All connections are in use, and none was given back in time. */
export class PoolExhausted extends Error {
  constructor(cause?: unknown) {
    super('No connection became free.', { cause })
  }
}

/** The connector is closed. */
export class Closed extends Error {}

/** The body of an ErrorResponse, from `start` (behind the length) to `end`. */
export function readFault(bytes: Buffer, start: number, end: number): ServerFault {
  const fields = new Map<string, string>()
  let at = start
  while (at < end && bytes[at] !== 0) {
    const field = String.fromCharCode(bytes[at] ?? 0)
    const stop = bytes.indexOf(0, at + 1)
    if (stop < 0 || stop >= end) break
    fields.set(field, bytes.toString('utf8', at + 1, stop))
    at = stop + 1
  }
  return new ServerFault(fields)
}
