/** What can go wrong below the dialect: errors of the server, and of the way to it. They are worded for clients in errors.ts. */

/** The server's own error. Its message holds values and names; `number` says what it is. */
export class ServerFault extends Error {
  readonly number: number
  readonly state: string
  constructor(number: number, state: string, message: string, cause: unknown) {
    super(message, { cause })
    this.name = new.target.name
    this.number = number
    this.state = state
  }
}
/** No connection could be made. */
export class ConnectFailed extends Error {
  constructor(cause: unknown) {
    super('No connection could be made.', { cause })
    this.name = new.target.name
  }
}
/** A connection ended under way. */
export class ConnectionLost extends Error {
  constructor(cause: unknown) {
    super('The connection was lost.', { cause })
    this.name = new.target.name
  }
}
/** No connection became free in time. */
export class PoolExhausted extends Error {
  constructor(cause: unknown) {
    super('No connection became free in time.', { cause })
    this.name = new.target.name
  }
}
/** The service is closed. */
export class Closed extends Error {
  constructor() {
    super('The connections of this service are closed.')
    this.name = new.target.name
  }
}
/** A statement was stopped by us: it ran too long, or nobody waits for it any more. */
export class Stopped extends Error {
  constructor(cause?: unknown) {
    super('The statement was stopped.', { cause })
    this.name = new.target.name
  }
}

/** The server ended the connection, or is ending. */
const endings: ReadonlySet<number> = new Set([
  1053, 1077, 1079, 1080, 1152, 1158, 1159, 1160, 1161, 1184, 1927, 3169, 4031,
])

interface DriverError extends Error {
  readonly errno?: number
  readonly code?: string
  readonly sqlState?: string
  readonly sqlMessage?: string
  readonly fatal?: boolean
}

/** What the driver threw while a connection was in use, as one of the above; our own mistakes come back as they are. */
export function faultOf(thrown: unknown): unknown {
  if (!(thrown instanceof Error)) return thrown
  const { errno, code, sqlState, sqlMessage, fatal } = thrown as DriverError
  if (typeof errno === 'number' && typeof sqlMessage === 'string') {
    if (endings.has(errno)) return new ConnectionLost(thrown)
    return new ServerFault(errno, sqlState ?? '', sqlMessage, thrown)
  }
  const lost = fatal === true || /^(?:PROTOCOL_|E[A-Z]+$)/.test(code ?? '') || /closed state/.test(thrown.message)
  return lost ? new ConnectionLost(thrown) : thrown
}
