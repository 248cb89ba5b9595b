/** Why a request on the records was refused, in one line. */
import { isMembers } from 'dataferry/records'
import { ApiError, type Json } from 'dataferry/sdk'

/** Of a batch of one, the reason of the one. What is no answer to a client is thrown on. */
export function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof ApiError)) throw thrown
  const { context } = thrown
  const entries = isMembers(context) && Array.isArray(context.resource) ? (context.resource as readonly Json[]) : []
  const [entry] = entries
  return isMembers(entry) && typeof entry.message === 'string' ? entry.message : thrown.message
}
