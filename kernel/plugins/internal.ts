/** Requests that the house makes itself: what plugins ask of services as a full administrator, by way of the pipeline. */
import type { ApiRequest, Caller, Json, PluginHost, RawOptions, Verb } from './contract.ts'

export interface HouseQuestion {
  readonly verb: Verb
  readonly service: string
  readonly path: readonly string[]
  readonly query?: RawOptions
  /** null: none. */
  readonly body?: Json
  /** Who asks, for logs and the audit log: `command line`. */
  readonly from: string
}

const house: Caller = { user: null, app: null, role: null, admin: true, requestor: 'api', session: null, lookups: {} }

const patienceMs = 60_000
const budget = { bytes: 1 << 28, rows: 1_000_000 }

/** The value of the reply's body, lists wrapped in `resource`; null when it has none. Throws what the request throws. */
export async function askAsHouse(host: Pick<PluginHost, 'call'>, question: HouseQuestion): Promise<Json> {
  const { verb, service, path, query = new Map(), body = null, from } = question
  const signal = AbortSignal.timeout(patienceMs)
  const request: ApiRequest = {
    id: from,
    verb,
    service,
    path,
    trailingSlash: false,
    query,
    headers: {},
    body: body === null ? { kind: 'none' } : { kind: 'value', value: body, typed: true },
    caller: house,
    output: {
      format: 'json',
      type: 'application/json',
      wrapper: 'resource',
      wrapperName: 'resource',
      xmlRoot: 'dfapi',
      fileName: null,
    },
    origin: '',
    address: from,
  }
  const reply = await host.call(request, signal)
  if (reply.body.kind === 'value') return reply.body.value
  return reply.body.kind === 'rows' ? reply.body.rows.value(budget, signal) : null
}
