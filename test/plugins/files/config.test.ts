/** Which folders a file service may have (control-plane 5.3, 13.4). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkFileConfig, folderOf, publicPaths } from '../../../plugins/files/config.ts'

test('folders', async (t) => {
  const data = '/srv/app/data'
  const storage = `${data}/storage`
  const cases: readonly { readonly container: unknown; readonly root?: string; readonly is: string | RegExp }[] = [
    { container: 'app', is: `${storage}/app` },
    { container: ' a/b/ ', is: `${storage}/a/b/`.slice(0, -1) },
    { container: 'a/../b', is: `${storage}/b` },
    { container: '/mnt/files', is: '/mnt/files' },
    { container: `${storage}/app`, is: `${storage}/app` },
    { container: '/etcetera', is: '/etcetera' },
    { container: '', is: /is required/ },
    { container: null, is: /is required/ },
    { container: 'a\0b', is: /zero character/ },
    { container: '..', is: /inside of the storage folder/ },
    { container: 'a/../..', is: /inside of the storage folder/ },
    { container: '.', is: /inside of the storage folder/ },
    { container: '/', is: /Invalid root directory: \/ is not allowed/ },
    { container: '//', is: /Invalid root directory/ },
    { container: '/mnt/..', is: /Invalid root directory/ },
    ...[
      '/bin',
      '/sbin',
      '/lib',
      '/lib32',
      '/lib64',
      '/libx32',
      '/dev',
      '/etc',
      '/etc/ssl',
      '/ETC',
      '/proc/self',
      '/sys',
    ].map((container) => ({ container, is: /Invalid root directory: .* is not allowed/ })),
    { container: data, is: /holds the data of this server/ },
    { container: '/srv', is: /holds the data of this server/ },
    { container: `${data}/databases`, is: /holds the data of this server/ },
    { container: `${storage}/..`, is: /holds the data of this server/ },
    { container: 'data', root: '/srv/app', is: /holds the data of this server/ },
    { container: 'data/databases', root: '/srv/app', is: /holds the data of this server/ },
    { container: 'files', root: '/srv/app', is: '/srv/app/files' },
    { container: 'databases', root: data, is: /holds the data of this server/ },
  ]
  for (const { container, root = storage, is } of cases) {
    await t.test(`${JSON.stringify(container)} in ${root}`, () => {
      const config = { container: container as string }
      if (typeof is === 'string') {
        assert.equal(folderOf(config, root, data), is)
        assert.doesNotThrow(() => checkFileConfig(config))
      } else assert.throws(() => folderOf(config, root, data), is)
    })
  }
})

test('public paths', () => {
  assert.deepEqual(publicPaths({ public_path: ['a/b/', '/c', '', null] }), [['a', 'b'], ['c']])
  assert.deepEqual(publicPaths({ public_path: null }), [])
  for (const public_path of [['/'], ['../x'], 'a', ['.dataferry-partial']])
    assert.throws(() => publicPaths({ public_path }), { status: 400 })
})
