/**
 * What the source itself says of a failure may name columns that the caller must not know of: a required one, one of a unique key, a
 * check. Such an error is told without its words. What is wrong with the request is told as it is: it can only repeat the request.
 */
import { ApiError } from 'dataferry/sdk'
import type { TableView } from './view.ts'

const nothingTold = 'The record breaks a rule of the database.'

/** Keeps the views that one request is given, and what they hide. */
export class Discretion {
  readonly #names = new Set<string>()

  /** The view itself. */
  over(view: TableView): TableView {
    for (const name of view.hiddenNames) this.#names.add(name)
    return view
  }

  /** The error as the caller may see it; itself where it tells nothing. */
  of(error: unknown): unknown {
    if (this.#names.size === 0 || !(error instanceof ApiError) || !isOfSource(error)) return error
    const message = error.message.toLowerCase()
    if (![...this.#names].some((name) => message.includes(name))) return error
    const { status, code, headers } = error
    return new ApiError(status, nothingTold, { code, headers, cause: error })
  }
}

/** Something else than this program's own judgement is at the bottom of it. */
function isOfSource({ cause }: ApiError): boolean {
  if (cause instanceof ApiError) return isOfSource(cause)
  return cause !== undefined && cause !== null
}
