/** The texts of a filter's faults (data-plane 4.8), each in one place. All are 400. */
import { BadRequest } from 'dataferry/sdk'

/** A text without any operator, or one that is no filter for another reason. A filter that is no string gets it too (4.10). */
export const unparsable = (): BadRequest => new BadRequest('Invalid or unparsable filter request.')

/** An operator whose left side names no field. `left` is the trimmed text before the operator. */
export const badField = (left: string): BadRequest =>
  new BadRequest(`Invalid or unparsable field in filter request: '${left}'`)

/** A list without parentheses, or without elements. */
export const badList = (): BadRequest => new BadRequest('Filter value lists must be wrapped in parentheses.')

/** A value that does not fit an integer field. */
export const notInteger = (field: string): BadRequest => new BadRequest(`Field '${field}' must be a valid integer.`)

/** A value that does not fit a decimal field or a float. */
export const notNumber = (field: string): BadRequest => new BadRequest(`Field '${field}' must be a valid number.`)

/** A value that does not fit a boolean field. */
export const notBoolean = (field: string): BadRequest => new BadRequest(`Field '${field}' must be a valid boolean.`)

/** More than the filter may hold; DreamFactory has no such limit, so the text goes on after the contract's. */
export const tooLarge = (what: string): BadRequest =>
  new BadRequest(`Invalid or unparsable filter request. It has more than ${what}.`)
