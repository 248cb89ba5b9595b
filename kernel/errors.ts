/**
 * The one error taxonomy and its envelope (data-plane 2.11, 2.12). Whatever reaches a client is an ApiError; anything else that is
 * thrown becomes a plain 500 whose cause is logged and never shown.
 */
import type { Json } from './plugins/contract.ts'

export interface ErrorOptions {
  readonly code?: number
  readonly context?: Json
  readonly cause?: unknown
  /** Headers of the reply, for example `Retry-After`. */
  readonly headers?: { readonly [name: string]: string }
}

/** An error that a client may see: its message says what to change and holds no SQL, path or secret. */
export class ApiError extends Error {
  readonly status: number
  /** The status unless the contract names another, 1000 for batches. */
  readonly code: number
  readonly context: Json
  readonly headers: { readonly [name: string]: string }

  constructor(status: number, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = new.target.name
    this.status = status
    this.code = options.code ?? status
    this.context = options.context ?? null
    this.headers = options.headers ?? {}
  }
}

export class BadRequest extends ApiError {
  constructor(message: string, options?: ErrorOptions) {
    super(400, message, options)
  }
}
export class Unauthorized extends ApiError {
  constructor(message: string, options?: ErrorOptions) {
    super(401, message, options)
  }
}
export class Forbidden extends ApiError {
  constructor(message: string, options?: ErrorOptions) {
    super(403, message, options)
  }
}
export class NotFound extends ApiError {
  constructor(message: string, options?: ErrorOptions) {
    super(404, message, options)
  }
}
export class MethodNotAllowed extends ApiError {
  constructor(message: string, options?: ErrorOptions) {
    super(405, message, options)
  }
}
export class RequestTimeout extends ApiError {
  constructor(message: string, options?: ErrorOptions) {
    super(408, message, options)
  }
}
/** A condition of the request (`If-Match`) does not hold. */
export class PreconditionFailed extends ApiError {
  constructor(message: string, options?: ErrorOptions) {
    super(412, message, options)
  }
}
export class PayloadTooLarge extends ApiError {
  constructor(message: string, options?: ErrorOptions) {
    super(413, message, options)
  }
}
export class TooManyRequests extends ApiError {
  constructor(message: string, options?: ErrorOptions) {
    super(429, message, options)
  }
}
/** A fault of ours or of the configuration, in words that a client may see. */
export class InternalError extends ApiError {
  constructor(message: string, options?: ErrorOptions) {
    super(500, message, options)
  }
}
export class NotImplemented extends ApiError {
  constructor(message: string, options?: ErrorOptions) {
    super(501, message, options)
  }
}
export class ServiceUnavailable extends ApiError {
  constructor(message: string, options?: ErrorOptions) {
    super(503, message, options)
  }
}

/**
 * Thrown by a service whose instance is beyond repair (its thread died, its file is gone): this request is answered 503, the
 * instance is closed, and a new one is made after a while.
 */
export class InstanceFailed extends ServiceUnavailable {}

/** The four members that an error shows, alone in the envelope or as an entry of a batch. Key order is the contract's. */
export interface ErrorEntry {
  readonly code: number
  readonly context: Json
  readonly message: string
  readonly status_code: number
  readonly [key: string]: Json
}

/** Makes an ApiError of anything thrown; what is no ApiError is told to nobody. */
export function toApiError(thrown: unknown): ApiError {
  if (thrown instanceof ApiError) return thrown
  return new InternalError('Internal Server Error', { cause: thrown })
}

/** data-plane 2.11. */
export function errorEntry(thrown: unknown): ErrorEntry {
  const error = toApiError(thrown)
  return { code: error.code, context: error.context, message: error.message, status_code: error.status }
}

/** `{"error":{...}}`; `trace` (APP_DEBUG only) goes before `status_code`. */
export function envelope(thrown: unknown, trace: readonly string[] | null = null): Json {
  const { code, context, message, status_code } = errorEntry(thrown)
  return { error: trace ? { code, context, message, trace, status_code } : { code, context, message, status_code } }
}

/** An ApiError as data that crosses threads. */
export interface ErrorData {
  readonly status: number
  readonly code: number
  readonly message: string
  readonly context: Json
}
export function errorData(thrown: unknown): ErrorData {
  const { status, code, message, context } = toApiError(thrown)
  return { status, code, message, context }
}
export function errorFromData(data: ErrorData): ApiError {
  return new ApiError(data.status, data.message, { code: data.code, context: data.context })
}
