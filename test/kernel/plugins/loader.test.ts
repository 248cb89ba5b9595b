import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { loadPlugins, PluginError } from '../../../kernel/plugins/loader.ts'

let folder: string
const type = (name: string) =>
  `{ name: '${name}', label: 'L', group: 'G', description: '', config: [], body: 'value', create() {} }`
const plugin = (name: string, ...types: readonly string[]) =>
  `{ name: '${name}', api: 1, types: [${types.map(type).join(', ')}] }`
const files: { readonly [path: string]: string } = {
  'one.mjs': `export default ${plugin('one', 'a', 'b')}`,
  'two.mjs': `export default ${plugin('two', 'b')}`,
  'again.mjs': `export default ${plugin('one', 'c')}`,
  'common.cjs': `exports.default = ${plugin('common', 'd')}`,
  'throws.mjs': `throw new Error('first line\\n second line')`,
  'missing.mjs': `import 'no-such-package'`,
  'nothing.mjs': `export const x = 1`,
  'later.mjs': `export default { name: 'later', api: 2, types: [] }`,
  'nameless.mjs': `export default { api: 1, types: [] }`,
  'typeless.mjs': `export default { name: 'typeless', api: 1 }`,
  'half.mjs': `export default { name: 'half', api: 1, types: [{ name: 'h', label: 'H', group: 'G', description: '', config: [] }] }`,
  'folder/plugin.js': `module.exports = ${plugin('in-folder', 'e')}`,
  'packaged/package.json': `{ "main": "lib/it.mjs" }`,
  'packaged/lib/it.mjs': `export default ${plugin('packaged', 'f')}`,
  'empty/readme.txt': '',
  'node_modules/some-plugin/package.json': `{ "name": "some-plugin", "type": "module", "exports": "./main.js" }`,
  'node_modules/some-plugin/main.js': `export default ${plugin('some-plugin', 'g')}`,
  'node_modules/@org/other/package.json': `{ "name": "@org/other", "main": "main.js" }`,
  'node_modules/@org/other/main.js': `module.exports = ${plugin('other', 'h')}`,
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dataferry-loader-'))
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), content)
  }
})
after(() => rm(folder, { recursive: true }))

const found: readonly {
  readonly name: string
  readonly wanted: readonly string[]
  readonly plugins: readonly string[]
  readonly types: readonly string[]
}[] = [
  { name: 'none', wanted: [], plugins: [], types: [] },
  { name: 'a path', wanted: ['./one.mjs'], plugins: ['one'], types: ['a', 'b'] },
  { name: 'a folder with plugin.js', wanted: ['./folder'], plugins: ['in-folder'], types: ['e'] },
  { name: 'a folder with package.json', wanted: ['./packaged/'], plugins: ['packaged'], types: ['f'] },
  { name: 'CommonJS made of ESM', wanted: ['./common.cjs'], plugins: ['common'], types: ['d'] },
  {
    name: 'packages, in order',
    wanted: ['@org/other', 'some-plugin', './one.mjs'],
    plugins: ['other', 'some-plugin', 'one'],
    types: ['h', 'g', 'a', 'b'],
  },
]
for (const { name, wanted, plugins, types } of found) {
  test(`loader: ${name}`, async () => {
    const loaded = await loadPlugins([], wanted, folder)
    assert.deepEqual(
      loaded.plugins.map((each) => each.name),
      plugins,
    )
    assert.deepEqual([...loaded.types.keys()], types)
    assert.deepEqual([...loaded.owners.keys()], types)
  })
}

test('loader: an absolute path, and a built-in one', async () => {
  const loaded = await loadPlugins(['test/support/plugins/house'], [join(folder, 'one.mjs')], '/')
  assert.deepEqual(
    loaded.plugins.map((each) => each.name),
    ['house', 'one'],
  )
  assert.equal(loaded.owners.get('echo'), 'house')
})

const failing: readonly {
  readonly name: string
  readonly wanted: readonly string[]
  readonly plugin: string
  readonly reason: RegExp
}[] = [
  { name: 'no such file', wanted: ['./nowhere.mjs'], plugin: './nowhere.mjs', reason: /there is no such file/ },
  {
    name: 'no such package',
    wanted: ['no-such-package'],
    plugin: 'no-such-package',
    reason: /no package of this name is installed/,
  },
  { name: 'a folder with nothing in it', wanted: ['./empty'], plugin: './empty', reason: /has no package\.json/ },
  { name: 'a module that throws', wanted: ['./throws.mjs'], plugin: './throws.mjs', reason: /first line second line$/ },
  {
    name: 'a module that needs what is not there',
    wanted: ['./missing.mjs'],
    plugin: './missing.mjs',
    reason: /no-such-package/,
  },
  { name: 'no default export', wanted: ['./nothing.mjs'], plugin: './nothing.mjs', reason: /no default export/ },
  {
    name: 'another version of the contract',
    wanted: ['./later.mjs'],
    plugin: './later.mjs',
    reason: /version 2 of the plugin contract; this server has version 1/,
  },
  { name: 'no name', wanted: ['./nameless.mjs'], plugin: './nameless.mjs', reason: /`name` is missing/ },
  { name: 'no types', wanted: ['./typeless.mjs'], plugin: './typeless.mjs', reason: /`types` is no list/ },
  {
    name: 'a type that lacks members',
    wanted: ['./half.mjs'],
    plugin: './half.mjs',
    reason: /service type 'h' lacks body, create/,
  },
  {
    name: 'two plugins of one name',
    wanted: ['./one.mjs', './again.mjs'],
    plugin: 'one',
    reason: /another plugin has the same name/,
  },
  {
    name: 'two types of one name',
    wanted: ['./one.mjs', './two.mjs'],
    plugin: 'two',
    reason: /service type 'b' is registered by one already/,
  },
]
for (const { name, wanted, plugin, reason } of failing) {
  test(`loader: stops at ${name}`, async () => {
    await assert.rejects(loadPlugins([], wanted, folder), (error: unknown) => {
      assert.ok(error instanceof PluginError)
      assert.ok(error.message.startsWith(`Plugin ${plugin} can't be used: `), error.message)
      assert.match(error.message, reason)
      assert.equal(error.message.includes('\n'), false)
      return true
    })
  })
}
