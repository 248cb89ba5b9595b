/** What each way of giving a setting leads to: its value, its problem, or its warning. */

import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, describe, test } from 'node:test'
import { type Config, ConfigError, load } from '../../config/index.ts'

const empty = mkdtempSync(join(tmpdir(), 'dataferry-config-'))
after(() => rmSync(empty, { recursive: true }))

type Variables = Readonly<Record<string, string>>

const configOf = (env: Variables, directory = empty): Config => load({ env, directory }).config

function problemsOf(env: Variables, directory = empty): readonly string[] {
  try {
    load({ env, directory })
  } catch (error) {
    assert.ok(error instanceof ConfigError)
    return error.problems
  }
  return []
}

describe('values', () => {
  const cases: readonly { name: string; env: Variables; read: (config: Config) => unknown; value: unknown }[] = [
    { name: 'default port', env: {}, read: (c) => c.http.port, value: 8080 },
    { name: 'port 0', env: { PORT: '0' }, read: (c) => c.http.port, value: 0 },
    { name: 'an empty value counts as not set', env: { PORT: '' }, read: (c) => c.http.port, value: 8080 },
    { name: 'blanks around a value', env: { PORT: ' 81 ' }, read: (c) => c.http.port, value: 81 },
    { name: 'default data folder is absolute', env: {}, read: (c) => c.dataDir, value: resolve('data') },
    { name: 'relative data folder', env: { DF_DATA_DIR: 'x/y' }, read: (c) => c.dataDir, value: resolve('x/y') },
    {
      name: 'SQLite storage follows the data folder',
      env: { DF_DATA_DIR: '/d' },
      read: (c) => c.sqlite.storage,
      value: resolve('/d/databases'),
    },
    {
      name: 'SQLite storage by itself',
      env: { DF_SQLITE_STORAGE: '/s' },
      read: (c) => c.sqlite.storage,
      value: resolve('/s'),
    },
    {
      name: 'URL of the system store',
      env: { DF_SYSTEM_DB: 'postgres://u:p@h/d' },
      read: (c) => c.nodes.systemDb,
      value: 'postgres://u:p@h/d',
    },
    {
      name: 'file of the system store',
      env: { DF_SYSTEM_DB: 'sqlite:/d/x.sqlite' },
      read: (c) => c.nodes.systemDb,
      value: 'sqlite:/d/x.sqlite',
    },
    {
      name: 'file of the system store as a URL',
      env: { DF_SYSTEM_DB: 'sqlite:///d/x.sqlite' },
      read: (c) => c.nodes.systemDb,
      value: 'sqlite:/d/x.sqlite',
    },
    {
      name: 'file of the system store under the working directory',
      env: { DF_SYSTEM_DB: 'sqlite:x.sqlite' },
      read: (c) => c.nodes.systemDb,
      value: `sqlite:${resolve('x.sqlite')}`,
    },
    {
      name: 'cache',
      env: { DF_CACHE: 'rediss://:p@h:6379/1' },
      read: (c) => c.nodes.cache,
      value: 'rediss://:p@h:6379/1',
    },
    { name: 'no cache', env: {}, read: (c) => c.nodes.cache, value: null },
    { name: 'switch off', env: { DF_SAMPLE: 'FALSE' }, read: (c) => c.sample, value: false },
    { name: 'switch by number', env: { APP_DEBUG: '1' }, read: (c) => c.debug, value: true },
    { name: 'list', env: { DF_PLUGINS: ' a, ./b.ts ,,c' }, read: (c) => c.plugins, value: ['a', './b.ts', 'c'] },
    { name: 'no list', env: {}, read: (c) => c.plugins, value: [] },
    {
      name: 'word in any case',
      env: { DF_LOGIN_ATTRIBUTE: 'Username' },
      read: (c) => c.auth.loginAttribute,
      value: 'username',
    },
    { name: 'synonym of a word', env: { APP_LOG_LEVEL: 'critical' }, read: (c) => c.log.level, value: 'error' },
    {
      name: 'duration in its unit',
      env: { DF_STATEMENT_TIMEOUT: '5' },
      read: (c) => c.records.statementTimeoutMs,
      value: 5_000,
    },
    {
      name: 'duration in another unit',
      env: { DF_STATEMENT_TIMEOUT: '1500ms' },
      read: (c) => c.records.statementTimeoutMs,
      value: 1_500,
    },
    { name: 'duration of minutes', env: { DF_JWT_TTL: '60' }, read: (c) => c.auth.jwtTtlMinutes, value: 60 },
    { name: 'duration of minutes in hours', env: { DF_JWT_TTL: '2h' }, read: (c) => c.auth.jwtTtlMinutes, value: 120 },
    { name: 'duration by default', env: {}, read: (c) => c.http.shutdownTimeoutMs, value: 30_000 },
    { name: 'size in bytes', env: { DF_MAX_BODY_BYTES: '4096' }, read: (c) => c.http.maxBodyBytes, value: 4_096 },
    {
      name: 'size with a letter',
      env: { DF_MAX_BODY_BYTES: '2m' },
      read: (c) => c.http.maxBodyBytes,
      value: 2 * 1024 ** 2,
    },
    {
      name: 'size with a unit',
      env: { DF_MAX_BODY_BYTES: '1 GiB' },
      read: (c) => c.http.maxBodyBytes,
      value: 1024 ** 3,
    },
    {
      name: 'secret by alias',
      env: { JWT_SECRET: 'sixteen letters.' },
      read: (c) => c.auth.jwtSecret,
      value: 'sixteen letters.',
    },
    {
      name: 'own name before alias',
      env: { DF_JWT_SECRET: 'sixteen letters.', JWT_SECRET: 'other sixteen...' },
      read: (c) => c.auth.jwtSecret,
      value: 'sixteen letters.',
    },
    { name: 'no secret', env: {}, read: (c) => c.auth.jwtSecret, value: null },
    {
      name: 'key in hex',
      env: { DF_APP_KEY: '0a'.repeat(32) },
      read: (c) => c.security.appKey?.export().toString('hex'),
      value: '0a'.repeat(32),
    },
    {
      name: 'key in base64',
      env: { APP_KEY: `base64:${Buffer.alloc(32, 10).toString('base64')}` },
      read: (c) => c.security.appKey?.export().toString('hex'),
      value: '0a'.repeat(32),
    },
    { name: 'wrapper', env: { DF_RESOURCE_WRAPPER: 'record' }, read: (c) => c.api.wrapper, value: 'record' },
    {
      name: 'networks of proxies',
      env: { DF_TRUSTED_PROXIES: '10.0.0.0/8,::1' },
      read: (c) => c.http.trustedProxies,
      value: ['10.0.0.0/8', '::1'],
    },
    {
      name: 'first administrator',
      env: { DF_ADMIN_EMAIL: 'a@b.c', DF_ADMIN_PASSWORD: 'Dream!123456Dream!' },
      read: (c) => [c.admin.email, c.admin.password, c.admin.firstName],
      value: ['a@b.c', 'Dream!123456Dream!', 'Admin'],
    },
  ]
  for (const { name, env, read, value } of cases) {
    test(name, () => assert.deepEqual(read(configOf(env)), value))
  }
})

describe('problems', () => {
  const cases: readonly { name: string; env: Variables; problem: RegExp }[] = [
    {
      name: 'port out of range',
      env: { PORT: '65536' },
      problem: /^PORT must be a whole number from 0 to 65535; it is "65536"$/,
    },
    { name: 'port with letters', env: { PORT: '80a' }, problem: /^PORT must be/ },
    { name: 'port with a fraction', env: { PORT: '80.5' }, problem: /^PORT must be/ },
    { name: 'no switch', env: { DF_SAMPLE: 'maybe' }, problem: /^DF_SAMPLE must be true or false/ },
    { name: 'no such word', env: { DF_LOGIN_ATTRIBUTE: 'phone' }, problem: /one of email, username/ },
    {
      name: 'a word that every object has',
      env: { DF_LOG_LEVEL: 'constructor' },
      problem: /^DF_LOG_LEVEL must be one of/,
    },
    {
      name: 'no duration',
      env: { DF_SHUTDOWN_TIMEOUT: '5 years' },
      problem: /^DF_SHUTDOWN_TIMEOUT must be a duration/,
    },
    { name: 'duration out of range in another unit', env: { DF_HEADERS_TIMEOUT: '1ms' }, problem: /from 1 to 3600 s/ },
    {
      name: 'no size',
      env: { DF_MAX_BODY_BYTES: '5 TB' },
      problem: /^DF_MAX_BODY_BYTES must be a size from 1 KiB to 4 GiB/,
    },
    {
      name: 'no email address',
      env: { DF_ADMIN_EMAIL: 'admin', DF_ADMIN_PASSWORD: 'Dream!123456Dream!' },
      problem: /^DF_ADMIN_EMAIL must be an email address/,
    },
    {
      name: 'email without password',
      env: { DF_ADMIN_EMAIL: 'a@b.c' },
      problem: /^DF_ADMIN_EMAIL needs DF_ADMIN_PASSWORD/,
    },
    {
      name: 'password without email',
      env: { DF_ADMIN_PASSWORD: 'Dream!123456Dream!' },
      problem: /^DF_ADMIN_PASSWORD needs DF_ADMIN_EMAIL/,
    },
    {
      name: 'alias is named as it was given',
      env: { JWT_SECRET: 'short' },
      problem: /^JWT_SECRET must be a text of at least 16 characters/,
    },
    {
      name: 'key of another length',
      env: { DF_APP_KEY: 'ab'.repeat(31) },
      problem: /^DF_APP_KEY must be 32 bytes in base64 or hex/,
    },
    { name: 'no network', env: { DF_TRUSTED_PROXIES: '10.0.0.0/33' }, problem: /^DF_TRUSTED_PROXIES must be a list/ },
    { name: 'prefix with slashes', env: { DF_API_ROUTE_PREFIX: '/api/' }, problem: /without a slash/ },
    { name: 'prefixes that are the same', env: { DF_API_ROUTE_PREFIX: 'status' }, problem: /must differ/ },
    {
      name: 'head limit under URL limit',
      env: { DF_MAX_URL_BYTES: '16k' },
      problem: /^DF_MAX_URL_BYTES must be less than/,
    },
    {
      name: 'refresh under life time',
      env: { DF_JWT_REFRESH_TTL: '10' },
      problem: /^DF_JWT_REFRESH_TTL must not be less/,
    },
  ]
  for (const { name, env, problem } of cases) {
    test(name, () => {
      const problems = problemsOf(env)
      assert.equal(problems.length, 1)
      assert.match(problems[0] ?? '', problem)
    })
  }

  test('all are named at once', () => {
    assert.equal(problemsOf({ PORT: 'x', DF_SAMPLE: 'x', DF_MAX_BODY_BYTES: 'x', DF_JWT_SECRET: 'x' }).length, 4)
  })

  test('secrets are not shown', () => {
    const secrets = { DF_ADMIN_PASSWORD: 'hunter2', DF_JWT_SECRET: 'hunter2', DF_APP_KEY: 'hunter2' }
    const problems = problemsOf(secrets)
    assert.equal(problems.length, 3)
    assert.doesNotMatch(problems.join(), /hunter2/)
  })
})

describe('warnings', () => {
  const cases: readonly { name: string; env: Variables; warnings: readonly string[] }[] = [
    {
      name: 'a slip of the pen',
      env: { DF_SAMPEL: '1' },
      warnings: ['DF_SAMPEL is not a setting; did you mean DF_SAMPLE?'],
    },
    { name: 'nothing near', env: { DF_QQQQQQQQQQQQ: '1' }, warnings: ['DF_QQQQQQQQQQQQ is not a setting'] },
    {
      name: 'a setting of DreamFactory without effect here',
      env: { DF_LANDING_PAGE: '/x' },
      warnings: ['DF_LANDING_PAGE has no effect in this version'],
    },
    { name: 'other names are nobody’s business', env: { PATH: '/bin', DFX: '1' }, warnings: [] },
    { name: 'known names', env: { DF_SAMPLE: 'false', JWT_SECRET: 'sixteen letters.' }, warnings: [] },
  ]
  for (const { name, env, warnings } of cases) {
    test(name, () => assert.deepEqual(load({ env, directory: empty }).warnings, warnings))
  }
})

describe('.env', () => {
  const folder = mkdtempSync(join(tmpdir(), 'dataferry-config-'))
  after(() => rmSync(folder, { recursive: true }))
  writeFileSync(
    join(folder, '.env'),
    '# comment\nPORT=9000\nAPP_NAME="My # API"\nDF_JWT_SECRET=from the file, long\nDF_PLUGNIS=x\n',
  )

  test('is read', () => {
    const config = configOf({}, folder)
    assert.equal(config.http.port, 9000)
    assert.equal(config.name, 'My # API')
  })
  test('the environment wins over it', () => assert.equal(configOf({ PORT: '9001' }, folder).http.port, 9001))
  test('an alias in the environment wins over it', () =>
    assert.equal(configOf({ JWT_SECRET: 'sixteen letters.' }, folder).auth.jwtSecret, 'sixteen letters.'))
  test('its unknown names are warnings', () =>
    assert.deepEqual(load({ env: {}, directory: folder }).warnings, [
      'DF_PLUGNIS is not a setting; did you mean DF_PLUGINS?',
    ]))
  test('its problems stop the start', () => {
    const broken = join(folder, 'broken')
    mkdirSync(broken)
    writeFileSync(join(broken, '.env'), 'PORT=many\n')
    assert.match(problemsOf({}, broken)[0] ?? '', /^PORT must be/)
  })
  test('one that can’t be read is a problem', () => {
    const unreadable = join(folder, 'unreadable')
    mkdirSync(join(unreadable, '.env'), { recursive: true })
    assert.match(problemsOf({}, unreadable)[0] ?? '', /^\.env can't be read/)
  })
})

test('the configuration is frozen, nested values and lists too', () => {
  const config = configOf({ DF_PLUGINS: 'a' })
  for (const part of [config, config.http, config.plugins, config.sqlite]) assert.ok(Object.isFrozen(part))
})
