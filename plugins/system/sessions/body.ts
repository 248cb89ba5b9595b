/** What the account resources read of a request. */
import { type ApiReply, type ApiRequest, BadRequest, type Json } from 'dataferry/sdk'

/** The object of the body; a request without one has no members. Credentials are read from here alone, never from the query. */
export function bodyOf(request: ApiRequest): { readonly [name: string]: Json } {
  if (request.body.kind !== 'value') return {}
  const { value } = request.body
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return {}
  return value as { readonly [name: string]: Json }
}

/** A member that must be a text where it is given; null when it is missing or empty. */
export function textMember(body: { readonly [name: string]: Json }, name: string): string | null {
  const value = body[name] ?? null
  if (value === null || value === '') return null
  if (typeof value === 'number') return String(value)
  if (typeof value !== 'string') throw new BadRequest(`The ${name.replaceAll('_', ' ')} must be a text.`)
  return value
}

export function answer(value: Json, status = 200): ApiReply {
  return { status, headers: {}, body: { kind: 'value', value } }
}

/** A verb that a resource has not (control-plane 0.7). */
export function noSuchVerb(verb: string, handler: string): BadRequest {
  return new BadRequest(`${verb} requests without a resource are not currently supported by the '${handler}' service.`)
}
