/** The stage that hands a request to its service. */
import type { ApiReply, ApiRequest } from '../plugins/contract.ts'
import type { Registry } from '../services/registry.ts'

/** The lease lasts until the reply's body was read. Nothing is awaited before the service's `handle`. */
export function dispatch(
  registry: Pick<Registry, 'lease'>,
): (request: ApiRequest, signal: AbortSignal) => Promise<ApiReply> {
  return async (request, signal) => {
    const lease = registry.lease(request.service)
    let reply: ApiReply
    try {
      reply = await lease.service.handle(request, signal)
    } catch (error) {
      lease.fail(error)
      throw error
    }
    return lease.bind(reply)
  }
}
