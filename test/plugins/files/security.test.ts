/** Attacks on file services (control-plane 9.7, 9.8, 13.4): paths, links, archives, rights, what everybody may read. */
import assert from 'node:assert/strict'
import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { checkedPath, pathOf } from '../../../plugins/files/paths.ts'
import { type Storage, startStorage } from './storage.ts'
import { zipFile } from './zips.ts'

let storage: Storage
const secret = 'nobody may read this'
before(async () => {
  storage = await startStorage({ DF_FILES_MAX_EXTRACT_BYTES: String(1024 * 1024) })
  await writeFile(join(storage.dataDir, 'storage', 'secret.txt'), secret).catch(async () => {
    await mkdir(join(storage.dataDir, 'storage'), { recursive: true })
    await writeFile(join(storage.dataDir, 'storage', 'secret.txt'), secret)
  })
  await storage.write('in/file.txt', 'inside')
})
after(() => storage.server.stop())

/** Everything beside the roots of the services. */
const outside = async (): Promise<readonly string[]> =>
  [...(await readdir(storage.dataDir)), ...(await readdir(join(storage.dataDir, 'storage')))].filter(
    (name) => !/^system\.sqlite|^spool$|^databases$/.test(name),
  )

test('paths that leave the root', async (t) => {
  await storage.ok('GET', 'logs')
  const before = await outside()
  const steps = [
    '../secret.txt',
    'in/../../secret.txt',
    '..%2fsecret.txt',
    '%2e%2e/secret.txt',
    '%2e%2e%2fsecret.txt',
    '..%5csecret.txt',
    'in\\..\\..\\secret.txt',
    '..%252fsecret.txt',
    '%252e%252e/secret.txt',
    '....//secret.txt',
    'in/..;/secret.txt',
    '%00../secret.txt',
    'in/file.txt%00.png',
    '/etc/passwd',
    '//etc/passwd',
    '%2fetc%2fpasswd',
    '.dataferry-partial/x',
    '.DATAFERRY-PARTIAL/x',
    '%c0%ae%c0%ae/secret.txt',
    '.%2e/secret.txt',
  ]
  for (const path of steps) {
    await t.test(path, async () => {
      for (const method of ['GET', 'PUT', 'DELETE']) {
        const { status, text } = await storage.raw(method, `/api/v2/files/${path}`)
        assert.ok(status >= 400 && status < 500, `${method}: ${status} ${text}`)
        assert.ok(!text.includes(secret) && !text.includes(storage.dataDir), text)
      }
    })
  }
  assert.deepEqual(await outside(), before)
  assert.equal((await storage.ask('GET', 'files/in/file.txt')).text, 'inside')
})

test('names in headers and bodies', async (t) => {
  const bad = ['../x', '..', '.', 'a/b', 'a\\b', '/x', 'a\u0001', '%2e%2e', '.dataferry-partial', 'x'.repeat(300)]
  for (const name of bad) {
    await t.test(JSON.stringify(name).slice(0, 40), async () => {
      const entry = { name, type: 'file', content: 'x' }
      const made = await storage.json('POST', 'files/', { resource: [entry] })
      const told = made.json.resource?.[0]?.error ?? made.json.error
      assert.ok(told, made.text)
      for (const more of [{ source_path: `../${name}` }, { source_path: '../secret.txt' }]) {
        const copied = await storage.json('POST', 'files/', { resource: [{ name: 'c.txt', type: 'file', ...more }] })
        assert.ok(copied.json.error ?? copied.json.resource[0].error, copied.text)
      }
      const gone = await storage.json('DELETE', 'files/', { resource: [{ path: `../${name}`, type: 'file' }] })
      assert.ok(gone.json.error ?? gone.json.resource[0].error, gone.text)
      if (!/[^\x20-\x7e]/.test(name)) {
        const byHeader = await storage.ask('POST', 'files/in/', { headers: { 'X-File-Name': name }, body: 'x' })
        assert.equal(byHeader.status, 400, byHeader.text)
      }
    })
  }
})

test('a checked path never leaves its folder', () => {
  const pieces = fc.constantFrom(
    '..',
    '.',
    '/',
    '\\',
    '%2e',
    '%2f',
    '%00',
    '\0',
    'a',
    'b.txt',
    ' ',
    '~',
    ':',
    '%25',
    '\n',
    '',
  )
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.array(pieces).map((parts) => parts.join('')),
      ),
      (text) => {
        let path: readonly string[]
        try {
          path = pathOf(text)
        } catch {
          return
        }
        const root = '/srv/root'
        const joined = join(root, ...path)
        assert.ok(joined === root || joined.startsWith(`${root}/`))
        assert.equal(joined, [root, ...path].join('/'))
        assert.deepEqual(checkedPath(path), path)
        // However often somebody decodes it once more.
        for (let each = joined, count = 0; count < 3; count++) {
          assert.ok(!each.split(/[/\\]/).includes('..'), each)
          try {
            each = decodeURIComponent(each)
          } catch {
            break
          }
        }
      },
    ),
    { numRuns: 2000 },
  )
})

test('links are not there', async (t) => {
  await storage.write('links/real.txt', 'real')
  const folder = join(storage.root, 'links')
  await symlink(join(storage.dataDir, 'storage', 'secret.txt'), join(folder, 'out.txt'))
  await symlink(join(storage.dataDir, 'storage'), join(folder, 'up'))
  await symlink('real.txt', join(folder, 'same.txt'))
  await t.test('in lists', async () => assert.deepEqual(await storage.tree('links/'), ['links/real.txt']))
  for (const path of ['out.txt', 'up/secret.txt', 'same.txt', 'up/']) {
    await t.test(`for a read of ${path}`, async () => {
      const { status, text } = await storage.ask('GET', `files/links/${path}`)
      assert.deepEqual([status, text.includes(secret)], [404, false])
    })
  }
  await t.test('for a write through one', async () => {
    assert.equal((await storage.put('links/up/new.txt')).status, 404)
    assert.equal((await storage.ask('POST', 'files/links/up/d/')).status, 400)
  })
  await t.test('in a zip file', async () => {
    const { bytes } = await storage.ask('GET', 'files/links/?zip=true')
    assert.ok(!bytes.includes('out.txt') && !bytes.includes('secret.txt'))
  })
  await t.test('for a delete of their folder', async () => {
    await storage.ok('DELETE', 'files/links/?force=true')
    assert.ok((await outside()).includes('secret.txt'))
  })
})

test('hostile zip files', async (t) => {
  await storage.ok('POST', 'files/unzip/')
  const before = await outside()
  const upload = (files: Parameters<typeof zipFile>[0]) =>
    storage.ask('POST', 'files/unzip/?extract=true', { headers: { 'X-File-Name': 'a.zip' }, body: zipFile(files) })
  const good = { name: 'good.txt', content: 'x' }
  const names = [
    '../evil.txt',
    'a/../../evil.txt',
    'a/../b.txt',
    '/etc/evil',
    '\\evil.txt',
    'C:\\evil.txt',
    'C:evil.txt',
    'a\\..\\..\\evil.txt',
    'evil\0.txt',
    '%2e%2e/evil.txt',
    '%2e%2e%2fevil.txt',
    '..%2fevil.txt',
    'a/..\\evil.txt',
    '.../evil.txt',
    '.dataferry-partial/evil.txt',
    'a\nb.txt',
  ]
  for (const name of names) {
    await t.test(`an entry ${JSON.stringify(name)}`, async () => {
      const { status } = await upload([good, { name, content: 'evil' }])
      // As everywhere in the service: the folder of uploads is reserved at the root alone.
      if (name.startsWith('.dataferry')) assert.ok(status === 400 || status === 201)
      else assert.equal(status, 400)
    })
  }
  for (const name of ['a/.b/c', 'my.file.v2.txt', 'parent_dir/file', './dot/file']) {
    await t.test(`an honest entry ${name}`, async () =>
      assert.equal((await upload([{ name, content: 'x' }])).status, 201),
    )
  }
  await t.test('a link', async () => {
    assert.equal((await upload([good, { name: 'link', content: '../../secret.txt', mode: 0o120777 }])).status, 400)
  })
  await t.test('a bomb changes nothing', async () => {
    await storage.ok('DELETE', 'files/unzip/?content_only=true')
    const bomb = { name: 'bomb.bin', content: new Uint8Array(2 * 1024 * 1024) }
    assert.equal((await upload([good, bomb])).status, 413)
    // One that lies about its size.
    const liar = await upload([good, { ...bomb, size: 10 }])
    assert.ok([400, 413].includes(liar.status), String(liar.status))
    assert.deepEqual(await storage.tree('unzip/'), [])
  })
  await t.test('ten thousand entries and one', async () => {
    const many = Array.from({ length: 10_001 }, (_, index) => ({ name: `${index}` }))
    assert.equal((await upload(many)).status, 413)
  })
  await t.test('what is no zip file', async () => {
    const body = 'PK\x03\x04 and nothing more'
    const reply = await storage.ask('POST', 'files/unzip/?extract=true', { headers: { 'X-File-Name': 'a.zip' }, body })
    assert.equal(reply.status, 400)
  })
  await t.test('nothing is left of uploads', async () => {
    assert.deepEqual(await readdir(join(storage.root, '.dataferry-partial')), [])
  })
  assert.deepEqual(await outside(), before)
})

test('rights by path', async (t) => {
  const [GET, POST, PUT, DELETE] = [1, 2, 4, 16]
  for (const path of ['r/open/a.txt', 'r/closed/b.txt', 'r/list.txt']) await storage.write(path)
  // The exact row takes away what the wide one gives.
  const key = await storage.key('files-mixed', { 'r/*': 31, 'r/closed': 0, 'r/closed/b.txt': 0, 'x/*': 31 })
  const reader = await storage.key('files-reader', { 'r/open/*': GET })
  const writer = await storage.key('files-writer', { 'w/*': GET | POST | PUT, 'r/open/*': GET | DELETE })
  await storage.ok('POST', 'files/w/')
  const asks = [
    { name: 'reads below its folder', key: reader, method: 'GET', path: 'r/open/a.txt', status: 200 },
    { name: 'lists its folder', key: reader, method: 'GET', path: 'r/open/', status: 200 },
    { name: 'does not list above', key: reader, method: 'GET', path: 'r/', status: 401 },
    { name: 'does not read beside', key: reader, method: 'GET', path: 'r/closed/b.txt', status: 401 },
    { name: 'in no other case either', key: reader, method: 'GET', path: 'R/closed/b.txt', status: 401 },
    { name: 'does not write', key: reader, method: 'PUT', path: 'r/open/a.txt', status: 401 },
    { name: 'an exact row takes away', key, method: 'GET', path: 'r/closed/b.txt', status: 401 },
    { name: 'a folder is not deleted with what may not be', key, method: 'DELETE', path: 'r/?force=true', status: 403 },
    { name: 'nor emptied', key, method: 'DELETE', path: 'r/?content_only=true', status: 403 },
  ]
  for (const { name, key: who, method, path, status } of asks) {
    await t.test(name, async () =>
      assert.equal((await storage.ask(method, `files/${path}`, { key: who })).status, status),
    )
  }
  const entry = (resource: object, who = key) => storage.json('POST', 'files/r/', { resource: [resource] }, who)
  await t.test('a copy reads only what may be read', async () => {
    const { json } = await entry({ name: 'c.txt', type: 'file', source_path: 'r/closed/b.txt' })
    assert.match(json.resource[0].error.message, /^Access Forbidden\. GET access to component 'r\/closed\/b\.txt'/)
    await storage.ok('POST', 'files/x/')
    const resource = [{ name: 'c', type: 'folder', source_path: 'r' }]
    const tree = await storage.json('POST', 'files/x/', { resource }, key)
    assert.match(tree.json.resource[0].error.message, /^Access Forbidden\. GET access to component 'r\/closed'/)
    assert.equal((await storage.ask('GET', 'files/x/c/')).status, 404)
  })
  await t.test('a copy writes only where may be written', async () => {
    const made = await storage.json(
      'POST',
      'files/w/',
      { resource: [{ name: 'a.txt', source_path: 'r/open/a.txt' }] },
      writer,
    )
    assert.equal(made.json.resource[0].error, undefined)
    const moved = { name: 'm.txt', source_path: 'r/list.txt', delete_source: true }
    const refused = await storage.json('POST', 'files/w/', { resource: [moved] }, writer)
    assert.ok(refused.json.resource[0].error)
  })
  await t.test('a name in a body or header is judged by its own path', async () => {
    const { json } = await entry({ name: 'closed', type: 'folder' })
    assert.match(json.resource[0].error.message, /^Access Forbidden/)
    const inner = await storage.ask('POST', 'files/r/closed/', { key, headers: { 'X-File-Name': 'b.txt' }, body: 'x' })
    assert.ok(inner.status >= 400)
    const gone = await storage.json('DELETE', 'files/r/', { resource: [{ path: 'w', type: 'folder' }] }, key)
    assert.ok(gone.json.resource[0].error)
  })
  await t.test('a zip file holds only what may be read', async () => {
    const { status, bytes } = await storage.ask('GET', 'files/r/?zip=true', { key })
    assert.deepEqual([status, bytes.includes('list.txt'), bytes.includes('b.txt')], [200, true, false])
  })
  await t.test('a tree goes into folders that may be listed alone', async () => {
    const { resource } = await storage.ok('GET', 'files/r/?full_tree=true&as_list=true', { key })
    assert.deepEqual(resource, ['r/closed/', 'r/open/', 'r/open/a.txt', 'r/list.txt'])
  })
  await t.test('a zip file is unpacked only where may be written', async () => {
    const body = zipFile([{ name: 'open/new.txt' }, { name: 'closed/b.txt', content: 'evil' }])
    const reply = await storage.ask('POST', 'files/r/?extract=true', { key, headers: { 'X-File-Name': 'z.zip' }, body })
    assert.equal(reply.status, 403)
    assert.equal((await storage.ask('GET', 'files/r/open/new.txt')).status, 404)
  })
  await t.test('what a role could name is what it has', async () => {
    const only = await storage.key('files-lister', { '': GET, 'r/open/*': GET })
    const { resource } = await storage.ok('GET', 'files?as_access_list=true', { key: only })
    assert.deepEqual(resource, ['', '*', 'r/open/', 'r/open/*'])
  })
  await t.test('braces in a name are no pattern', async () => {
    await storage.write('b/{x}', 'braces')
    const exact = await storage.key('files-braces', { b: POST | GET, 'b/name': GET, 'b/new': POST })
    const copied = await storage.json('POST', 'files/b/', { resource: [{ name: 'new', source_path: 'b/{x}' }] }, exact)
    assert.match(copied.json.resource[0].error.message, /^Access Forbidden/)
  })
})

test('what everybody may read', async (t) => {
  await storage.client.ok('PATCH', 'system/service/3', { config: { public_path: ['pub/', 'one.txt'] } })
  for (const path of ['pub/index.html', 'pub/d/a.css', 'one.txt', 'private.txt', 'publish/x.txt'])
    await storage.write(path, path)
  await symlink(join(storage.dataDir, 'storage', 'secret.txt'), join(storage.root, 'pub', 'link.txt'))
  const cases = [
    { path: '/files/pub/index.html', status: 200 },
    { path: '/files/pub/d/a.css', status: 200 },
    { path: '/FILES/one.txt', status: 200 },
    { path: '/files/private.txt', status: 404 },
    { path: '/files/publish/x.txt', status: 404 },
    { path: '/files/pub/', status: 404 },
    { path: '/files/pub', status: 404 },
    { path: '/files', status: 404 },
    { path: '/files/pub/no.txt', status: 404 },
    { path: '/files/pub/link.txt', status: 404 },
    { path: '/files/pub/%2e%2e/private.txt', status: 400 },
    { path: '/files/pub/..%5cprivate.txt', status: 404 },
    { path: '/files/.dataferry-partial/x', status: 404 },
    { path: '/logs/pub/x', status: 404 },
    { path: '/db/pub/x', status: 404 },
    { path: '/nothing/at/all', status: 404 },
  ]
  for (const { path, status } of cases) {
    await t.test(`${path} is ${status}`, async () => assert.equal((await storage.raw('GET', path)).status, status))
  }
  await t.test('has its type and a tag', async () => {
    const { headers } = await storage.plain('GET', '/files/pub/d/a.css')
    assert.equal(headers.get('content-type'), 'text/css;charset=UTF-8')
    const again = await storage.plain('GET', '/files/pub/d/a.css', {
      headers: { 'If-None-Match': headers.get('etag') ?? '' },
    })
    assert.equal(again.status, 304)
    assert.equal((await storage.plain('HEAD', '/files/pub/d/a.css')).status, 200)
  })
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
    await t.test(`is not for ${method}`, async () =>
      assert.equal((await storage.plain(method, '/files/one.txt')).status, 404),
    )
  }
  await t.test('ends with its service', async () => {
    await storage.client.ok('PATCH', 'system/service/3', { is_active: false })
    assert.equal((await storage.plain('GET', '/files/one.txt')).status, 404)
    await storage.client.ok('PATCH', 'system/service/3', { is_active: true })
  })
})
