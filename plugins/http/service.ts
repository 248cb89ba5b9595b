/** A remote web service (control-plane 8.1): what is asked of it is asked of the remote, under the rules of its configuration. */
import {
  type Answer,
  ApiError,
  type ApiReply,
  type ApiRequest,
  Connection,
  collect,
  type HeaderMap,
  InternalError,
  parseJson,
  remoteError,
  type Service,
  type ServiceHost,
  SnapshotSourceAbility,
  StoredDocumentsAbility,
} from 'dataferry/sdk'
import { AnswerCache, entryBytes } from './cache.ts'
import { parseBase, type Remote } from './config.ts'
import { baseOf, componentsOf, type Document, readDocument } from './document.ts'
import { type Link, linksOf } from './links.ts'
import { isBelow, type Outgoing, outgoing } from './outgoing.ts'
import { replyOf } from './reply.ts'

const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

export class RemoteService implements Service {
  readonly #remote: Remote
  readonly #host: ServiceHost
  readonly #connection: Connection
  readonly #cache: AnswerCache | null
  #read: { readonly text: string | null; readonly document: Document | null } | null = null

  constructor(remote: Remote, host: ServiceHost) {
    this.#remote = remote
    this.#host = host
    this.#connection = new Connection(remote.options, host.settings.remote.allow)
    this.#cache = remote.cacheMs === null ? null : new AnswerCache(remote.cacheMs)
  }

  async handle(request: ApiRequest, signal: AbortSignal): Promise<ApiReply> {
    const { verb, path, query } = request
    if (
      verb === 'GET' &&
      path.length === 0 &&
      query.get('as_access_list') === 'true' &&
      !this.#remote.implementsAccessList
    )
      return this.#accessList(request)
    const base = await this.#base()
    const out = outgoing(request, this.#remote, base)
    const answer = await this.#answer(request, out, base, signal)
    return replyOf(answer, {
      output: request.output,
      accept: request.headers.accept ?? '',
      links: this.#links(request.origin),
      budget: this.#host.settings.http.maxBodyBytes,
    })
  }

  /** control-plane 3.6: what the remote says of itself, else the paths of the service's document. */
  async resources(request: ApiRequest, signal: AbortSignal): Promise<readonly string[]> {
    const documented = componentsOf(await this.#document())
    if (!this.#remote.implementsAccessList) return documented
    const asked = await this.handle(
      { ...request, verb: 'GET', path: [], search: 'as_access_list=true', query: new Map(), body: { kind: 'none' } },
      signal,
    )
    const listed = asked.body.kind === 'opaque' ? await listOf(asked.body.bytes) : []
    return [...new Set([...documented, ...listed])]
  }

  async probe(signal: AbortSignal): Promise<void> {
    const url = parseBase(await this.#base())
    const answer = await this.#connection.ask({ url, method: 'GET', headers: { accept: '*/*' }, body: null }, signal)
    await answer.discard()
    if (answer.status >= 500) throw new ApiError(502, `The remote service answers ${answer.status}.`)
  }

  forget(): void {
    this.#cache?.clear()
  }

  trouble(): string | null {
    return this.#connection.trouble
  }

  async close(): Promise<void> {
    this.forget()
    await this.#connection.close()
  }

  /** control-plane 3.6, with what the caller may name itself. */
  async #accessList({ caller }: ApiRequest): Promise<ApiReply> {
    const { maskFor, service } = this.#host
    const listed = componentsOf(await this.#document())
    const resource = listed.filter((component) => maskFor(caller, service.name, component) !== 0)
    return { status: 200, headers: {}, body: { kind: 'value', value: { resource } } }
  }

  async #base(): Promise<string> {
    const { baseUrl } = this.#remote
    const base = baseUrl === '' ? baseOf(await this.#document()) : baseUrl
    if (base === '') throw new InternalError('Remote Web Service base url can not be empty.')
    return base
  }

  /** Read anew when its text is another. */
  async #document(): Promise<Document | null> {
    const text = await this.#host.ask(StoredDocumentsAbility).of(this.#host.service.id)
    if (this.#read?.text !== text) this.#read = { text, document: readDocument(text) }
    return this.#read.document
  }

  #links(origin: string): readonly Link[] {
    if (!this.#remote.replaceLink) return []
    const { services } = this.#host.ask(SnapshotSourceAbility).current()
    return linksOf(services.values(), this.#host.service.type, `${origin}/${this.#host.settings.api.routePrefix}/v2`)
  }

  async #answer(request: ApiRequest, out: Outgoing, base: string, signal: AbortSignal): Promise<Answer> {
    const { verb, path } = request
    const cache = verb === 'GET' ? this.#cache : null
    if (cache === null) return this.#ask(verb, out, base, signal)
    const key = AnswerCache.key([verb, path, out.varies])
    const kept = cache.get(key)
    if (kept !== null) return { ...kept, body: once(kept.bytes), discard: async () => {} }
    const answer = await this.#ask(verb, out, base, signal)
    const { status, headers } = answer
    const forAnybody =
      status === 200 && headers['set-cookie'] === undefined && !refusesKeeping(headers['cache-control'])
    if (!forAnybody) return answer
    const body = collected(answer.body, (bytes) => {
      cache.set(key, { status, headers: headers as HeaderMap, bytes })
    })
    return { ...answer, body }
  }

  async #ask(method: ApiRequest['verb'], out: Outgoing, base: string, signal: AbortSignal): Promise<Answer> {
    const { headers, body } = out
    let { url } = out
    for (let hops = 0; ; hops++) {
      const answer = await this.#connection.ask({ url, method, headers, body }, signal)
      const { location } = answer.headers
      const follows = method === 'GET' && hops < this.#remote.options.redirects
      if (!follows || location === undefined || !redirects.has(answer.status)) return answer
      await answer.discard()
      const next = URL.parse(location, url.href)
      if (next === null || !isBelow(next, parseBase(base)))
        throw new ApiError(502, 'The remote service redirects out of its base URL, which is not followed.')
      url = next
    }
  }
}

const refusesKeeping = (header: string | undefined): boolean => /\bno-store\b/i.test(header ?? '')

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

/** Passes bytes on, and hands over the whole when it came to its end and was small enough. */
async function* collected(
  source: AsyncIterable<Uint8Array>,
  whole: (bytes: Uint8Array) => void,
): AsyncGenerator<Uint8Array> {
  let parts: Uint8Array[] | null = []
  let size = 0
  for await (const chunk of source) {
    size += chunk.length
    if (size > entryBytes) parts = null
    parts?.push(Buffer.from(chunk))
    yield chunk
  }
  if (parts !== null) whole(Buffer.concat(parts))
}

const listBytes = 1 << 20

/** The texts of `{"resource": [...]}`. */
async function listOf(bytes: AsyncIterable<Uint8Array>): Promise<readonly string[]> {
  const whole = await collect(bytes, listBytes, () => new ApiError(502, "The remote's access list is too long."))
  try {
    const found = parseJson(whole.toString('utf8')) as { readonly resource?: unknown } | null
    const list = Array.isArray(found) ? found : found?.resource
    return Array.isArray(list) ? list.filter((item): item is string => typeof item === 'string') : []
  } catch (error) {
    throw remoteError(error)
  }
}
