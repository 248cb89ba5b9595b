/** A SOAP service as a resource a function (control-plane 8.2). */
import { booleanOption, parseOptions, projectList, wrapList } from 'dataferry/records'
import {
  type ApiReply,
  type ApiRequest,
  BadRequest,
  type Caller,
  Connection,
  isConfigRow,
  type Json,
  type OpenApiPart,
  type Service,
  type ServiceHost,
  usualConnection,
  verbBits,
} from 'dataferry/sdk'
import { SoapClient } from './client.ts'
import type { Soap } from './config.ts'
import { describeFunctions } from './describe.ts'
import { Transport } from './transport.ts'

/** Reading a WSDL, in milliseconds. */
const describePatienceMs = 30_000

export class SoapService implements Service {
  readonly #host: ServiceHost
  readonly #connection: Connection
  readonly #client: SoapClient

  constructor(soap: Soap, host: ServiceHost) {
    this.#host = host
    const { connectMs, verifyPeer, wsdl, location } = soap
    const options = {
      ...usualConnection,
      verifyPeer,
      verifyHost: verifyPeer,
      ...(connectMs === null ? {} : { connectMs }),
    }
    this.#connection = new Connection(options, host.settings.remote.allow)
    const transport = new Transport(this.#connection, host.settings.http.maxBodyBytes, [wsdl, location ?? ''])
    this.#client = new SoapClient(soap, transport, host.settings.files.root)
  }

  async handle(request: ApiRequest, signal: AbortSignal): Promise<ApiReply> {
    const { verb, path } = request
    const [name, below] = path
    if (name === undefined) return this.#list(request, signal)
    if (verb !== 'GET' && verb !== 'POST')
      throw new BadRequest(
        `${verb} requests are not supported by the '${this.#host.service.name}' service. Call functions with GET or POST.`,
      )
    if (below !== undefined) throw new BadRequest(`The function '${name}' has no resources of its own.`)
    return value(await this.#client.call(name, argumentsOf(request), signal))
  }

  async resources(_request: ApiRequest, signal: AbortSignal): Promise<readonly string[]> {
    return ['', '*', ...(await this.#client.functions(signal)).keys()]
  }

  async describe(caller: Caller): Promise<OpenApiPart> {
    const functions = await this.#client.functions(AbortSignal.timeout(describePatienceMs))
    return describeFunctions([...functions.values()].filter(({ name }) => this.#mask(caller, name) !== 0))
  }

  async probe(signal: AbortSignal): Promise<void> {
    this.#client.forget()
    await this.#client.functions(signal)
  }

  forget(): void {
    this.#client.forget()
  }

  trouble(): string | null {
    return this.#connection.trouble
  }

  async close(): Promise<void> {
    await this.#connection.close()
  }

  async #list(request: ApiRequest, signal: AbortSignal): Promise<ApiReply> {
    const { verb, caller, query, output } = request
    const { name: service } = this.#host.service
    if (verb !== 'GET')
      throw new BadRequest(
        `${verb} requests without a resource are not currently supported by the '${service}' service.`,
      )
    const options = parseOptions(query, null, true)
    if (booleanOption(query.get('refresh'))) this.#client.forget()
    const shown = [...(await this.#client.functions(signal)).keys()].filter((name) => this.#mask(caller, name) !== 0)
    if (booleanOption(query.get('as_access_list'))) {
      const root = this.#mask(caller, '') !== 0 ? ['', '*'] : []
      return value(wrapList({ ...output, wrapper: output.wrapper ?? output.wrapperName }, [...root, ...shown]))
    }
    const rows = shown.map((name) => ({ name, access: verbsOf(this.#mask(caller, name)) }))
    return value(wrapList(output, options.fields === null && !options.asList ? rows : projectList(rows, options)))
  }

  #mask(caller: Caller, name: string): number {
    return this.#host.maskFor(caller, this.#host.service.name, name)
  }
}

const verbsOf = (mask: number): readonly string[] =>
  Object.entries(verbBits)
    .filter(([, bit]) => (mask & bit) !== 0)
    .map(([verb]) => verb)

const value = (body: Json): ApiReply => ({ status: 200, headers: {}, body: { kind: 'value', value: body } })

/** Members of the body over those of the query. */
function argumentsOf({ verb, query, body }: ApiRequest): { readonly [name: string]: Json } {
  const given: { [name: string]: Json } = Object.fromEntries(query)
  if (body.kind !== 'value') return given
  if (!isConfigRow(body.value)) {
    if (verb === 'GET') return given
    throw new BadRequest('The arguments of a function must be a JSON object.')
  }
  return { ...given, ...body.value }
}
