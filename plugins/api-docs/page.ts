/**
 * The page at `/docs`: Swagger UI, served by ourselves, for who picks a service, signs in or pastes a key, and tries a call. Nothing is
 * loaded from elsewhere, no script stands in the page, and credentials stay in the memory of the tab.
 */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { ApiReply, HeaderMap } from 'dataferry/sdk'
import { script, style } from './page-script.ts'

export interface PageFacts {
  /** The path of the API, without the last slash. */
  readonly api: string
  readonly title: string
}

/** What of the package is served. */
const assets: { readonly [name: string]: string } = {
  'swagger-ui-bundle.js': 'text/javascript; charset=UTF-8',
  'swagger-ui.css': 'text/css; charset=UTF-8',
  'favicon-32x32.png': 'image/png',
}

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const pageHeaders: HeaderMap = {
  'cache-control': 'no-cache',
  'content-security-policy': policy,
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
  'cross-origin-opener-policy': 'same-origin',
}

/** The file at these segments below `/docs`; null: there is none. */
export async function pageFile(below: readonly string[], facts: PageFacts): Promise<ApiReply | null> {
  const [name = '', deeper] = below
  if (deeper !== undefined) return null
  if (name === '') return file('text/html; charset=UTF-8', Buffer.from(html(facts)))
  if (name === 'page.js') return file('text/javascript; charset=UTF-8', Buffer.from(script))
  if (name === 'page.css') return file('text/css; charset=UTF-8', Buffer.from(style))
  const type = Object.hasOwn(assets, name) ? assets[name] : undefined
  if (type === undefined) return null
  const folder = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'))
  return file(type, await readFile(join(folder, name)), 'public, max-age=3600')
}

function file(type: string, bytes: Uint8Array, caching = 'no-cache'): ApiReply {
  const once = async function* (): AsyncGenerator<Uint8Array> {
    yield bytes
  }
  const headers = { ...pageHeaders, 'cache-control': caching }
  return { status: 200, headers, body: { kind: 'opaque', type, length: bytes.length, bytes: once() } }
}

const entities: { readonly [char: string]: string } = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
const escaped = (text: string): string => text.replace(/[&<>"]/g, (char) => entities[char] ?? char)

const html = ({ api, title }: PageFacts): string => `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}: API documentation</title>
<link rel="icon" href="/docs/favicon-32x32.png">
<link rel="stylesheet" href="/docs/swagger-ui.css">
<link rel="stylesheet" href="/docs/page.css">
<script src="/docs/swagger-ui-bundle.js" defer></script>
<script src="/docs/page.js" defer></script>
</head>
<body data-api="${escaped(api)}">
<header>
<h1>${escaped(title)}</h1>
<form id="credentials" autocomplete="on">
<label>API key <input id="key" type="password" autocomplete="off" spellcheck="false"></label>
<label>Email <input id="email" type="text" autocomplete="username"></label>
<label>Password <input id="password" type="password" autocomplete="current-password"></label>
<button type="submit">Use</button>
</form>
<form id="choice">
<label>Service <select id="service"></select></label>
<label><input id="expand" type="checkbox"> a path for each table</label>
</form>
<p id="told" role="status"></p>
</header>
<main id="document"></main>
<noscript>This page needs JavaScript. The document itself is at ${escaped(api)}/api_docs.</noscript>
</body>
</html>
`
