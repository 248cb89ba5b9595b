import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Route, route } from '../../../kernel/http/routes.ts'

const prefixes = { api: 'api', status: 'status' }
const api = (version: string | null, service: string | null, path: string[] = [], trailingSlash = false): Route => ({
  kind: 'api',
  version,
  service,
  path,
  trailingSlash,
})

describe('routes', () => {
  const cases: { path: string; is: Route }[] = [
    { path: '/api', is: api(null, null) },
    { path: '/api/v2', is: api('v2', null) },
    { path: '/api/v2/', is: api('v2', null, [], true) },
    { path: '/api/v2/db', is: api('v2', 'db') },
    { path: '/api/v2.1/DB/_table', is: api('v2.1', 'db', ['_table']) },
    { path: '/api/v3/db', is: api('v3', 'db') },
    { path: '/api/db/_table/x', is: api(null, 'db', ['_table', 'x']) },
    { path: '/api/vx/db', is: api(null, 'vx', ['db']) },
    { path: '/api/v2//mysql', is: api('v2', 'mysql') },
    { path: '/api/v2/mysql//_table', is: api('v2', 'mysql', ['_table']) },
    { path: '/api/v2/files/a/b/', is: api('v2', 'files', ['a', 'b'], true) },
    { path: '/api/v2/db/./_table/.', is: api('v2', 'db', ['_table']) },
    { path: '/api/v2/db/_table/t/d%C3%A9p', is: api('v2', 'db', ['_table', 't', 'dép']) },
    { path: '/api/v2/db/_table/t/%25', is: api('v2', 'db', ['_table', 't', '%']) },
    { path: '/api/v2/db/_table/t/d%221', is: api('v2', 'db', ['_table', 't', 'd"1']) },
    { path: '/api/v2/db/_table/t/a..b', is: api('v2', 'db', ['_table', 't', 'a..b']) },
    { path: '/api/v2/db/_table/t/a+b', is: api('v2', 'db', ['_table', 't', 'a+b']) },
    { path: '/api/v2/db/_table/t%2F5', is: api('v2', 'db', ['_table', 't', '5']) },
    { path: '/', is: { kind: 'home' } },
    { path: '/status', is: { kind: 'status' } },
    { path: '/setup', is: { kind: 'setup' } },
    { path: '/_health/live', is: { kind: 'live' } },
    { path: '/_health/ready', is: { kind: 'ready' } },
    { path: '/API/v2/mysql', is: { kind: 'none', path: ['API', 'v2', 'mysql'] } },
    { path: '/apix', is: { kind: 'none', path: ['apix'] } },
    { path: '/constructor', is: { kind: 'none', path: ['constructor'] } },
  ]
  for (const { path, is } of cases) it(path, () => assert.deepEqual(route(path, prefixes), is))

  it('prefixes of several segments', () => {
    const long = { api: 'df/api', status: 'df/status' }
    assert.deepEqual(route('/df/api/v2/db', long), api('v2', 'db'))
    assert.deepEqual(route('/df/status', long), { kind: 'status' })
    assert.deepEqual(route('/df', long), { kind: 'none', path: ['df'] })
  })

  const refused: { path: string; message: RegExp }[] = [
    { path: '/api/v2/db/../x', message: /'\.\.' segments/ },
    { path: '/api/v2/db/%2e%2e/x', message: /'\.\.' segments/ },
    { path: '/api/v2/db/x%2f..%2fy', message: /'\.\.' segments/ },
    { path: '/api/v2/db/%zz', message: /can not be decoded/ },
    { path: '/api/v2/db/%ff', message: /can not be decoded/ },
    { path: '/api/v2/db/a%00', message: /zero character/ },
  ]
  for (const { path, message } of refused)
    it(path, () => assert.throws(() => route(path, prefixes), { status: 400, message }))
})
