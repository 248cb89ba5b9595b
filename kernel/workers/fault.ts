/** Errors on their way between threads: as data there, as the errors that they were here. */
import { ApiError, type ErrorData, errorData, InstanceFailed } from '../errors.ts'

export interface Fault {
  /** What a client may see; null: nothing of it. */
  readonly shown: (ErrorData & { readonly headers: { readonly [name: string]: string } }) | null
  /** The whole instance is beyond repair. */
  readonly final: boolean
  /** For the log alone. */
  readonly message: string
  readonly stack: string
}

export function faultOf(thrown: unknown): Fault {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown))
  // What a client is not told stands behind what it is told.
  const told = error instanceof ApiError && error.cause instanceof Error ? error.cause : error
  return {
    shown: error instanceof ApiError ? { ...errorData(error), headers: error.headers } : null,
    final: error instanceof InstanceFailed,
    message: told.message,
    stack: told.stack ?? '',
  }
}

export function fromFault({ shown, final, message, stack }: Fault): Error {
  const behind = new Error(message)
  behind.stack = stack
  if (shown === null) return behind
  const { status, code, message: text, context, headers } = shown
  const options = { code, context, headers, cause: behind }
  return final ? new InstanceFailed(text, options) : new ApiError(status, text, options)
}
