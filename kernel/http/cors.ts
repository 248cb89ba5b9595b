/**
 * CORS (control-plane 10.6): the rule with the longest matching pattern decides. Without a rule there is no CORS header, and a
 * preflight is refused. A request with credentials is told its own origin, never `*`.
 */
import { MethodNotAllowed } from '../errors.ts'
import type { CorsRule, HeaderMap } from '../plugins/contract.ts'
import { allowedVerbs } from './tunnel.ts'

type Headers = { readonly [name: string]: string }
interface Matcher {
  readonly rule: CorsRule
  readonly matches: (path: string) => boolean
}

/** Compiled once for each list of rules; a changed configuration is a new list. */
const compiled = new WeakMap<readonly CorsRule[], readonly Matcher[]>()

function matchersOf(rules: readonly CorsRule[]): readonly Matcher[] {
  const known = compiled.get(rules)
  if (known) return known
  const made = [...rules]
    .sort((a, b) => b.path.length - a.path.length)
    .map((rule) => ({ rule, matches: matcher(rule.path) }))
  compiled.set(rules, made)
  return made
}

/** A pattern is a glob (`*`, `api/*`) or, with a leading `^`, a regular expression, over the path without its first slash. */
function matcher(pattern: string): (path: string) => boolean {
  if (pattern === '*' || pattern === '/*') return () => true
  const source = pattern.startsWith('^')
    ? pattern
    : `^${pattern
        .replace(/^\//, '')
        .split('*')
        .map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'))
        .join('.*')}$`
  try {
    const expression = new RegExp(source)
    return (path) => expression.test(path)
  } catch {
    return () => false
  }
}

function ruleFor(rules: readonly CorsRule[], path: string): CorsRule | null {
  const bare = path.startsWith('/') ? path.slice(1) : path
  return matchersOf(rules).find(({ matches }) => matches(bare))?.rule ?? null
}

function allows(list: readonly string[], what: string): boolean {
  return list.some((entry) => entry === '*' || entry.toLowerCase() === what.toLowerCase())
}

/** The headers that any answer to a request from `origin` gets; `vary` alone when the origin is not allowed. */
export function corsHeaders(rules: readonly CorsRule[], path: string, origin: string): Headers {
  const rule = ruleFor(rules, path)
  if (rule === null) return {}
  if (!allows(rule.origins, origin)) return { vary: 'Origin' }
  return {
    ...originHeaders(rule, origin),
    ...(rule.exposed.length > 0 ? { 'access-control-expose-headers': rule.exposed.join(', ') } : {}),
  }
}

function originHeaders(rule: CorsRule, origin: string): Headers {
  if (!rule.credentials && rule.origins.includes('*')) return { 'access-control-allow-origin': '*' }
  return {
    'access-control-allow-origin': origin,
    vary: 'Origin',
    ...(rule.credentials ? { 'access-control-allow-credentials': 'true' } : {}),
  }
}

export function isPreflight(method: string | undefined, headers: HeaderMap): boolean {
  return method === 'OPTIONS' && headers.origin !== undefined && headers['access-control-request-method'] !== undefined
}

/**
 * The headers of a preflight's 204.
 *
 * @throws MethodNotAllowed when no rule allows the verb to this origin.
 */
export function preflight(rules: readonly CorsRule[], path: string, headers: HeaderMap): Headers {
  const origin = headers.origin ?? ''
  const verb = (headers['access-control-request-method'] ?? '').toUpperCase()
  const rule = ruleFor(rules, path)
  if (rule === null || !allows(rule.origins, origin) || !allows(rule.methods, verb)) {
    throw new MethodNotAllowed('No CORS rule allows this request.', { headers: { allow: allowedVerbs } })
  }
  const asked = headers['access-control-request-headers'] ?? ''
  const allowed = rule.headers.includes('*') ? asked : rule.headers.join(', ')
  return {
    ...originHeaders(rule, origin),
    'access-control-allow-methods': rule.methods.includes('*') ? allowedVerbs : rule.methods.join(', '),
    ...(allowed === '' ? {} : { 'access-control-allow-headers': allowed }),
    'access-control-max-age': String(rule.maxAge),
  }
}
