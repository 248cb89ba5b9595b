/** The page at `/docs`: everything that it needs is served from here, under a policy that lets nothing else in. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { startServer, type TestServer } from '../../support/server.ts'

let server: TestServer
before(async () => {
  server = await startServer({ env: { APP_NAME: 'Ferry "<b>" & co' } })
})
after(() => server?.stop())

const get = async (path: string, init: RequestInit = {}) => {
  const answer = await fetch(`${server.url}${path}`, init)
  return { status: answer.status, headers: answer.headers, text: await answer.text() }
}

describe('the page', () => {
  const files = [
    ['/docs', 'text/html'],
    ['/docs/', 'text/html'],
    ['/docs/page.js', 'text/javascript'],
    ['/docs/page.css', 'text/css'],
    ['/docs/swagger-ui-bundle.js', 'text/javascript'],
    ['/docs/swagger-ui.css', 'text/css'],
    ['/docs/favicon-32x32.png', 'image/png'],
  ] as const
  for (const [path, type] of files) {
    it(path, async () => {
      const { status, headers, text } = await get(path)
      assert.equal(status, 200)
      assert.ok(headers.get('content-type')?.startsWith(type))
      assert.ok(text.length > 100)
      const policy = headers.get('content-security-policy') ?? ''
      assert.match(policy, /^default-src 'none'/)
      assert.doesNotMatch(policy, /unsafe|https?:|\*/)
      assert.equal(headers.get('x-content-type-options'), 'nosniff')
    })
  }

  it('loads what is served, has no script of its own, and escapes the name', async () => {
    const { text } = await get('/docs')
    const loaded = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, url = '']) => url)
    assert.ok(loaded.length >= 4)
    for (const url of loaded) assert.equal((await get(url)).status, 200, url)
    assert.doesNotMatch(text, /<script>|<style>| style=| on[a-z]+=|<b>/)
  })

  const refused = [
    ['another file of the package', '/docs/package.json', 'GET', 404],
    ['below a file', '/docs/page.js/x', 'GET', 404],
    ['out of the folder', '/docs/..%2fpackage.json', 'GET', 400],
    ['a name that objects have', '/docs/constructor', 'GET', 404],
    ['another verb', '/docs', 'POST', 405],
  ] as const
  for (const [name, path, method, status] of refused) {
    it(name, async () => assert.equal((await get(path, { method })).status, status))
  }
})
