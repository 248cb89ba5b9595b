/** One SOAP service as functions: its WSDL is read once, at the first use; a call is one message there and one back. */
import { readFile } from 'node:fs/promises'
import { join, resolve, sep } from 'node:path'
import { ApiError, exactNumber, InternalError, type Json, NotFound, xmlElement } from 'dataferry/sdk'
import type { Client, IHttpClient } from 'soap'
import type { Soap, SoapHeader } from './config.ts'
import { refuseDoctype, type Transport } from './transport.ts'
import { plain } from './values.ts'

/** A function of the WSDL; the shapes are as the library tells them: names to types, or to further shapes. */
export interface SoapFunction {
  readonly name: string
  readonly input: Shape
  readonly output: Shape
}
export type Shape = string | { readonly [name: string]: Shape }

interface Opened {
  readonly client: Client
  readonly functions: ReadonlyMap<string, SoapFunction>
}

export class SoapClient {
  readonly #soap: Soap
  readonly #transport: Transport
  /** The folder that WSDL files are in. */
  readonly #folder: string
  #opening: Promise<Opened> | null = null

  constructor(soap: Soap, transport: Transport, folder: string) {
    this.#soap = soap
    this.#transport = transport
    this.#folder = folder
  }

  /** The WSDL is read again at the next use. */
  forget(): void {
    this.#opening = null
  }

  async functions(signal: AbortSignal): Promise<ReadonlyMap<string, SoapFunction>> {
    return (await this.#open(signal)).functions
  }

  /** @throws NotFound for a name that the WSDL does not have, 500 with the words of a fault. */
  async call(name: string, args: { readonly [name: string]: Json }, signal: AbortSignal): Promise<Json> {
    const { client, functions } = await this.#open(signal)
    if (!functions.has(name)) throw new NotFound(`Function '${name}' does not exist on this service.`)
    return new Promise((resolveCall, reject) => {
      const method = (client as unknown as { readonly [name: string]: SoapMethod })[name]
      method?.(
        args,
        (error, result) =>
          error === null || error === undefined ? resolveCall(plain(result)) : reject(faultOf(error)),
        { signal },
      )
    })
  }

  #open(signal: AbortSignal): Promise<Opened> {
    this.#opening ??= this.#read(signal).catch((error: unknown) => {
      this.#opening = null
      throw error
    })
    return this.#opening
  }

  async #read(signal: AbortSignal): Promise<Opened> {
    const { wsdl, location, version12 } = this.#soap
    if (wsdl === '') throw new InternalError("The service has no WSDL. Set 'wsdl' in its configuration.")
    // Loaded at the first use: most servers have no SOAP service.
    const { createClientAsync } = await import('soap')
    const where = /^https?:\/\//i.test(wsdl) ? wsdl : await this.#file(wsdl)
    try {
      const client = await createClientAsync(where, {
        httpClient: this.#http(signal),
        disableCache: true,
        forceSoap12Headers: version12,
        customDeserializer: exact,
        handleNilAsNull: true,
        ...(location === null ? {} : { endpoint: location }),
      })
      await this.#secure(client)
      return { client, functions: functionsOf(client) }
    } catch (cause) {
      if (cause instanceof ApiError) throw cause
      throw new ApiError(502, 'The WSDL of the service can not be read.', { cause })
    }
  }

  /** The path of a WSDL file: nothing outside of its folder. */
  async #file(name: string): Promise<string> {
    const folder = resolve(this.#folder)
    const path = join(folder, name)
    if (!path.startsWith(folder + sep)) throw new InternalError('The WSDL file is not in the folder of local files.')
    const text = await readFile(path, 'utf8').catch((cause: unknown) => {
      throw new InternalError('The WSDL file of the service can not be read.', { cause })
    })
    refuseDoctype(text)
    return path
  }

  /** The library's way out. A call brings the signal of its request; the WSDL is read under that of who asked first. */
  #http(opening: AbortSignal): IHttpClient {
    const { login, password, usernameToken } = this.#soap
    const basic =
      login === null || usernameToken !== 'none'
        ? {}
        : { authorization: `Basic ${Buffer.from(`${login}:${password}`).toString('base64')}` }
    const request: IHttpClient['request'] = (url, data, callback, headers, options) => {
      const signal = (options as { readonly signal?: AbortSignal } | undefined)?.signal ?? opening
      const given: { [name: string]: string } = { ...basic }
      for (const [name, value] of Object.entries(headers ?? {})) {
        if (!/^(connection|content-length|host|transfer-encoding)$/i.test(name))
          given[name.toLowerCase()] = String(value)
      }
      const sent = this.#transport.send(url, typeof data === 'string' ? data : null, given, signal)
      sent.then(
        ({ status, headers: told, text }) =>
          callback(null, { status, statusCode: status, headers: told, data: text }, text),
        (error: unknown) => callback(error),
      )
      // The library looks at the callback; the promise is for who reads the answer from it.
      return sent as unknown as ReturnType<IHttpClient['request']>
    }
    return { request }
  }

  async #secure(client: Client): Promise<void> {
    const { headers, usernameToken, login, password } = this.#soap
    for (const header of headers) client.addSoapHeader(headerXml(header))
    if (usernameToken === 'none' || login === null) return
    const { WSSecurity } = await import('soap')
    client.setSecurity(
      new WSSecurity(login, password, { passwordType: usernameToken === 'digest' ? 'PasswordDigest' : 'PasswordText' }),
    )
  }
}

type SoapMethod = (
  args: unknown,
  done: (error: unknown, result: unknown) => void,
  options: { readonly signal: AbortSignal },
) => void

/** Numbers with all their digits, and dates as they were written. */
const text = (value: string): string => value
const number = (value: string): Json =>
  /^-?\d+(\.\d+)?$/.test(value) ? exactNumber(value.replace(/^(-?)0+(?=\d)/, '$1')) : value
const exact = {
  date: text,
  dateTime: text,
  time: text,
  long: number,
  integer: number,
  decimal: number,
  unsignedLong: number,
  positiveInteger: number,
  nonNegativeInteger: number,
}

function functionsOf(client: Client): ReadonlyMap<string, SoapFunction> {
  const found = new Map<string, SoapFunction>()
  const services = client.describe() as {
    readonly [service: string]: {
      readonly [port: string]: { readonly [name: string]: { readonly input?: Shape; readonly output?: Shape } }
    }
  }
  for (const ports of Object.values(services)) {
    for (const methods of Object.values(ports)) {
      for (const [name, { input = {}, output = {} }] of Object.entries(methods))
        if (!found.has(name)) found.set(name, { name, input, output })
    }
  }
  return new Map([...found].sort(([a], [b]) => a.localeCompare(b, 'en')))
}

function headerXml({ namespace, name, data, mustUnderstand, actor }: SoapHeader): string {
  const attributes = [
    ...(namespace === '' ? [] : [`xmlns:h="${escaped(namespace)}"`]),
    ...(mustUnderstand ? ['soap:mustUnderstand="1"'] : []),
    ...(actor === '' ? [] : [`soap:actor="${escaped(actor)}"`]),
  ]
  const tag = namespace === '' ? name : `h:${name}`
  return `<${[tag, ...attributes].join(' ')}>${contentOf(data)}</${tag}>`
}

function contentOf(data: string): string {
  if (!data.trimStart().startsWith('{')) return escaped(data)
  try {
    const value = JSON.parse(data) as { readonly [name: string]: Json }
    return Object.entries(value)
      .map(([name, member]) => xmlElement(name, member, 0))
      .join('')
  } catch {
    return escaped(data)
  }
}

const escaped = (value: string): string =>
  value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

interface Fault {
  readonly faultcode?: unknown
  readonly faultstring?: unknown
  readonly Code?: { readonly Value?: unknown }
  readonly Reason?: { readonly Text?: unknown }
}

/** A fault in its own words (control-plane 8.2); what is none, as what it is. */
function faultOf(error: unknown): unknown {
  if (error instanceof ApiError) return error
  const fault = (error as { readonly root?: { readonly Envelope?: { readonly Body?: { readonly Fault?: Fault } } } })
    .root?.Envelope?.Body?.Fault
  if (fault === undefined)
    return new ApiError(502, 'The SOAP service did not answer with a SOAP message.', { cause: error })
  const code = wordsOf(fault.faultcode ?? fault.Code?.Value)
  const words = wordsOf(fault.faultstring ?? fault.Reason?.Text)
  return new InternalError(`${words} [Fault code:${code}]`)
}

function wordsOf(value: unknown): string {
  const words = plain(value)
  if (words !== null && typeof words === 'object') return String((words as { readonly _?: Json })._ ?? '')
  return String(words ?? '')
}
