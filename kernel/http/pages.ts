/**
 * What is served beside the API: the start page, the status, health, and the making of the first administrator
 * (control-plane 0.1, 1.2). Pages are plain HTML without scripts, but for `/docs`, which a plugin serves.
 */
import { createHash } from 'node:crypto'
import type { Config } from '../../config/index.ts'
import { BadRequest, Forbidden, MethodNotAllowed, NotFound, ServiceUnavailable, toApiError } from '../errors.ts'
import { oneChunk } from '../formats/index.ts'
import type { ServeMetrics } from '../metrics/page.ts'
import type { ApiReply, HeaderMap, Instance, Json } from '../plugins/contract.ts'
import type { Documents } from '../plugins/documents.ts'
import { decodeBody, earlyBytes, membersOf, type RequestBody } from './body.ts'
import type { Readiness } from './index.ts'
import { bodyFormat } from './negotiate.ts'
import type { Page } from './routes.ts'
import type { HttpVerb } from './tunnel.ts'

export interface PageDeps {
  readonly settings: Config
  readonly instance: () => Instance | null
  readonly documents: () => Documents | null
  /** The answer of `/metrics`; null: there is no such page. */
  readonly metrics: ServeMetrics | null
  /** False while the server stops. */
  readonly ready: () => Readiness | Promise<Readiness>
}

export interface PageRequest {
  readonly verb: HttpVerb
  readonly headers: HeaderMap
  readonly body: RequestBody
  readonly origin: string
  /** What was sent as `Authorization: Bearer`. */
  readonly bearer: string | null
  /** The segments below the page. */
  readonly below: readonly string[]
}

/** The answer of one page. HEAD is answered as GET. */
export type ServePage = (page: Page, request: PageRequest) => Promise<ApiReply>

export function createPages({ settings, instance, documents, metrics, ready }: PageDeps): ServePage {
  return async (page, request) => {
    const posts = page === 'setup' && request.verb === 'POST'
    if (request.verb !== 'GET' && !posts) {
      const allow = page === 'setup' ? 'GET, HEAD, POST' : 'GET, HEAD'
      throw new MethodNotAllowed('This page can not be used with this verb.', { headers: { allow } })
    }
    switch (page) {
      case 'home':
        return html(200, homePage(settings, instance()?.setupNeeded() ?? false))
      case 'docs':
        return documentsPage(documents(), request.below)
      case 'robots':
        return text('User-agent: *\nDisallow: /\n')
      case 'metrics':
        if (metrics === null) throw new NotFound('There is nothing at this path.')
        return metrics(request.bearer)
      case 'live':
        return json(200, { status: 'ok' })
      case 'ready': {
        const { ok, detail } = await ready()
        return json(ok ? 200 : 503, { status: ok ? 'ok' : 'unavailable', detail })
      }
      case 'status':
        return json(200, await running(instance()).status(request.origin))
      case 'setup':
        return posts ? setUp(settings, running(instance()), request) : setupForm(settings, running(instance()))
    }
  }
}

async function documentsPage(documents: Documents | null, below: readonly string[]): Promise<ApiReply> {
  const found = (await documents?.page(below)) ?? null
  if (found === null) throw new NotFound('There is nothing at this path.')
  return found
}

function running(instance: Instance | null): Instance {
  if (instance === null)
    throw new ServiceUnavailable('The server is not ready yet.', { headers: { 'retry-after': '1' } })
  return instance
}

function json(status: number, value: Json): ApiReply {
  return { status, headers: { 'cache-control': 'no-store' }, body: { kind: 'value', value } }
}

function text(content: string): ApiReply {
  return opaque(200, 'text/plain; charset=UTF-8', content, {})
}

function opaque(status: number, type: string, content: string, headers: HeaderMap): ApiReply {
  const bytes = Buffer.from(content, 'utf8')
  return { status, headers, body: { kind: 'opaque', type, length: bytes.length, bytes: oneChunk(bytes) } }
}

const style = `body{font:16px/1.5 system-ui,sans-serif;max-width:36rem;margin:3rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}
h1{font-size:1.6rem}label{display:block;margin-top:.8rem;font-weight:600}small{display:block;color:#555}
input{font:inherit;width:100%;box-sizing:border-box;padding:.4rem;border:1px solid #767676;border-radius:4px}
button{font:inherit;margin-top:1.2rem;padding:.5rem 1.2rem;border:0;border-radius:4px;background:#0b5cad;color:#fff}
a{color:#0b5cad}:focus-visible{outline:3px solid #f5a623;outline-offset:2px}
[role=alert]{border-left:4px solid #b00020;padding:.5rem .8rem;background:#fdecea}`
const styleHash = createHash('sha256').update(style).digest('base64')

const pageHeaders: HeaderMap = {
  'cache-control': 'no-store',
  'content-security-policy': `default-src 'none'; style-src 'sha256-${styleHash}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
}

function html(status: number, { title, content }: { readonly title: string; readonly content: string }): ApiReply {
  const page = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body>
<main>
${content}
</main>
</body>
</html>
`
  return opaque(status, 'text/html; charset=UTF-8', page, pageHeaders)
}

const entities: { readonly [char: string]: string } = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
const escapeHtml = (given: string): string => given.replace(/[&<>"']/g, (char) => entities[char] ?? char)

function homePage({ name, api }: Config, setupNeeded: boolean): { title: string; content: string } {
  const setup = setupNeeded
    ? '<p><strong>This server has no administrator yet.</strong> <a href="/setup">Make the first one</a> with the code that it printed when it started.</p>\n'
    : ''
  const prefix = escapeHtml(api.routePrefix)
  return {
    title: name,
    content: `<h1>${escapeHtml(name)}</h1>
<p>A Dataferry server runs here: a governed REST API over databases, compatible with DreamFactory v2.</p>
${setup}<ul>
<li><a href="/docs">Documentation of the API, to read and to try</a></li>
<li><a href="/${prefix}/v2">Services</a> that you may see</li>
<li><a href="/${escapeHtml(api.statusRoutePrefix)}">Status</a></li>
</ul>`,
  }
}

interface Field {
  readonly name: string
  readonly label: string
  readonly type: 'text' | 'email' | 'tel' | 'password'
  readonly complete: string
  readonly required: boolean
  readonly hint?: string
}
const fields: readonly Field[] = [
  {
    name: 'code',
    label: 'Code',
    type: 'text',
    complete: 'one-time-code',
    required: true,
    hint: 'The server prints it when it starts. It works once.',
  },
  { name: 'email', label: 'Email', type: 'email', complete: 'email', required: true },
  { name: 'first_name', label: 'First name', type: 'text', complete: 'given-name', required: true },
  { name: 'last_name', label: 'Last name', type: 'text', complete: 'family-name', required: true },
  {
    name: 'name',
    label: 'Display name',
    type: 'text',
    complete: 'name',
    required: false,
    hint: 'First and last name when it is empty.',
  },
  {
    name: 'username',
    label: 'User name',
    type: 'text',
    complete: 'username',
    required: false,
    hint: 'The email when it is empty.',
  },
  { name: 'phone', label: 'Phone', type: 'tel', complete: 'tel', required: false },
  {
    name: 'password',
    label: 'Password',
    type: 'password',
    complete: 'new-password',
    required: true,
    hint: 'At least 16 characters.',
  },
  {
    name: 'password_confirmation',
    label: 'Password again',
    type: 'password',
    complete: 'new-password',
    required: true,
  },
]

function setupForm(settings: Config, instance: Instance): ApiReply {
  if (!instance.setupNeeded())
    return { status: 302, headers: { location: '/', 'cache-control': 'no-store' }, body: { kind: 'none' } }
  return html(200, setupPage(settings, {}, null))
}

function setupPage(
  { name }: Config,
  given: { readonly [name: string]: Json },
  problem: string | null,
): { title: string; content: string } {
  const input = ({ name, label, type, complete, required, hint }: Field): string => {
    const value = given[name]
    const kept =
      typeof value === 'string' && type !== 'password' && name !== 'code' ? ` value="${escapeHtml(value)}"` : ''
    const about = hint === undefined ? '' : ` aria-describedby="${name}-hint"`
    const note = hint === undefined ? '' : `\n<small id="${name}-hint">${escapeHtml(hint)}</small>`
    return `<label for="${name}">${escapeHtml(label)}</label>
<input id="${name}" name="${name}" type="${type}" autocomplete="${complete}"${required ? ' required' : ''}${kept}${about}>${note}`
  }
  const alert = problem === null ? '' : `<p role="alert">${escapeHtml(problem)}</p>\n`
  return {
    title: `${name}: first administrator`,
    content: `<h1>First administrator</h1>
${alert}<form method="post" action="/setup">
${fields.map(input).join('\n')}
<button type="submit">Create administrator</button>
</form>`,
  }
}

/** A form is answered with a page, anything else with JSON or the envelope of its error. */
async function setUp(settings: Config, instance: Instance, { headers, body }: PageRequest): Promise<ApiReply> {
  const type = headers['content-type']
  const format = bodyFormat(type, undefined)
  if (format !== 'form' && format !== 'json')
    throw new BadRequest('Send the fields of the first administrator as JSON or as a form.')
  const bytes = await body.peek(earlyBytes)
  if (bytes === null) throw new BadRequest('The fields of the first administrator are too long.')
  const decoded = decodeBody(bytes, format, type, settings.api.wrapper)
  const given = decoded.kind === 'value' ? membersOf(decoded.value) : null
  if (given === null) throw new BadRequest('Send the fields of the first administrator as JSON or as a form.')
  try {
    if (!instance.setupNeeded()) throw new Forbidden('The first administrator exists already.')
    await instance.setup(given)
  } catch (thrown) {
    const error = toApiError(thrown)
    if (format === 'json' || error.status >= 500) throw thrown
    return html(error.status, setupPage(settings, given, error.message))
  }
  if (format === 'json') return json(201, { success: true })
  return html(201, {
    title: `${settings.name}: first administrator`,
    content: '<h1>Done</h1>\n<p>The first administrator was created. The code is used up. <a href="/">Continue</a></p>',
  })
}
