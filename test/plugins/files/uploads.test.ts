/** Ways to bring files in (control-plane 9.3, 9.4, 13.3). */
import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { type Storage, startStorage } from './storage.ts'
import { zipFile } from './zips.ts'

let storage: Storage
let remote: Server
let far: string
before(async () => {
  remote = createServer((request, response) => {
    if (request.url === '/redirect') response.writeHead(302, { location: '/report.txt' }).end()
    else if (request.url === '/away') response.writeHead(302, { location: 'http://169.254.169.254/' }).end()
    else if (request.url === '/loop') response.writeHead(302, { location: '/loop' }).end()
    else if (request.url === '/gone') response.writeHead(404).end()
    else response.end(`from ${request.url}`)
  })
  await new Promise<void>((resolve) => remote.listen(0, '127.0.0.1', resolve))
  far = `http://127.0.0.1:${(remote.address() as AddressInfo).port}`
  storage = await startStorage({ DF_IMPORT_ALLOW: '127.0.0.1/32' })
})
after(async () => {
  await storage.server.stop()
  remote.close()
})

const text = async (path: string): Promise<string> => (await storage.ask('GET', `files/${path}`)).text
const form = (files: Readonly<Record<string, string>>, field = 'files[]'): FormData => {
  const made = new FormData()
  for (const [name, content] of Object.entries(files)) made.append(field, new Blob([content]), name)
  return made
}

test('bytes', async (t) => {
  await storage.ok('POST', 'files/raw/')
  await t.test('named by a header', async () => {
    const made = await storage.ask('POST', 'files/raw/', { headers: { 'X-File-Name': 'h.txt' }, body: 'head' })
    assert.deepEqual([made.status, made.json], [201, { name: 'h.txt', path: 'raw/h.txt', type: 'file' }])
    assert.equal(await text('raw/h.txt'), 'head')
  })
  await t.test('named by a header beyond ASCII', async () => {
    await storage.ok('POST', 'files/raw/', { headers: { 'X-File-Name': '%C3%A9.txt' }, body: 'e' })
    assert.equal(await text('raw/%C3%A9.txt'), 'e')
  })
  await t.test('JSON on a path is a file like any other', async () => {
    await storage.json('PUT', 'files/raw/a.json', { resource: [{ name: 'x' }] })
    assert.equal(await text('raw/a.json'), '{"resource":[{"name":"x"}]}')
  })
  await t.test('a form of a web page on a path is stored as it is', async () => {
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded' }
    await storage.ok('PUT', 'files/raw/f.txt', { headers, body: 'a=1&b=2' })
    assert.equal(await text('raw/f.txt'), 'a=1&b=2')
  })
  await t.test('none are an empty file, over a longer one too', async () => {
    await storage.put('raw/h.txt', '')
    assert.equal(await text('raw/h.txt'), '')
  })
  await t.test('over a file are refused when that is asked for', async () => {
    const { status, json } = await storage.ask('PUT', 'files/raw/h.txt?check_exist=true', { body: 'new' })
    assert.deepEqual([status, json.error.message], [400, "File 'raw/h.txt' already exists."])
  })
  await t.test('of many writers are one of them', async () => {
    const sizes = [1, 70_000, 200_000, 400_000]
    await Promise.all(sizes.map((size) => storage.put('raw/race.bin', String(size).repeat(size))))
    const seen = await text('raw/race.bin')
    assert.ok(sizes.some((size) => seen === String(size).repeat(size)))
  })
  await t.test('without a name are no file', async () => {
    const { status, json } = await storage.ask('POST', 'files/raw/', { body: 'just text' })
    assert.equal(status, 400)
    assert.match(json.error.message, /^Name the file by the header X-File-Name/)
  })
  await t.test('a folder by header', async () => {
    const made = await storage.ok('POST', 'files/raw/', { headers: { 'X-Folder-Name': 'd' } })
    assert.deepEqual(made, { name: 'd', path: 'raw/d' })
  })
})

test('forms', async (t) => {
  await storage.ok('POST', 'files/form/')
  await t.test('store each file', async () => {
    const made = await storage.ask('POST', 'files/form/', { body: form({ 'u1.txt': 'one', 'u2.txt': 'two' }) })
    assert.equal(made.status, 201)
    assert.deepEqual(made.json.resource, [
      { name: 'u1.txt', path: 'form/u1.txt', type: 'file' },
      { name: 'u2.txt', path: 'form/u2.txt', type: 'file' },
    ])
    assert.equal(await text('form/u2.txt'), 'two')
  })
  const names = [
    { given: '../../up.txt', stored: 'up.txt' },
    { given: 'C:\\temp\\win.txt', stored: 'win.txt' },
    { given: '...hidden.txt', stored: 'hidden.txt' },
  ]
  for (const { given, stored } of names) {
    await t.test(`the name ${given} is ${stored}`, async () => {
      const { resource } = await storage.ok('POST', 'files/form/', { body: form({ [given]: 'x' }, 'files') })
      assert.equal(resource[0].path, `form/${stored}`)
    })
  }
  const signatures = [
    { name: 'a.png', content: 'no picture', fits: false },
    { name: 'b.pdf', content: '%PDF-1.7', fits: true },
    { name: 'c.zip', content: 'MZ', fits: false },
    { name: 'd.txt', content: '\x7fELF\0\0\0', fits: false },
    { name: 'e.txt', content: 'MZ is how this text begins', fits: true },
    { name: 'f.unknown', content: '\x7fELF\0\0', fits: true },
    { name: 'g.png', content: '', fits: true },
  ]
  for (const { name, content, fits } of signatures) {
    await t.test(`${name} ${fits ? 'may' : 'may not'} begin so`, async () => {
      const made = await storage.ask('POST', 'files/form/', { body: form({ [name]: content }) })
      if (fits) assert.equal(made.status, 201)
      else assert.deepEqual([made.status, made.json.error.message], [400, 'File signature is not valid'])
    })
  }
  await t.test('tell of each file that was refused among others', async () => {
    const { status, json } = await storage.ask('POST', 'files/form/', {
      body: form({ 'bad.gif': 'x', 'good.txt': 'y' }),
    })
    assert.deepEqual([status, json.resource[0].error], [201, { message: 'File signature is not valid' }])
    assert.equal(await text('form/good.txt'), 'y')
  })
  await t.test('on a path give it their file', async () => {
    await storage.ok('PUT', 'files/form/named.txt', { body: form({ 'other.txt': 'content' }) })
    assert.equal(await text('form/named.txt'), 'content')
  })
  await t.test('that are cut off leave nothing', async () => {
    const body = '--b\r\nContent-Disposition: form-data; name="files"; filename="cut.txt"\r\n\r\nhalf of it'
    const headers = { 'Content-Type': 'multipart/form-data; boundary=b' }
    assert.equal((await storage.ask('POST', 'files/form/', { headers, body })).status, 400)
    assert.ok(!(await storage.tree('form/')).includes('form/cut.txt'))
  })
})

test('lists', async (t) => {
  await storage.ok('POST', 'files/json/')
  await storage.write('src/a.txt', 'source')
  await storage.write('src/b/c.txt', 'below')
  const entries = async (...resource: object[]) =>
    (await storage.json('POST', 'files/json/', { resource })).json.resource
  await t.test('of texts and base64', async () => {
    const made = await entries(
      { name: 't.txt', type: 'file', content: 'text' },
      { name: 'b.txt', type: 'file', content: 'aGVsbG8=', is_base64: true },
      { name: 'd', type: 'folder' },
    )
    assert.deepEqual(made.at(-1), { name: 'd', path: 'json/d/', type: 'folder' })
    assert.deepEqual([await text('json/t.txt'), await text('json/b.txt')], ['text', 'hello'])
  })
  await t.test('of copies', async () => {
    await entries(
      { name: 'copy.txt', type: 'file', source_path: 'src/a.txt' },
      { name: 'tree', type: 'folder', source_path: 'src' },
    )
    assert.deepEqual(
      [await text('json/copy.txt'), await text('json/tree/b/c.txt'), await text('src/a.txt')],
      ['source', 'below', 'source'],
    )
  })
  await t.test('of moves', async () => {
    await entries(
      { name: 'moved.txt', type: 'file', source_path: 'src/a.txt', delete_source: true },
      { name: 'gone', type: 'folder', source_path: 'src/b', delete_source: true },
    )
    assert.deepEqual([await text('json/moved.txt'), await text('json/gone/c.txt')], ['source', 'below'])
    assert.deepEqual(await storage.tree('src/'), [])
  })
  const refused = [
    {
      name: 'a source that is not there',
      entry: { name: 'x', type: 'file', source_path: 'src/no.txt' },
      message: "File 'src/no.txt' does not exist.",
    },
    {
      name: 'a folder that is there',
      entry: { name: 'd', type: 'folder' },
      message: "Folder 'json/d/' already exists.",
    },
    { name: 'a file over a folder', entry: { name: 'd', type: 'file', content: '' }, message: "'json/d' is a folder." },
    {
      name: 'a folder into itself',
      entry: { name: 'in', type: 'folder', source_path: 'json' },
      message: "The folder 'json' can not be copied into itself.",
    },
    {
      name: 'bad base64',
      entry: { name: 'x', type: 'file', content: '?', is_base64: true },
      message: 'The content is not valid base64.',
    },
  ]
  for (const { name, entry, message } of refused) {
    await t.test(`${name} is told in its entry`, async () => {
      assert.equal((await entries(entry))[0].error?.message, message)
    })
  }
})

test('URLs', async (t) => {
  await storage.ok('POST', 'files/url/')
  const get = (url: string, more = '') => storage.ask('POST', `files/url/?url=${encodeURIComponent(url)}${more}`)
  await t.test('that are allowed are fetched', async () => {
    assert.deepEqual((await get(`${far}/report.txt`)).json, {
      name: 'report.txt',
      path: 'url/report.txt',
      type: 'file',
    })
    assert.equal(await text('url/report.txt'), 'from /report.txt')
  })
  await t.test('may be renamed, and redirect', async () => {
    assert.equal((await get(`${far}/redirect`, '&filename=r.txt')).status, 201)
    assert.equal(await text('url/r.txt'), 'from /report.txt')
  })
  await t.test('on a path', async () => {
    await storage.ok('PUT', `files/url/p.txt?url=${encodeURIComponent(`${far}/p`)}`)
    assert.equal(await text('url/p.txt'), 'from /p')
  })
  const refused = [
    { url: 'ftp://example.org/x', message: /^Invalid import URL: scheme "ftp" is not allowed\. Only http and https/ },
    { url: 'file:///etc/passwd', message: /^Invalid import URL: scheme "file" is not allowed/ },
    { url: 'nonsense', message: /^Invalid import URL/ },
    { url: 'http://10.0.0.1/x', message: /^Invalid import URL: .*private or reserved/ },
    { url: 'http://[::1]/x', message: /private or reserved/ },
    { url: 'http://0x7f000002/x', message: /private or reserved/ },
    { url: 'http://[::ffff:10.0.0.1]/x', message: /private or reserved/ },
    { url: 'http://user:word@127.0.0.1/x', message: /must not hold a user name/ },
    { url: `${'FAR'}/away`, message: /private or reserved/ },
    { url: `${'FAR'}/loop`, message: /redirects too often/ },
    { url: `${'FAR'}/gone`, message: /it answered 404/ },
  ]
  for (const { url, message } of refused) {
    await t.test(`${url} is refused`, async () => {
      const { status, json } = await get(url.replace('FAR', far))
      assert.equal(status, 400)
      assert.match(json.error.message, message)
    })
  }
})

test('zip files', async (t) => {
  await storage.ok('POST', 'files/zip/')
  const upload = (files: Parameters<typeof zipFile>[0], query = '') =>
    storage.ask('POST', `files/zip/?extract=true${query}`, {
      headers: { 'X-File-Name': 'a.zip' },
      body: zipFile(files),
    })
  const two = [{ name: 'one.txt', content: '1' }, { name: 'd/' }, { name: 'd/two.txt', content: '2' }]
  await t.test('are unpacked, and not stored', async () => {
    assert.deepEqual((await upload(two)).json, { name: 'zip', path: 'zip/', type: 'folder' })
    assert.deepEqual(await storage.tree('zip/'), ['zip/d/', 'zip/d/two.txt', 'zip/one.txt'])
  })
  await t.test('tell what was in them', async () => {
    const { resource } = (await upload(two, '&return_extracted=true')).json
    assert.deepEqual(
      resource.map(({ path }: { path: string }) => path),
      ['zip/one.txt', 'zip/d/', 'zip/d/two.txt'],
    )
  })
  await t.test('replace what was there', async () => {
    await upload([{ name: 'new.txt' }], '&clean=true')
    assert.deepEqual(await storage.tree('zip/'), ['zip/new.txt'])
  })
  await t.test('are stored without that', async () => {
    await storage.put('zip/whole.zip', zipFile(two))
    assert.deepEqual((await storage.ask('GET', 'files/zip/whole.zip')).bytes, zipFile(two))
  })
  await t.test('are made of folders', async () => {
    await storage.ok('PUT', 'files/zip/x.zip?extract=true', { body: zipFile(two) })
    const packed = await storage.ask('GET', 'files/zip/?zip=true')
    assert.equal(packed.headers.get('content-type'), 'application/zip')
    assert.equal(packed.headers.get('content-disposition'), 'attachment; filename="zip.zip";')
    await storage.ok('POST', 'files/again/')
    const headers = { 'X-File-Name': 'z.zip' }
    await storage.ok('POST', 'files/again/?extract=true', { headers, body: new Uint8Array(packed.bytes) })
    const below = (paths: readonly string[]): string[] => paths.map((path) => path.replace(/^[^/]+/, ''))
    assert.deepEqual(below(await storage.tree('again/')), below(await storage.tree('zip/')))
    assert.equal(await text('again/d/two.txt'), '2')
  })
})
