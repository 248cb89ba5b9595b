/**
 * Fetching what a client names by URL (control-plane 13.3): http and https only, to addresses that every answer of the resolver
 * permits. The connection is made to an address that was checked, so that a second answer changes nothing; each redirect is judged
 * like the first URL; size and time are bounded, and no credentials of anybody go along.
 */
import { lookup } from 'node:dns/promises'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { BadRequest, PayloadTooLarge } from '../errors.ts'
import { isPublic, mapped, networks } from './addresses.ts'

export interface FetchOptions {
  /** Longer answers are cut with an error. */
  readonly maxBytes: number
  /** Addresses and networks that may be asked although they are not public. */
  readonly allow: readonly string[]
  readonly signal: AbortSignal
  /** Every address of a name. */
  readonly resolve?: (host: string) => Promise<readonly string[]>
}

export interface Fetched {
  /** The last segment of the URL's path, decoded; '' when it has none. */
  readonly name: string
  /** The media type that the answer tells; '' when none. */
  readonly type: string
  readonly bytes: AsyncIterable<Uint8Array>
}

const redirectsMost = 5
const idleMs = 30_000

/** @throws BadRequest that begins with `Invalid import URL` for what may not be fetched, and one for what could not be. */
export async function fetchUrl(url: string, options: FetchOptions): Promise<Fetched> {
  let at = checkedUrl(url)
  for (let hops = 0; hops <= redirectsMost; hops++) {
    const answer = await ask(at, await checkedAddress(at, options), options.signal)
    const { statusCode: status = 0, headers } = answer
    const { location } = headers
    if (status >= 300 && status < 400 && location !== undefined) {
      answer.destroy()
      at = checkedUrl(location, at)
      continue
    }
    if (status !== 200) {
      answer.destroy()
      throw new BadRequest(`The import URL could not be read: it answered ${status}.`)
    }
    return { name: nameOf(at), type: headers['content-type'] ?? '', bytes: bounded(answer, options.maxBytes) }
  }
  throw new BadRequest('Invalid import URL: it redirects too often.')
}

function checkedUrl(text: string, base?: URL): URL {
  const parsed = URL.parse(text.trim(), base?.href)
  if (parsed === null)
    throw new BadRequest('Invalid import URL: it can not be read. Only http and https URLs are accepted.')
  const scheme = parsed.protocol.slice(0, -1)
  if (scheme !== 'http' && scheme !== 'https')
    throw new BadRequest(
      `Invalid import URL: scheme "${scheme.slice(0, 30)}" is not allowed. Only http and https URLs are accepted.`,
    )
  if (parsed.username !== '' || parsed.password !== '')
    throw new BadRequest('Invalid import URL: it must not hold a user name or password.')
  return parsed
}

/** One address of the host; all of them must be permitted. */
async function checkedAddress({ hostname }: URL, options: FetchOptions): Promise<string> {
  const host = hostname.replace(/^\[|\]$/g, '')
  const shown = host.slice(0, 255)
  const addresses = isIP(host) ? [host] : await (options.resolve ?? everyAddress)(host).catch(() => [])
  const [first] = addresses
  if (first === undefined) throw new BadRequest(`Invalid import URL: hostname "${shown}" could not be resolved.`)
  if (!addresses.every((address) => isPublic(address) || isAllowed(address, options.allow)))
    throw new BadRequest(`Invalid import URL: hostname "${shown}" is at a private or reserved address.`)
  return first
}

async function everyAddress(host: string): Promise<readonly string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address)
}

function isAllowed(address: string, allow: readonly string[]): boolean {
  if (allow.length === 0) return false
  const plain = isIP(address) === 6 ? (mapped(address) ?? address) : address
  return networks(allow).check(plain, isIP(plain) === 6 ? 'ipv6' : 'ipv4')
}

function ask(url: URL, address: string, signal: AbortSignal): Promise<IncomingMessage> {
  const pinned: LookupFunction = (_host, { all }, found) => {
    const family = isIP(address)
    if (all) found(null, [{ address, family }])
    else found(null, address, family)
  }
  return new Promise((resolve, reject) => {
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest
    const sent = send(
      url,
      // No connection that another request left open, to another address of the name.
      { agent: false, lookup: pinned, signal, timeout: idleMs, headers: { 'accept-encoding': 'identity' } },
      resolve,
    )
    sent.on('timeout', () => sent.destroy(new Error('timeout')))
    sent.on('error', (cause) => {
      reject(signal.aborted ? signal.reason : new BadRequest('The import URL could not be read.', { cause }))
    })
    sent.end()
  })
}

async function* bounded(answer: IncomingMessage, most: number): AsyncGenerator<Uint8Array> {
  let size = 0
  try {
    for await (const chunk of answer) {
      size += (chunk as Uint8Array).length
      if (size > most) throw new PayloadTooLarge(`What the import URL answers is longer than ${most} bytes.`)
      yield chunk as Uint8Array
    }
  } catch (cause) {
    if (cause instanceof PayloadTooLarge) throw cause
    throw new BadRequest('The import URL could not be read to its end.', { cause })
  } finally {
    answer.destroy()
  }
}

function nameOf({ pathname }: URL): string {
  const last = pathname.split('/').findLast((segment) => segment !== '') ?? ''
  try {
    return decodeURIComponent(last)
  } catch {
    return last
  }
}
