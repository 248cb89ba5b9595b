/**
 * May they: the access decision and its exact errors (control-plane 0.5, data-plane 2.3). A pure function of the request, who asks
 * and what is configured; it runs before a body is read.
 */
import { BadRequest, Forbidden, Unauthorized } from '../errors.ts'
import {
  type ApiRequest,
  type Caller,
  type ServiceType,
  type Snapshot,
  type Verb,
  verbBits,
} from '../plugins/contract.ts'
import type { Identity } from './identity.ts'
import { activeRole, maskOf, normalComponent } from './masks.ts'
import { rulesOf } from './rules.ts'

export const texts = {
  noCredentials:
    'No session token (JWT) or API Key detected in request. Please send in X-DreamFactory-Session-Token and/or X-DreamFactory-API-Key request header. You can also use URL query parameters session_token and/or api_key.',
  noKey:
    "No API Key provided. Please provide a valid API Key using X-DreamFactory-API-Key request header or 'api_key' url query parameter.",
  noToken:
    "No session token (JWT) provided. Please provide a valid JWT using X-DreamFactory-Session-Token request header or 'session_token' url query parameter.",
  noRole: 'Role not found. A role may not be assigned to you or your application.',
  roleInactive:
    'Access Forbidden. The role assigned to you or your application or the default role of your application is not active.',
  notAuthenticated: 'Unauthorized. User is not authenticated.',
} as const

/** What a decision needs to know of the server. */
export interface Configured {
  readonly snapshot: Pick<Snapshot, 'services'>
  readonly types: ReadonlyMap<string, ServiceType>
}

type Asked = Pick<ApiRequest, 'verb' | 'service' | 'path'>

/** Returns when the request may go on, throws the error of the contract when not. */
export function authorize(request: Asked, identity: Identity, configured: Configured): void {
  if (identity.problem !== null) throw identity.problem
  const { verb, service, path } = request
  // Callbacks of login providers, which come without credentials.
  if (service.endsWith('_oauth')) return
  const component = path.join('/')
  if ((maskOf(identity.caller, service, component) & verbBits[verb]) !== 0) return
  if (isOpen(verb, service, component, configured)) return
  if (verb === 'GET' && component.toLowerCase() === '_schema' && seesSchemas(identity.caller, service)) return
  throw refusal(request, component.toLowerCase(), identity)
}

/** The components that a service type leaves open to everybody (control-plane 2.5). */
function isOpen(verb: Verb, service: string, component: string, { snapshot, types }: Configured): boolean {
  const record = snapshot.services.get(service)
  const open = record && types.get(record.type)?.open
  if (!open) return false
  const asked = normalComponent(component)
  return open.some(
    (rule) =>
      (rule.verbs & verbBits[verb]) !== 0 && (rule.component === asked || (rule.component === '*' && asked !== '')),
  )
}

/** Whether the role may read the schema of something in this service; the answer is filtered to it. */
function seesSchemas(caller: Caller, service: string): boolean {
  const role = activeRole(caller)
  if (role === null) return false
  return rulesOf(role, service, caller.requestor).some(
    ({ text, rule }) =>
      (rule.verbs & verbBits.GET) !== 0 && (text === '*' || text === '_schema' || text.startsWith('_schema/')),
  )
}

function refusal(
  { verb, service }: Asked,
  component: string,
  { caller, sentKey, sentToken }: Identity,
): BadRequest | Unauthorized | Forbidden {
  if (!sentKey && !sentToken) return new BadRequest(texts.noCredentials)
  if (caller.role === null) {
    if (!sentKey) return new BadRequest(texts.noKey)
    if (!sentToken) return new BadRequest(texts.noToken)
    return new Forbidden(texts.noRole)
  }
  if (!caller.role.isActive) return new Forbidden(texts.roleInactive)
  if (caller.user === null) return new Unauthorized(texts.notAuthenticated)
  const what = component === '' ? '' : `component '${component}' of `
  return new Forbidden(
    `Access Forbidden. ${verb} access to ${what}service '${service}' is not allowed by this user's role.`,
  )
}
