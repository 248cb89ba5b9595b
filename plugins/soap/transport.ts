/**
 * How WSDLs, schemas and calls travel. A WSDL names further addresses (imports, where to call): those are asked when they are public, or
 * on the host that the administrator named, so that a foreign WSDL can't point at the inside (control-plane 13.3).
 */
import { isIP } from 'node:net'
import { ApiError, type Connection, collect, isPublic, type Question } from 'dataferry/sdk'

export interface Received {
  readonly status: number
  readonly headers: { readonly [name: string]: string }
  readonly text: string
}

export class Transport {
  readonly #connection: Connection
  readonly #budget: number
  /** Hosts that the configuration names. */
  readonly #named: ReadonlySet<string>

  /** `budget`: bytes of one answer. */
  constructor(connection: Connection, budget: number, named: readonly string[]) {
    this.#connection = connection
    this.#budget = budget
    this.#named = new Set(named.map((url) => URL.parse(url)?.host ?? ''))
  }

  async send(
    address: string,
    body: string | null,
    headers: Question['headers'],
    signal: AbortSignal,
  ): Promise<Received> {
    const url = this.#checked(address)
    const answer = await this.#connection.ask(
      { url, method: body === null ? 'GET' : 'POST', headers, body: body === null ? null : Buffer.from(body) },
      signal,
    )
    const tooLong = `The answer of the SOAP service is longer than ${this.#budget} bytes.`
    const text = (await collect(answer.body, this.#budget, () => new ApiError(502, tooLong))).toString('utf8')
    refuseDoctype(text)
    const told: { [name: string]: string } = {}
    for (const [name, value] of Object.entries(answer.headers)) if (value !== undefined) told[name] = String(value)
    return { status: answer.status, headers: told, text }
  }

  #checked(address: string): URL {
    const url = URL.parse(address)
    if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:'))
      throw new ApiError(502, 'The WSDL names an address that is neither http nor https.')
    if (this.#named.has(url.host)) return url
    const host = url.hostname.replace(/^\[|\]$/g, '')
    const inside = isIP(host) === 0 ? !host.includes('.') : !isPublic(host)
    if (inside || /\.(localhost|local|internal|intranet|lan|corp|home|svc|arpa)$/i.test(host))
      throw new ApiError(502, "The WSDL leads to an address that is not public. The option 'location' can name it.")
    return url
  }
}

/** A document type can only be an attack or a loss. */
export function refuseDoctype(text: string): void {
  if (/<!DOCTYPE/i.test(text.slice(0, 65_536)))
    throw new ApiError(502, 'The SOAP service answered with a document type declaration, which is not read.')
}
