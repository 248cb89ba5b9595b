/**
 * The path of a request -> where it goes (data-plane 1.1, control-plane 0.1): the API, with service and resource path, or one
 * of the plain pages. Nothing of a path is believed before it is decoded, once, and its dot segments are refused.
 */
import { BadRequest } from '../errors.ts'

export type Route = ApiRoute | DocsRoute | OtherRoute | { readonly kind: PlainPage }
export type PlainPage = 'home' | 'status' | 'live' | 'ready' | 'setup' | 'robots' | 'metrics'
export type Page = PlainPage | 'docs'

export interface DocsRoute {
  readonly kind: 'docs'
  /** The segments below `/docs`. */
  readonly below: readonly string[]
}

/** What is neither API nor page. */
export interface OtherRoute {
  readonly kind: 'none'
  /** Decoded segments. */
  readonly path: readonly string[]
}

export interface ApiRoute {
  readonly kind: 'api'
  /** The version as it was written, `v2`; null in the version-less family. */
  readonly version: string | null
  /** Lower case; null for the index. */
  readonly service: string | null
  /** Decoded segments below the service, none empty. */
  readonly path: readonly string[]
  readonly trailingSlash: boolean
}

export interface RoutePrefixes {
  /** Without outer slashes. */
  readonly api: string
  readonly status: string
}

const version = /^v[0-9.]+$/
const pages: { readonly [path: string]: PlainPage } = {
  '': 'home',
  setup: 'setup',
  'robots.txt': 'robots',
  metrics: 'metrics',
  up: 'live',
  '_health/live': 'live',
  '_health/ready': 'ready',
}

/**
 * The route of a raw path (as in the request line, without the query).
 *
 * @throws BadRequest for a path that can't be decoded, holds a zero character or a `..` segment.
 */
export function route(rawPath: string, prefixes: RoutePrefixes): Route {
  const segments = segmentsOf(decodePath(rawPath))
  const below = after(segments, prefixes.api)
  if (below < 0) return page(segments, prefixes.status)

  let at = below
  const first = segments[at]
  const versioned = first !== undefined && version.test(first)
  if (versioned) at++
  const service = segments[at]
  return {
    kind: 'api',
    version: versioned ? first : null,
    service: service === undefined ? null : service.toLowerCase(),
    path: segments.slice(at + 1),
    trailingSlash: rawPath.endsWith('/'),
  }
}

function page(segments: readonly string[], status: string): Route {
  const path = segments.join('/')
  if (segments[0] === 'docs') return { kind: 'docs', below: segments.slice(1) }
  const kind = path === status ? 'status' : Object.hasOwn(pages, path) ? pages[path] : undefined
  return kind === undefined ? { kind: 'none', path: segments } : { kind }
}

/** The index of the segment behind a prefix of one or more segments, or -1. */
function after(segments: readonly string[], prefix: string): number {
  if (segments[0] === prefix) return 1
  if (!prefix.includes('/')) return -1
  const parts = prefix.split('/')
  return parts.every((part, index) => segments[index] === part) ? parts.length : -1
}

function decodePath(raw: string): string {
  let path = raw
  if (raw.includes('%')) {
    try {
      path = decodeURIComponent(raw)
    } catch {
      throw new BadRequest('The percent-escapes of the path can not be decoded.')
    }
  }
  if (path.includes('\0')) throw new BadRequest('The path must not hold a zero character.')
  return path
}

/** Doubled slashes are one, `.` is nothing; `..` is refused, so that no path leaves its service. */
function segmentsOf(path: string): string[] {
  const segments: string[] = []
  for (let start = 0; start < path.length; ) {
    const slash = path.indexOf('/', start)
    const end = slash < 0 ? path.length : slash
    const segment = path.slice(start, end)
    if (segment === '..') throw new BadRequest("The path must not have '..' segments.")
    if (segment !== '' && segment !== '.') segments.push(segment)
    start = end + 1
  }
  return segments
}
