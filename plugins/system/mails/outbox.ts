/**
 * `system/outbox`: the mails that no mail service took, with their codes. For full administrators alone, because a code opens an
 * account. An addition of this house: the contract has codes shown to administrators and no place for it (control-plane 1.8).
 */
import { parseOptions, projectList } from 'dataferry/records'
import { type ApiReply, type ApiRequest, BadRequest, Forbidden, type Json, NotFound } from 'dataferry/sdk'
import { answer, noSuchVerb } from '../sessions/body.ts'
import type { Tables } from '../store/tables.ts'
import type { MailDesk } from './desk.ts'

export interface OutboxDeps {
  readonly store: Tables
  readonly desk: MailDesk
}

export async function outbox(
  request: ApiRequest,
  id: string | undefined,
  { store, desk }: OutboxDeps,
  wrap: (list: readonly Json[]) => Json,
): Promise<ApiReply> {
  if (!request.caller.admin) throw new Forbidden("Access Forbidden. 'outbox' is for full administrators.")
  const options = parseOptions(request.query, null, true)
  const fields = options.fields ?? 'all'
  if (request.verb === 'GET') {
    const rows = (await store.rows('outbox', id === undefined ? {} : { id: idOf(id) })).map((row) => desk.shown(row))
    if (id === undefined) return answer(wrap(projectList(rows, { ...options, fields })))
    const [row] = projectList(rows, { ...options, fields, asList: false })
    if (row === undefined) throw missing(id)
    return answer(row)
  }
  if (request.verb !== 'DELETE') throw noSuchVerb(request.verb === 'PUT' ? 'PATCH' : request.verb, 'outbox')
  const ids = id === undefined ? options.ids : [id]
  if (ids === null) throw new BadRequest('No filter or records given for delete request.')
  const gone = await store.transaction(async (tx) => {
    const removed: Json[] = []
    for (const each of ids) {
      if ((await tx.remove('outbox', { id: idOf(String(each)) })) === 0) throw missing(String(each))
      removed.push({ id: idOf(String(each)) })
    }
    return removed
  })
  return answer(id === undefined ? wrap(gone) : (gone[0] ?? null))
}

const missing = (id: string): NotFound => new NotFound(`Record with identifier '${id}' not found.`)

function idOf(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw missing(text)
  return Number(text)
}
