/** File services over HTTP (control-plane 9.1 to 9.6). */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Storage, startStorage } from './storage.ts'

let storage: Storage
before(async () => {
  storage = await startStorage()
})
after(() => storage.server.stop())

const names = (list: readonly { readonly name: string }[]): string[] => list.map(({ name }) => name)

test('folders and lists', async (t) => {
  await t.test('the root is there before anything was stored', async () => {
    assert.deepEqual((await storage.ok('GET', 'files')).resource, [])
  })
  await t.test('a folder is made with those above it', async () => {
    assert.deepEqual(await storage.ok('POST', 'files/list/a/b/'), { name: 'b', path: 'list/a/b/' })
    assert.equal(
      (await storage.ask('POST', 'files/list/a/b/')).json.error.message,
      "Folder 'list/a/b/' already exists.",
    )
  })
  await storage.put('list/x.txt', 'twelve bytes')
  await storage.put('list/a/b/deep.json', '{}')
  const cases = [
    { name: 'plain', query: '', is: ['a', 'x.txt'] },
    { name: 'no folders', query: '?include_folders=false', is: ['x.txt'] },
    { name: 'no files', query: '?include_files=false', is: ['a'] },
    { name: 'all below', query: '?full_tree=true', is: ['a', 'a/b', 'a/b/deep.json', 'x.txt'] },
    { name: 'search', query: '?full_tree=true&search=DEEP', is: ['a/b/deep.json'] },
    { name: 'limit counts for nothing', query: '?limit=1', is: ['a', 'x.txt'] },
  ]
  for (const { name, query, is } of cases) {
    await t.test(name, async () =>
      assert.deepEqual(names((await storage.ok('GET', `files/list/${query}`)).resource), is),
    )
  }
  await t.test('an entry', async () => {
    const { resource } = await storage.ok('GET', 'files/list/')
    assert.match(resource[1].last_modified, /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/)
    delete resource[1].last_modified
    const path = 'list/x.txt'
    assert.deepEqual(resource[1], { path, content_type: 'text/plain', content_length: 12, name: 'x.txt', type: 'file' })
    assert.deepEqual([resource[0].path, resource[0].type], ['list/a/', 'folder'])
  })
  await t.test('paths alone, and chosen fields', async () => {
    assert.deepEqual(await storage.ok('GET', 'files/list/?as_list=true'), { resource: ['list/a/', 'list/x.txt'] })
    assert.deepEqual((await storage.ok('GET', 'files/list/?fields=name,type')).resource[0], {
      name: 'a',
      type: 'folder',
    })
  })
  await t.test('properties of a folder', async () => {
    const shown = await storage.ok('GET', 'files/list/?include_properties=true')
    assert.deepEqual([shown.name, shown.path, names(shown.resource)], ['list', 'list/', ['a', 'x.txt']])
  })
  await t.test('what a role could name', async () => {
    const { resource } = await storage.ok('GET', 'files?as_access_list=true')
    assert.deepEqual(resource, ['', '*', 'list/', 'list/*', 'list/a/', 'list/a/*', 'list/a/b/', 'list/a/b/*'])
  })
  await t.test('as XML', async () => {
    const { text } = await storage.ask('GET', 'files/list/', { headers: { Accept: 'application/xml' } })
    assert.match(text, /<path>list\/x\.txt<\/path>/)
  })
})

test('what is not there', async (t) => {
  await storage.put('there.txt')
  const cases = [
    { method: 'GET', path: 'no.txt', message: "The specified file 'no.txt' was not found in storage." },
    { method: 'GET', path: 'no/', message: "Folder 'no/' does not exist in storage." },
    { method: 'GET', path: 'there.txt/', message: "Folder 'there.txt/' does not exist in storage." },
    {
      method: 'GET',
      path: 'no.txt?check_exist=true',
      message: "The specified file 'no.txt' was not found in storage.",
    },
    { method: 'PUT', path: 'no/x.txt', message: "Folder 'no' does not exist." },
    { method: 'DELETE', path: 'no.txt', message: "File 'no.txt' does not exist in storage." },
    { method: 'DELETE', path: 'no/', message: "Folder 'no/' does not exist in storage." },
  ]
  for (const { method, path, message } of cases) {
    await t.test(`${method} ${path}`, async () => {
      const { status, json } = await storage.ask(method, `files/${path}`)
      assert.deepEqual([status, json.error.message], [404, message])
    })
  }
})

test('a file', async (t) => {
  await storage.ok('POST', 'files/read/')
  await storage.put('read/page.html', '<h1>hi</h1>')
  const put = await storage.put('read/été 1.txt', '0123456789')
  const path = 'files/read/%C3%A9t%C3%A9%201.txt'
  await t.test('is stored as it was sent', () => {
    assert.deepEqual([put.status, put.json], [201, { name: 'été 1.txt', path: 'read/été 1.txt', type: 'file' }])
  })
  await t.test('is read with what a browser needs to know', async () => {
    const { status, text, headers } = await storage.ask('GET', path)
    assert.deepEqual([status, text], [200, '0123456789'])
    const expected = {
      'content-type': 'text/plain;charset=UTF-8',
      'content-length': '10',
      'content-disposition': 'inline',
      'x-content-type-options': 'nosniff',
      'accept-ranges': 'bytes',
    }
    for (const [name, value] of Object.entries(expected)) assert.equal(headers.get(name), value, name)
  })
  await t.test('of HTML runs nothing', async () => {
    const { headers } = await storage.ask('GET', 'files/read/page.html')
    assert.equal(headers.get('content-security-policy'), 'sandbox')
  })
  await t.test('is a download when that is asked for', async () => {
    const { headers } = await storage.ask('GET', `${path}?download=true`)
    assert.equal(
      headers.get('content-disposition'),
      `attachment; filename="_t_ 1.txt"; filename*=UTF-8''%C3%A9t%C3%A9%201.txt`,
    )
  })
  await t.test('is headed without its bytes', async () => {
    const { status, text, headers } = await storage.ask('HEAD', path)
    assert.deepEqual([status, text, headers.get('content-length')], [200, '', '10'])
  })
  await t.test('has properties', async () => {
    const { last_modified: _, ...shown } = await storage.ok('GET', `${path}?include_properties=true&content=true`)
    assert.deepEqual(shown, {
      path: 'read/été 1.txt',
      name: 'été 1.txt',
      content_type: 'text/plain',
      content_length: 10,
      content: 'MDEyMzQ1Njc4OQ==',
    })
  })
  const ranges = [
    { range: 'bytes=0-4', status: 206, text: '01234', content: 'bytes 0-4/10' },
    { range: 'bytes=8-', status: 206, text: '89', content: 'bytes 8-9/10' },
    { range: 'bytes=-3', status: 206, text: '789', content: 'bytes 7-9/10' },
    { range: 'bytes=5-500', status: 206, text: '56789', content: 'bytes 5-9/10' },
    { range: 'bytes=-500', status: 206, text: '0123456789', content: 'bytes 0-9/10' },
    { range: 'bytes=10-', status: 416, content: 'bytes */10' },
    { range: 'bytes=-0', status: 416, content: 'bytes */10' },
    { range: 'bytes=4-2', status: 200, text: '0123456789' },
    { range: 'bytes=0-1,3-4', status: 200, text: '0123456789' },
    { range: 'lines=0-1', status: 200, text: '0123456789' },
    { range: 'bytes=-', status: 200, text: '0123456789' },
  ]
  for (const { range, status, text, content = null } of ranges) {
    await t.test(`range ${range}`, async () => {
      const reply = await storage.ask('GET', path, { headers: { Range: range } })
      assert.deepEqual([reply.status, reply.headers.get('content-range')], [status, content])
      if (text !== undefined) assert.equal(reply.text, text)
    })
  }
  await t.test('is not sent again to who has it', async () => {
    const { headers } = await storage.ask('GET', path)
    const etag = headers.get('etag') ?? ''
    const modified = headers.get('last-modified') ?? ''
    const conditions = [
      { headers: { 'If-None-Match': etag }, status: 304 },
      { headers: { 'If-None-Match': '"other"' }, status: 200 },
      { headers: { 'If-Modified-Since': modified }, status: 304 },
      { headers: { 'If-None-Match': '"other"', 'If-Modified-Since': modified }, status: 200 },
      { headers: { 'If-Range': etag, Range: 'bytes=0-0' }, status: 206 },
      { headers: { 'If-Range': '"other"', Range: 'bytes=0-0' }, status: 200 },
      { headers: { 'If-Range': modified, Range: 'bytes=0-0' }, status: 206 },
    ]
    for (const { headers: sent, status } of conditions)
      assert.equal((await storage.ask('GET', path, { headers: sent })).status, status, JSON.stringify(sent))
  })
  await t.test('has another tag compressed, which is taken for the same', async () => {
    await storage.put('read/long.txt', 'long '.repeat(2000))
    const { headers, text } = await storage.ask('GET', 'files/read/long.txt', {
      headers: { 'Accept-Encoding': 'gzip' },
    })
    assert.equal(text.length, 10_000)
    const etag = headers.get('etag') ?? ''
    assert.match(etag, /-gzip"$/)
    const again = await storage.ask('GET', 'files/read/long.txt', { headers: { 'If-None-Match': etag } })
    assert.equal(again.status, 304)
  })
  await t.test('is written only as it was seen', async () => {
    const etag = (await storage.ask('GET', path)).headers.get('etag') ?? ''
    const write = (headers: Record<string, string>) => storage.ask('PUT', path, { headers, body: 'new' })
    assert.equal((await write({ 'If-None-Match': '*' })).status, 412)
    assert.equal((await write({ 'If-Match': '"other"' })).status, 412)
    assert.equal((await write({ 'If-Match': etag })).status, 201)
    assert.equal((await write({ 'If-Match': etag })).status, 412)
    assert.equal((await storage.ask('DELETE', path, { headers: { 'If-Match': etag } })).status, 412)
  })
  await t.test('is deleted', async () => {
    assert.deepEqual(await storage.ok('DELETE', path), { name: 'été 1.txt', path: 'read/été 1.txt' })
    assert.equal((await storage.ask('DELETE', `${path}?no_check=true`)).status, 200)
  })
})

test('deletes', async (t) => {
  for (const path of ['del/a.txt', 'del/b/c.txt', 'del2/x.txt', 'keep/x.txt']) await storage.write(path)
  const cases = [
    { name: 'the root', path: '', status: 400, message: 'No resources given for delete.' },
    { name: 'the root with force', path: '?force=true', status: 400, message: 'No resources given for delete.' },
    {
      name: 'a folder that is not empty',
      path: 'del/',
      status: 400,
      message: 'Directory not empty, can not delete without force option.',
    },
    {
      name: 'an empty list is not the folder',
      path: 'del/?force=true',
      body: { resource: [] },
      status: 400,
      message: 'No resources given for delete.',
    },
    {
      name: 'an entry without a name',
      path: 'del/',
      body: { resource: [{ type: 'folder' }] },
      status: 400,
      message: 'No path or name found for folder in delete request.',
    },
  ]
  for (const { name, path, body, status, message } of cases) {
    await t.test(`${name} is refused`, async () => {
      const reply = body
        ? await storage.json('DELETE', `files/${path}`, body)
        : await storage.ask('DELETE', `files/${path}`)
      assert.deepEqual([reply.status, reply.json.error.message], [status, message])
    })
  }
  await t.test('by name and by path, each with its result', async () => {
    const { json } = await storage.json('DELETE', 'files/del/', {
      resource: [
        { name: 'a.txt', type: 'file' },
        { path: 'del2/x.txt', type: 'file' },
        { name: 'gone.txt', type: 'file' },
      ],
    })
    assert.deepEqual(json.resource, [
      { name: 'a.txt', path: 'del/a.txt', type: 'file' },
      { name: 'x.txt', path: 'del2/x.txt', type: 'file' },
      {
        name: 'gone.txt',
        path: 'del/gone.txt',
        type: 'file',
        error: { message: "File 'del/gone.txt' does not exist in storage." },
      },
    ])
  })
  await t.test('content alone, then the folder', async () => {
    await storage.ok('DELETE', 'files/del/?content_only=true')
    assert.deepEqual(await storage.tree('del/'), [])
    await storage.ok('DELETE', 'files/del/')
    await storage.ok('POST', 'files/keep/?force=true', { headers: { 'X-HTTP-Method': 'DELETE' } })
    assert.equal((await storage.ask('GET', 'files/keep/')).status, 404)
  })
})

test('properties can not be patched', async () => {
  for (const [path, what] of [
    ['', 'container'],
    ['x/', 'folder'],
    ['x', 'file'],
  ]) {
    const { status, json } = await storage.json('PATCH', `files/${path}`, {})
    const message = `Updating ${what} properties is not implemented for current file system.`
    assert.deepEqual([status, json.error.message], [501, message])
  }
})

test('the log folder is a service of its own', async () => {
  assert.deepEqual((await storage.ok('GET', 'logs')).resource, [])
  assert.deepEqual((await storage.ok('GET', 'logs?as_access_list=true')).resource, ['', '*'])
})

test('a service by configuration', async (t) => {
  await t.test('shows it', async () => {
    const { config } = await storage.client.ok('GET', 'system/service/3')
    assert.deepEqual(config, { service_id: 3, public_path: null, container: 'app' })
  })
  const make = (config: object) =>
    storage.json('POST', 'system/service', {
      resource: [{ name: `s${Math.random().toString(36).slice(2)}`, type: 'local_file', is_active: true, config }],
    })
  const refused = [
    { name: 'no folder', config: {}, text: /The root folder \(container\) of a file service is required/ },
    { name: 'the root', config: { container: '/' }, text: /Invalid root directory: \/ is not allowed/ },
    { name: 'a system folder', config: { container: '/etc' }, text: /Invalid root directory: \/etc is not allowed/ },
    { name: 'below one', config: { container: '/usr/../etc/ssl' }, text: /Invalid root directory/ },
    { name: 'outside', config: { container: '../x' }, text: /must be a folder inside of the storage folder/ },
    { name: 'everything public', config: { container: 'x', public_path: ['/'] }, text: /A public path must be/ },
  ]
  for (const { name, config, text } of refused) {
    await t.test(`${name} is refused`, async () => {
      const { status, text: body } = await make(config)
      assert.equal(status, 400)
      assert.match(body, text)
    })
  }
  await t.test('the data folder is out of reach', async () => {
    for (const container of [storage.dataDir, `${storage.dataDir}/databases`, `${storage.dataDir}/..`]) {
      const name = `own${Math.random().toString(36).slice(2)}`
      await storage.json('POST', 'system/service', {
        resource: [{ name, type: 'local_file', is_active: true, config: { container } }],
      })
      assert.ok((await storage.ask('GET', `${name}/jwt.secret`)).status >= 400, container)
      assert.ok((await storage.ask('GET', `${name}/`)).status >= 400, container)
    }
  })
})
