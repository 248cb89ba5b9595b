/** The stage that decides whether a request may go on. */
import { authorize, type Configured } from '../access/decide.ts'
import type { Identity } from '../access/identity.ts'
import type { ApiRequest } from '../plugins/contract.ts'

/** Each request is judged by the snapshot of its time. */
export function access(configured: () => Configured): (request: ApiRequest, identity: Identity) => void {
  return (request, identity) => authorize(request, identity, configured())
}
