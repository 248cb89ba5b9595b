/**
 * `test=true` on services: each record of the answer gets a `state`, found by reaching for what is behind the service. A service that
 * can't connect is saved all the same. An addition of this house; without the parameter records are as the contract has them
 * (control-plane 4.3).
 */
import { isMembers } from 'dataferry/records'
import { ApiError, type ApiReply, type Json, type Service, ServiceUnavailable, type Snapshot } from 'dataferry/sdk'

export interface StateDeps {
  readonly snapshot: () => Snapshot
  /** The service of a name; throws for one that is inactive, or that can't be made. */
  readonly service: (name: string) => Promise<Service>
  readonly wrapperName: string
}

/** Milliseconds that one service has to answer. */
const patienceMs = 15_000
const atOnce = 8

/** The reply with `state: {status, message, ms}` in its records; `status` is `ready`, `unavailable` or `inactive`. */
export async function withStates(reply: ApiReply, deps: StateDeps, signal: AbortSignal): Promise<ApiReply> {
  if (reply.body.kind !== 'value') return reply
  const { value } = reply.body
  const list = isMembers(value) ? value[deps.wrapperName] : value
  if (!Array.isArray(list)) return withBody(reply, await withState(value, deps, signal))
  const shown: Json[] = []
  for (let at = 0; at < list.length; at += atOnce)
    shown.push(...(await Promise.all(list.slice(at, at + atOnce).map((each: Json) => withState(each, deps, signal)))))
  return withBody(reply, isMembers(value) ? { ...value, [deps.wrapperName]: shown } : shown)
}

const withBody = (reply: ApiReply, value: Json): ApiReply => ({ ...reply, body: { kind: 'value', value } })

async function withState(record: Json, { snapshot, service }: StateDeps, signal: AbortSignal): Promise<Json> {
  const known = isMembers(record) ? snapshot().servicesById.get(Number(record.id)) : undefined
  if (!isMembers(record) || known === undefined) return record
  if (!known.isActive) return { ...record, state: { status: 'inactive', message: null, ms: 0 } }
  const began = performance.now()
  const message = await failure(() => service(known.name), AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]))
  const ms = Math.round(performance.now() - began)
  return { ...record, state: { status: message === null ? 'ready' : 'unavailable', message, ms } }
}

/** Why the service can't be reached, for people; null: it can. */
async function failure(find: () => Promise<Service>, signal: AbortSignal): Promise<string | null> {
  try {
    const found = await find()
    await inTime(found.probe?.(signal) ?? Promise.resolve(), signal)
    return null
  } catch (error) {
    return error instanceof ApiError ? error.message : 'The test failed for a reason that is in the log of the server.'
  }
}

function inTime(work: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(new ServiceUnavailable(`It did not answer within ${patienceMs / 1000} seconds.`))
    signal.addEventListener('abort', stop, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}
