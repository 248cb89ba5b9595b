/**
 * The verb that a request means (data-plane 2.1): a real POST may carry another one in a header, a parameter or its body.
 */
import { MethodNotAllowed } from '../errors.ts'
import type { HeaderMap, Json, Verb } from '../plugins/contract.ts'

export type HttpVerb = Verb | 'HEAD' | 'OPTIONS'
const verbs: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])
export const allowedVerbs = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'

/** @throws MethodNotAllowed for any verb outside the seven. */
export function knownVerb(text: string): HttpVerb {
  if (verbs.has(text)) return text as HttpVerb
  throw new MethodNotAllowed(`Invalid or unsupported verb '${text}' used in request.`, {
    headers: { allow: allowedVerbs },
  })
}

/** Where a tunnelled verb may stand. The query's and the body's entries are taken out when they are found. */
export interface TunnelSources {
  readonly headers: HeaderMap
  readonly query: Map<string, Json>
  /** Top-level members of a small JSON or form body; null when there are none, or the body is not read. */
  readonly body: { [name: string]: Json } | null
}

/** Whether the body can still decide about the verb: nothing that counts more does. */
export function bodyMayTunnel(method: string, headers: HeaderMap): boolean {
  return method === 'POST' && !headers['x-http-method-override']
}

/**
 * The verb of a request that was sent as POST; first hit wins, and the last three only when the first three name none or POST.
 *
 * @throws MethodNotAllowed for an unknown verb.
 */
export function tunnelledVerb({ headers, query, body }: TunnelSources): HttpVerb {
  const fromBody = body === null ? undefined : take(body, '_method')
  const fromQuery = query.get('_method')
  query.delete('_method')
  const first = verbOf(headers['x-http-method-override']) ?? verbOf(fromBody) ?? verbOf(fromQuery) ?? 'POST'
  const second = query.get('method')
  if (first !== 'POST') return first
  query.delete('method')
  return verbOf(headers['x-http-method']) ?? verbOf(headers['x-method-override']) ?? verbOf(second) ?? 'POST'
}

function take(body: { [name: string]: Json }, name: string): Json | undefined {
  const value = body[name]
  delete body[name]
  return value
}

function verbOf(value: Json | undefined): HttpVerb | null {
  if (typeof value !== 'string' || value.trim() === '') return null
  const verb = value.trim().toUpperCase()
  return knownVerb(verb === 'MERGE' ? 'PATCH' : verb)
}
