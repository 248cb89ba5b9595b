/** Records in bodies, and lists in answers: unwrapping and wrapping (data-plane 2.7, 2.9). */
import { BadRequest, type Body, Decimal, type Json, type Output } from 'dataferry/sdk'

export type Members = { readonly [key: string]: Json }

/** An object that is no list and no number. */
export const isMembers = (value: Json | undefined): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Decimal)

/** What a body holds for a table: its records, and the members beside them that may be options. */
export interface Payload {
  /** null: none, whatever else is in the body. */
  readonly records: readonly Json[] | null
  readonly members: Members | null
  /** The wrapper was there: the members are no record. */
  readonly wrapped: boolean
}

const nothing: Payload = { records: null, members: null, wrapped: false }

/** Reads a body. Throws BadRequest where it is neither an object nor a list. */
export function payloadOf(body: Body, output: Output): Payload {
  if (body.kind !== 'value' || body.value === null || body.value === '') return nothing
  const { value } = body
  if (Array.isArray(value)) return { records: some(value), members: null, wrapped: true }
  if (!isMembers(value)) throw new BadRequest('The request contains no valid record sets.')
  const inner = value[output.wrapperName]
  if (Array.isArray(inner)) return { records: some(inner), members: value, wrapped: true }
  if (isMembers(inner)) return { records: isEmpty(inner) ? null : [inner], members: value, wrapped: true }
  return { records: null, members: value, wrapped: false }
}

const some = (list: readonly Json[]): readonly Json[] | null => (list.length === 0 ? null : list)

export function isEmpty(members: Members): boolean {
  for (const _ in members) return false
  return true
}

/** The 400 of a list-style call without records. The hint is there when lists are wrapped. */
export function noRecords(output: Output): BadRequest {
  const hint = ` Please make sure record(s) are wrapped in a '${output.wrapperName}' tag. Example: {"${output.wrapperName}":[{"record":1},{"record":2}]}`
  return new BadRequest(`No record(s) detected in request.${output.wrapper === null ? '' : hint}`)
}

/** A list as a body: wrapped as the reply asks, and always where it has a meta part. */
export function wrapList(output: Output, list: readonly Json[], meta: Json | null = null): Json {
  const wrapper = meta === null ? output.wrapper : (output.wrapper ?? output.wrapperName)
  if (wrapper === null) return list
  return meta === null ? { [wrapper]: list } : { [wrapper]: list, meta }
}
