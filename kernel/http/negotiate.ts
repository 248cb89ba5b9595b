/**
 * What the caller wants back (data-plane 2.9, 2.10): parameter `accept`, then the Accept header with q-values, `file` for
 * downloads, `wrap` as parameter or header. And what kind of body it sends (2.6).
 */
import type { Config } from '../../config/index.ts'
import { BadRequest } from '../errors.ts'
import type { HeaderMap, Json, Output } from '../plugins/contract.ts'
import { isTrue } from './query.ts'

export interface Wanted {
  readonly output: Output
  /** False when nothing that was asked for can be made: values are then refused, and errors are JSON. */
  readonly acceptable: boolean
}

/** The first sentence of the recorded answer, without the content. */
export const notAcceptable = 'Content in response can not be resolved to acceptable content type.'

const formats: { readonly [type: string]: Output['format'] } = {
  'application/json': 'json',
  'application/xml': 'xml',
  'text/xml': 'xml',
  'text/csv': 'csv',
  'text/plain': 'text',
}
const wildcards: ReadonlyMap<string, string> = new Map([
  ['application/*', 'application/json'],
  ['text/*', 'text/plain'],
])
const extensions: ReadonlyMap<string, string> = new Map([
  ['json', 'application/json'],
  ['xml', 'application/xml'],
  ['csv', 'text/csv'],
])

export interface Negotiation {
  readonly headers: HeaderMap
  readonly query: ReadonlyMap<string, Json>
  /** Members of the payload that count like parameters (a read with a body), or null. */
  readonly payload: { readonly [name: string]: Json } | null
  /** The last resource's name is that of a download without one. */
  readonly service: string
  readonly path: readonly string[]
}

export interface Negotiator {
  /** The plain answer in the configured type, for what fails before anything is known. */
  readonly fallback: Output
  /** @throws BadRequest for a `file` that is no file name. */
  wanted(what: Negotiation): Wanted
}

export function createNegotiator(settings: Config['api']): Negotiator {
  const make = (type: string, wrapped: boolean, fileName: string | null): Output => ({
    format: formats[type] ?? 'json',
    type,
    wrapper: wrapped ? settings.wrapper : null,
    wrapperName: settings.wrapper,
    xmlRoot: settings.xmlRoot,
    fileName,
  })
  const usual = new Map(Object.keys(formats).map((type) => [type, make(type, settings.alwaysWrap, null)]))
  const json = make('application/json', settings.alwaysWrap, null)
  const fallback = usual.get(settings.contentType) ?? json

  return {
    fallback,
    wanted({ headers, query, payload, service, path }) {
      // An empty parameter is an absent one (data-plane 1.1).
      const parameter = (name: string): Json | undefined => {
        const value = query.get(name) ?? payload?.[name]
        return value === '' || value === null ? undefined : value
      }
      const accept = parameter('accept')
      const header = headers.accept
      const asked = typeof accept === 'string' ? accept : header
      const type = asked === undefined || asked.trim() === '' ? settings.contentType : bestType(asked)
      const file = parameter('file')
      const wrap = parameter('wrap')
      const wrapHeader = headers.wrap
      if (file === undefined && wrap === undefined && wrapHeader === undefined) {
        const output = type === null ? json : (usual.get(type) ?? json)
        return { output, acceptable: type !== null }
      }
      const wrapped =
        wrap === undefined && wrapHeader === undefined ? settings.alwaysWrap : isTrue(wrap) || isTrue(wrapHeader)
      const download = file === undefined ? null : downloadOf(file, type ?? 'application/json', path.at(-1) ?? service)
      const chosen = download?.type ?? type
      return {
        output: make(chosen ?? 'application/json', wrapped, download?.name ?? null),
        acceptable: chosen !== null,
      }
    },
  }
}

const knownHeaders = new Map<string, string | null>()

/** Clients send the same few headers again and again. */
function bestType(accept: string): string | null {
  const known = knownHeaders.get(accept)
  if (known !== undefined) return known
  const best = judgeTypes(accept)
  if (knownHeaders.size >= 64) knownHeaders.clear()
  if (accept.length <= 256) knownHeaders.set(accept, best)
  return best
}

/** The best type that can be made, or null. Anywhere `*` + `/*` is JSON: browsers send XML before it. */
function judgeTypes(accept: string): string | null {
  let best: string | null = null
  let bestQuality = 0
  for (const entry of accept.split(',')) {
    const [name = '', ...parameters] = entry.split(';')
    const written = name.trim().toLowerCase()
    const quality = qualityOf(parameters)
    if (quality <= 0) continue
    if (written === '*/*' || written === '*') return 'application/json'
    const type = wildcards.get(written) ?? written
    if (!Object.hasOwn(formats, type)) continue
    if (quality > bestQuality || (quality === bestQuality && type === 'application/json')) {
      best = type
      bestQuality = quality
    }
  }
  return best
}

function qualityOf(parameters: readonly string[]): number {
  for (const parameter of parameters) {
    const [name, value] = parameter.split('=')
    if (name?.trim().toLowerCase() !== 'q') continue
    const quality = Number(value?.trim())
    return Number.isFinite(quality) ? Math.min(Math.max(quality, 0), 1) : 1
  }
  return 1
}

/** A true word names the download after the resource; a text with a dot is the name, whose ending may decide the format. */
function downloadOf(
  file: Json,
  type: string,
  resource: string,
): { readonly name: string; readonly type: string | null } | null {
  if (isTrue(file))
    return { name: fileName(`${resource}.${formats[type] === 'text' ? 'txt' : formats[type]}`), type: null }
  if (typeof file !== 'string' || !file.includes('.')) return null
  const name = fileName(file)
  return { name, type: extensions.get(name.slice(name.lastIndexOf('.') + 1).toLowerCase()) ?? null }
}

/** Without folders, quotes and control characters. */
function fileName(given: string): string {
  const name = given
    .replace(/^.*[/\\]/s, '')
    .replace(/["\p{Cc};]/gu, '')
    .trim()
  if (name.replaceAll('.', '') === '') throw new BadRequest("The parameter 'file' is not a file name.")
  return name
}

/** The header of a download. Names beyond ASCII are told twice, the second time for clients that know how to read it. */
export function contentDisposition(name: string): string {
  const ascii = name.replace(/[^\x20-\x7e]/g, '_')
  const plain = `attachment; filename="${ascii}";`
  return ascii === name
    ? plain
    : `${plain} filename*=UTF-8''${encodeURIComponent(name).replace(/['()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)}`
}

export type BodyFormat = 'json' | 'form' | 'xml' | 'csv' | 'text' | 'multipart' | 'unknown'

/**
 * The kind of a body: parameter `content_type`, then the Content-Type header. A body sent as `text/plain` stays a text
 * whatever the parameter says (2.6).
 */
export function bodyFormat(contentType: string | undefined, parameter: Json | undefined): BodyFormat {
  const sent = formatOf(contentType?.toLowerCase() ?? '')
  if (typeof parameter !== 'string' || parameter === '' || sent === 'text') return sent
  const wanted = parameter.toLowerCase()
  return wanted === 'json' ? 'json' : formatOf(wanted)
}

function formatOf(type: string): BodyFormat {
  if (type === 'application/json') return 'json'
  const bare = type.split(';', 1)[0] ?? ''
  if (bare.includes('/json') || bare.includes('+json')) return 'json'
  if (bare.includes('x-www-form-urlencoded')) return 'form'
  if (bare.includes('xml')) return 'xml'
  if (bare.includes('csv')) return 'csv'
  if (bare.includes('text/plain')) return 'text'
  return bare.includes('multipart/') ? 'multipart' : 'unknown'
}
