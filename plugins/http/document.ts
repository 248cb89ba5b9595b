/** The OpenAPI document that was written for a service: where the remote is, and what a role may name (control-plane 8.1, 3.6). */
import { parse } from 'yaml'

export type Document = { readonly [name: string]: unknown }

/** JSON or YAML; null for none, and for what can't be read. */
export function readDocument(content: string | null): Document | null {
  if (content === null || content.trim() === '') return null
  try {
    const read: unknown = parse(content, { maxAliasCount: 100 })
    return read !== null && typeof read === 'object' && !Array.isArray(read) ? (read as Document) : null
  } catch {
    return null
  }
}

/** OpenAPI 3: the first server. Swagger 2: scheme, host and path. '' when the document tells none. */
export function baseOf(document: Document | null): string {
  if (document === null) return ''
  const { servers, schemes, host, basePath } = document
  const [server] = Array.isArray(servers) ? servers : []
  const url: unknown = (server as Document | undefined)?.url
  if (typeof url === 'string' && /^https?:\/\//i.test(url)) return url
  if (typeof host !== 'string' || host === '') return ''
  const [scheme = 'http'] = Array.isArray(schemes) ? schemes.map(String) : []
  return `${scheme}://${host}${typeof basePath === 'string' ? basePath : ''}`
}

/** Each path, with `*` in place of what varies; '' and '*' stand for all. */
export function componentsOf(document: Document | null): readonly string[] {
  const paths = document?.paths
  const names = paths !== null && typeof paths === 'object' ? Object.keys(paths) : []
  const components = names
    .filter((path) => !path.startsWith('x-'))
    .map((path) => path.replace(/^\/+|\/+$/g, '').replace(/\{[^}]*\}.*$/, '*'))
  return [...new Set(['', '*', ...components])]
}
