/**
 * The calls of the original's admin interface, screen by screen, each with the fields that it reads of the answer (control-plane 12).
 * A field is a path: `resource[].name` is in every record of a list, which must not be empty; after a colon stands what it must be.
 * Fields without one must be there, and may be null.
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { signIn, startServer, type TestServer } from '../../support/server.ts'
import { access } from './admin-screens/access.ts'
import { others } from './admin-screens/others.ts'
import { services } from './admin-screens/services.ts'
import type { AdminRequest } from './admin-screens/shape.ts'

const adminKey = '6498a8ad1beb9d84d63035c5d1120c007fad6de706734db9689f8996707e0f7d'

let server: TestServer
let token = ''

const kept = new Map<string, unknown>()

/** `{name}` of texts and of values in bodies. */
function filled(value: unknown): unknown {
  if (typeof value === 'string') {
    const [, whole] = /^\{(\w+)\}$/.exec(value) ?? []
    if (whole !== undefined && kept.has(whole)) return kept.get(whole)
    return value.replace(/\{(\w+)\}/g, (text, name: string) => (kept.has(name) ? String(kept.get(name)) : text))
  }
  if (Array.isArray(value)) return value.map(filled)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, filled(inner)]))
}

async function ask({ verb = 'GET', path, body, type = 'application/json', headers = {}, open }: AdminRequest) {
  const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(filled(body))
  const at = String(filled(path))
  const answer = await fetch(`${server.url}/api/v2${at.startsWith('?') ? '' : '/'}${at}`, {
    method: verb,
    headers: {
      'X-DreamFactory-API-Key': adminKey,
      'show-loading': '',
      'snackbar-success': 'saved',
      'Cache-Control': 'no-cache, private',
      ...(open === true ? {} : { 'X-DreamFactory-Session-Token': token }),
      ...(text === undefined ? {} : { 'Content-Type': type }),
      ...headers,
    },
    ...(text === undefined ? {} : { body: text }),
  })
  const said = await answer.text()
  return { status: answer.status, type: answer.headers.get('content-type') ?? '', text: said }
}

/** Throws AssertionError unless every place that the path leads to is there, and is what its kind says. */
function check(value: unknown, field: string): void {
  const [path = '', kind = ''] = field.split(':')
  const steps = path.split('.').flatMap((part) => {
    const name = part.replace('[]', '')
    return part.endsWith('[]') ? [name, '[]'] : [name]
  })
  walk(value, steps, kind, field)
}

function walk(value: unknown, [step, ...rest]: readonly string[], kind: string, field: string): void {
  if (step === undefined) return checkKind(value, kind, field)
  if (step === '[]') {
    assert.ok(Array.isArray(value) && value.length > 0, `${field}: there must be some`)
    for (const entry of value as readonly unknown[]) walk(entry, rest, kind, field)
    return
  }
  assert.ok(typeof value === 'object' && value !== null && step in value, `${field} is missing`)
  walk((value as Readonly<Record<string, unknown>>)[step], rest, kind, field)
}

function checkKind(value: unknown, kind: string, field: string): void {
  const kinds: Readonly<Record<string, () => boolean>> = {
    '': () => value !== undefined,
    array: () => Array.isArray(value),
    object: () => typeof value === 'object' && value !== null && !Array.isArray(value),
    true: () => value === true,
    truthy: () => Boolean(value),
  }
  assert.ok((kinds[kind] ?? (() => typeof value === kind))(), `${field}: it is ${JSON.stringify(value)}`)
}

const at = (value: unknown, path: string): unknown =>
  path.split('.').reduce<unknown>((inner, step) => (inner as Readonly<Record<string, unknown>>)[step], value)

before(async () => {
  server = await startServer()
  token = await signIn(server.url)
})
after(() => server?.stop())

for (const { screen, requests } of [...services, ...access, ...others]) {
  describe(screen, () => {
    for (const request of requests) {
      test(`${request.verb ?? 'GET'} ${request.path}`, async () => {
        const { status, type, text } = await ask(request)
        assert.equal(status, request.status ?? 200, text)
        assert.match(type, /^application\/json/)
        const body: unknown = JSON.parse(text)
        for (const field of request.fields ?? []) check(body, field)
        for (const [name, path] of Object.entries(request.keep ?? {})) kept.set(name, at(body, path))
        if (kept.has('token')) token = String(kept.get('token'))
      })
    }
  })
}
