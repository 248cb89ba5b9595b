/**
 * The records of one table under every verb (data-plane 3): what `_table/{table}` of a service and the resources of the system
 * service have in common.
 */
import { type ApiReply, type ApiRequest, NotImplemented } from 'dataferry/sdk'
import { explainRead } from './explain.ts'
import { parseOptions } from './options.ts'
import { isMembers, type Payload, payloadOf } from './payload.ts'
import { readRecords } from './read.ts'
import type { RecordTarget } from './target.ts'
import { createRecords, prepareInsert } from './write/create.ts'
import { deleteRecords } from './write/delete.ts'
import { prepareUpdate, updateRecords } from './write/update.ts'
import { upsertRecords } from './write/upsert.ts'
import { understand } from './write/writing.ts'

/**
 * Handles a request on the records of the target. A read of one known table is planned without waiting. Throws the errors of
 * data-plane 3.
 */
export async function handleRecords(target: RecordTarget, request: ApiRequest, signal: AbortSignal): Promise<ApiReply> {
  const { verb } = request
  const payload = payloadFor(target, request)
  const options = parseOptions(request.query, optionsOf(target, request, payload), verb === 'GET')
  if (options.explain)
    return explainRead(target, request, (asked) => readRecords(asked, request, options, payload, signal))
  if (verb === 'GET') return readRecords(target, request, options, payload, signal)
  if (!target.store.can.write) throw new NotImplemented('Writing records is not supported by this service.')
  const writing = await understand(target, request, options, payload, signal)
  switch (verb) {
    case 'POST':
      if (options.upsert && target.id === null)
        return upsertRecords(writing, { update: prepareUpdate, insert: prepareInsert }, signal)
      return createRecords(writing, signal)
    case 'PUT':
    case 'PATCH':
      return updateRecords(writing, signal)
    case 'DELETE':
      return deleteRecords(writing, signal)
  }
}

function payloadFor({ view }: RecordTarget, { body, output }: ApiRequest): Payload {
  const payload = payloadOf(body, output)
  // A table may have a field that is named like the wrapper: its record by id is no wrapped one then.
  if (payload.wrapped && isMembers(payload.members) && !Array.isArray(payload.members[output.wrapperName])) {
    if (view.column(output.wrapperName)) return { ...payload, wrapped: false }
  }
  return payload
}

/** A bare record by id has no options: its fields may be named like some (data-plane 2.8). */
function optionsOf({ id }: RecordTarget, { verb }: ApiRequest, payload: Payload): Payload['members'] {
  const bare = id !== null && (verb === 'PUT' || verb === 'PATCH') && !payload.wrapped
  return bare ? null : payload.members
}
