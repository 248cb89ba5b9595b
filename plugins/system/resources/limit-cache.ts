/** `system/limit_cache` (control-plane 10.4): the counters of limits, to look at and to clear. */
import { booleanOption, parseOptions } from 'dataferry/records'
import { type ApiReply, type ApiRequest, BadRequest, type Json, NotFound } from 'dataferry/sdk'
import type { LimitBook } from '../limits/book.ts'
import { answer, noSuchVerb } from '../sessions/body.ts'

export async function limitCache(
  request: ApiRequest,
  id: string | undefined,
  book: LimitBook,
  wrap: (list: readonly Json[]) => Json,
): Promise<ApiReply> {
  const { ids } = parseOptions(request.query, null, true)
  const wanted = id === undefined ? (ids === null ? null : ids.map(String)) : [id]
  const limits = wanted?.map((each) => known(each, book)) ?? null
  if (request.verb === 'GET') {
    await book.look()
    const counters = limits === null ? book.all() : limits.flatMap((limit) => book.counters(limit))
    return answer(wrap(counters))
  }
  if (request.verb !== 'DELETE') throw noSuchVerb(request.verb === 'PUT' ? 'PATCH' : request.verb, 'limit_cache')
  if (limits !== null) {
    for (const limit of limits) await book.forget(limit)
    return answer(id === undefined ? wrap(limits.map((limit) => ({ id: limit }))) : { id: limits[0] ?? null })
  }
  const everything = ['force', 'allow_delete'].some((name) => booleanOption(request.query.get(name)))
  if (!everything) throw new BadRequest('No filter or records given for delete request.')
  await book.forgetAll()
  return answer({ success: true })
}

function known(id: string, book: LimitBook): number {
  const limit = Number(id)
  if (!/^\d{1,15}$/.test(id) || !book.knows(limit)) throw new NotFound(`Record with identifier '${id}' not found.`)
  return limit
}
