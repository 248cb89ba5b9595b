/** What DF_SYSTEM_DB means. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { locate } from '../../../plugins/system/store/location.ts'

const cases = [
  { name: 'nothing', url: null, type: 'sqlite', config: { database: '/data/system.sqlite' }, folder: null },
  {
    name: 'a file',
    url: 'sqlite:/else/x.sqlite',
    type: 'sqlite',
    config: { database: '/else/x.sqlite' },
    folder: '/else',
  },
  {
    name: 'a file of the data folder',
    url: 'sqlite:/data/y.sqlite',
    type: 'sqlite',
    config: { database: '/data/y.sqlite' },
    folder: null,
  },
  {
    name: 'PostgreSQL',
    url: 'postgres://us%40er:p%3Aw@h.example:5433/d%20b?sslmode=verify-full&schema=a"b&pool_size=4',
    type: 'pgsql',
    config: {
      host: 'h.example',
      port: 5433,
      database: 'd b',
      username: 'us@er',
      password: 'p:w',
      sslmode: 'verify-full',
      options: { pool_size: '4' },
    },
    statement: 'set search_path = "a""b"',
    folder: null,
  },
  {
    name: 'PostgreSQL at an IPv6 address',
    url: 'postgresql://u@[::1]/d',
    type: 'pgsql',
    config: { host: '::1', database: 'd', username: 'u', password: '' },
    folder: null,
  },
  {
    name: 'MySQL',
    url: 'mysql://u:p@h/d?ssl_mode=REQUIRED',
    type: 'mysql',
    config: { host: 'h', database: 'd', strict: true, options: { ssl_mode: 'REQUIRED' } },
    folder: null,
  },
  { name: 'MariaDB', url: 'mariadb://u:p@h:3307/d', type: 'mariadb', config: { port: 3307 }, folder: null },
] as const

for (const { name, url, type, config, folder, ...more } of cases) {
  test(name, () => {
    const found = locate(url, '/data')
    assert.deepEqual([found.type, found.shared, found.folder], [type, type !== 'sqlite', folder])
    for (const [key, value] of Object.entries(config)) assert.deepEqual(found.config[key], value, key)
    if ('statement' in more) assert.ok((found.config.statements as readonly string[]).includes(more.statement))
  })
}

test('a URL without host or database is refused without being shown', () => {
  for (const url of ['postgres://u:secret@h', 'mysql:///d'])
    assert.throws(
      () => locate(url, '/data'),
      (error: Error) =>
        /DF_SYSTEM_DB must name a host and a database/.test(error.message) && !error.message.includes('secret'),
    )
})
