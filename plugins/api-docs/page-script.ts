/** What runs in the page at `/docs`, and how it looks; texts, because they are for browsers and served as they are. */

/** Credentials go to this server alone, and are forgotten with the tab. */
export const script = `'use strict'
const api = document.body.dataset.api
const by = (id) => document.getElementById(id)
let token = ''

const headers = () => ({
  ...(by('key').value.trim() === '' ? {} : { 'X-DreamFactory-API-Key': by('key').value.trim() }),
  ...(token === '' ? {} : { 'X-DreamFactory-Session-Token': token }),
})
const tell = (text) => { by('told').textContent = text }

async function ask(path, options = {}) {
  const answer = await fetch(api + '/' + path, { ...options, headers: { ...headers(), ...options.headers } })
  const body = await answer.json().catch(() => null)
  if (!answer.ok) throw new Error(body?.error?.message ?? 'The server answered ' + answer.status + '.')
  return body
}

async function signIn(email, password) {
  const options = {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ email, password }),
  }
  token = ''
  const session = await ask('user/session', options).catch(() => ask('system/admin/session', options))
  token = session.session_token
}

async function list() {
  const { resource } = await ask('api_docs?as_list=true')
  const chosen = by('service').value
  by('service').replaceChildren(...resource.map((name) => new Option(name, name, false, name === chosen)))
  if (resource.length === 0) {
    by('document').replaceChildren()
    return tell('Sign in or give an API key: without one there is nothing to see.')
  }
  await show()
}

async function show() {
  const name = by('service').value
  if (name === '') return
  const expand = by('expand').checked ? '?expand_schema=true' : ''
  const spec = await ask('api_docs/' + encodeURIComponent(name) + expand)
  tell('')
  SwaggerUIBundle({
    spec,
    domNode: by('document'),
    deepLinking: false,
    validatorUrl: null,
    persistAuthorization: false,
    docExpansion: 'list',
    defaultModelsExpandDepth: 0,
    presets: [SwaggerUIBundle.presets.apis],
    requestInterceptor: (request) => {
      const url = new URL(request.url, location.href)
      if (url.origin === location.origin) request.headers = { ...headers(), ...request.headers }
      return request
    },
  })
}

const failed = (error) => tell(error.message)
by('credentials').addEventListener('submit', (event) => {
  event.preventDefault()
  const { value: email } = by('email')
  const signed = email === '' ? Promise.resolve() : signIn(email, by('password').value)
  by('password').value = ''
  signed.then(list).catch(failed)
})
by('choice').addEventListener('change', () => show().catch(failed))
by('choice').addEventListener('submit', (event) => event.preventDefault())
list().catch(failed)
`

export const style = `body{margin:0;background:#fff;color:#1a1a1a;font:16px/1.5 system-ui,sans-serif}
header{padding:.8rem 1.2rem;border-bottom:1px solid #ccc}
h1{font-size:1.3rem;margin:0 0 .5rem}
form{display:flex;flex-wrap:wrap;gap:.5rem 1rem;align-items:center;margin:.3rem 0}
input:not([type=checkbox]),select{font:inherit;padding:.25rem .4rem;border:1px solid #767676;border-radius:4px}
button[type=submit]{font:inherit;padding:.3rem 1rem;border:0;border-radius:4px;background:#0b5cad;color:#fff}
#told{margin:.3rem 0 0;min-height:1.5em}
`
