/**
 * From an ApiRequest to an ApiReply: the stages, in the product's security order. HTTP runs them one by one, because a body is read
 * only after access; every other way in (internal calls) is `enter`, never below it.
 *
 *     access    may they (control-plane 0.5)
 *     limits    how often may they (control-plane 10.4): what comes by HTTP
 *     dispatch  service name -> leased service -> handle; `_spec` of any service -> who documents it (control-plane 6.2)
 */
import type { Configured } from '../access/decide.ts'
import type { Identity } from '../access/identity.ts'
import type { ApiReply, ApiRequest, Limits } from '../plugins/contract.ts'
import type { Documents } from '../plugins/documents.ts'
import type { Registry } from '../services/registry.ts'
import { access } from './access.ts'
import { dispatch } from './dispatch.ts'

export interface Pipeline {
  /** Throws when the request may not go on, or too often did. A promise where other nodes have to be asked how often. */
  authorize(request: ApiRequest, identity: Identity): void | Promise<void>
  /** For requests that passed access. Synchronous up to the service's handle. */
  dispatch(request: ApiRequest, signal: AbortSignal): Promise<ApiReply>
  /** Both, for a request whose caller is known: an internal call. */
  enter(request: ApiRequest, signal: AbortSignal): Promise<ApiReply>
}

export interface PipelineDeps {
  readonly configured: () => Configured
  readonly registry: Pick<Registry, 'lease'>
  /** null: nobody counts. */
  readonly limits?: () => Limits | null
  /** null: nobody documents services, so that they are asked for `_spec` themselves. */
  readonly documents?: () => Documents | null
}

export function createPipeline(deps: PipelineDeps): Pipeline {
  const authorize = access(deps.configured)
  const toService = dispatch(deps.registry)
  const forward: Pipeline['dispatch'] = (request, signal) => {
    const documents = isSpec(request) ? (deps.documents?.() ?? null) : null
    return documents === null ? toService(request, signal) : documents.spec(request)
  }
  return {
    authorize(request, identity) {
      authorize(request, identity)
      return deps.limits?.()?.count(request)
    },
    dispatch: forward,
    async enter(request, signal) {
      authorize(request, internal(request))
      return forward(request, signal)
    },
  }
}

const isSpec = ({ path }: ApiRequest): boolean => path.length === 1 && path[0] === '_spec'

/** An internal caller's credentials were judged when it was made. */
function internal({ caller }: ApiRequest): Identity {
  return { caller, problem: null, sentKey: caller.app !== null, sentToken: caller.user !== null }
}
