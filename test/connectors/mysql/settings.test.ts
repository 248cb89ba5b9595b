/** What a configuration means for connections (control-plane 5.2), and what servers are taken for. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ConfigValues } from 'dataferry/sdk'
import plugin from '../../../connectors/mysql/plugin.ts'
import { factsOf } from '../../../connectors/mysql/server.ts'
import { type ConnectionSettings, checkConfig, readSettings } from '../../../connectors/mysql/settings.ts'
import { host } from './database.ts'

const least = { host: 'db.example.org', database: 'hr' }
const missing = 'Database connection information must contain at least host and database name.'

describe('what must be changed is said', () => {
  const cases: readonly (readonly [config: ConfigValues, message: string])[] = [
    [{}, missing],
    [{ host: 'x' }, missing],
    [{ database: 'x' }, missing],
    [{ host: ' ', database: 'x' }, missing],
    [{ ...least, port: 0 }, 'The port of the database must be a number from 1 to 65535.'],
    [{ ...least, port: 'abc' }, 'The port of the database must be a number from 1 to 65535.'],
    [{ ...least, collation: "x'; drop" }, 'The collation must be the name of one.'],
    [{ ...least, timezone: "'" }, 'The time zone must be the name of one, or an offset such as +02:00.'],
    [{ ...least, modes: "ANSI'" }, 'The session modes must be names separated by commas.'],
    [
      { ...least, options: { ssl_mode: 'maybe' } },
      'The SSL mode must be one of DISABLED, REQUIRED, VERIFY_CA, VERIFY_IDENTITY.',
    ],
  ]
  for (const [config, message] of cases) {
    it(JSON.stringify(config), () => {
      assert.throws(() => checkConfig(config), { status: 400, message })
    })
  }
  it('what is enough', () => {
    checkConfig(least)
    checkConfig({ unix_socket: '/run/mysql.sock', database: 'hr' })
  })
})

const pem = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----'

describe('settings', () => {
  const cases: readonly (readonly [name: string, config: ConfigValues, settings: Partial<ConnectionSettings>])[] = [
    [
      'what is left out',
      {},
      {
        port: 3306,
        socketPath: '',
        user: '',
        password: '',
        ssl: null,
        collation: '',
        timezone: '+00:00',
        sqlMode: null,
        statements: [],
        poolSize: 10,
      },
    ],
    [
      'numbers as texts',
      { port: '3307', options: { pool_size: '3', pool_timeout: '0.5', connect_timeout: 2 } },
      { port: 3307, poolSize: 3, acquireTimeoutMs: 500, connectTimeoutMs: 2_000 },
    ],
    ['a password with blanks', { username: ' ann ', password: ' p ' }, { user: 'ann', password: ' p ' }],
    [
      'strict',
      { strict: true },
      {
        sqlMode:
          'ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION',
      },
    ],
    ['not strict', { strict: 'false' }, { sqlMode: 'NO_ENGINE_SUBSTITUTION' }],
    ['modes before strict', { strict: true, modes: 'ANSI, TRADITIONAL' }, { sqlMode: 'ANSI,TRADITIONAL' }],
    [
      'TLS without a check',
      { options: { ssl_mode: 'required' } },
      { ssl: { rejectUnauthorized: false, verifyIdentity: false } },
    ],
    [
      'TLS by the authority',
      { options: { 'PDO::MYSQL_ATTR_SSL_CA': pem } },
      { ssl: { ca: pem, rejectUnauthorized: true, verifyIdentity: true } },
    ],
    [
      'TLS unchecked, in numbers',
      { options: { 1009: pem, 1014: false } },
      { ssl: { ca: pem, rejectUnauthorized: false, verifyIdentity: false } },
    ],
    [
      'a client certificate',
      { options: { ssl_cert: pem, ssl_key: pem, ssl_ca: pem, ssl_mode: 'VERIFY_CA' } },
      { ssl: { ca: pem, cert: pem, key: pem, rejectUnauthorized: true, verifyIdentity: false } },
    ],
  ]
  for (const [name, config, expected] of cases) {
    it(name, () => {
      const settings = readSettings({ ...least, ...config }, host())
      assert.deepEqual(
        Object.fromEntries(Object.keys(expected).map((key) => [key, settings[key as keyof ConnectionSettings]])),
        expected,
      )
    })
  }

  it('a certificate that is not there', () => {
    assert.throws(() => readSettings({ ...least, options: { ssl_ca: '/no/such/file' } }, host()), {
      status: 503,
      message: 'A certificate of this service can not be read.',
    })
  })
})

describe('servers', () => {
  const cases: readonly (readonly [
    version: string,
    vendor: 'mysql' | 'mariadb',
    number: number,
    jsonTable: boolean,
    windows: boolean,
  ])[] = [
    ['10.11.19-MariaDB-0+deb12u1', 'mariadb', 101119, true, true],
    ['5.5.5-10.5.8-MariaDB-log', 'mariadb', 100508, false, true],
    ['10.1.48-MariaDB', 'mariadb', 100148, false, false],
    ['8.0.36', 'mysql', 80036, true, true],
    ['8.0.36-0ubuntu0.22.04.1', 'mysql', 80036, true, true],
    ['8.0.mysql_aurora.3.05.2', 'mysql', 80099, true, true],
    ['5.7.44-log', 'mysql', 50744, false, false],
  ]
  for (const [version, vendor, number, jsonTable, windows] of cases) {
    it(version, () => {
      const facts = factsOf(version, null, 1, 1)
      assert.deepEqual(
        [facts.vendor, facts.version, facts.jsonTable, facts.windows],
        [vendor, number, jsonTable, windows],
      )
    })
  }
  it('SingleStore, which tells the version of an old MySQL', () => {
    const facts = factsOf('5.7.32', 'singlestore', 1, 1)
    assert.deepEqual([facts.jsonTable, facts.windows], [false, true])
  })
})

describe('service types', () => {
  it('have the names and fields of the contract', () => {
    assert.deepEqual(
      plugin.types.map(({ name, label }) => [name, label]),
      [
        ['mysql', 'MySQL'],
        ['mariadb', 'MariaDB'],
        ['singlestore', 'SingleStore'],
        ['memsql', 'SingleStore / MemSQL'],
        ['aurora_mysql', 'Amazon Aurora MySQL'],
      ],
    )
    assert.deepEqual(
      plugin.types[0]?.config.map(({ name, label, type }) => `${name} ${label} ${type}`),
      [
        'host Host string',
        'port Port Number integer',
        'database Database string',
        'username Username string',
        'password Password password',
        'schema Schema string',
        'charset Character Set string',
        'collation Character Set Collation string',
        'timezone Timezone string',
        'modes Session Modes string',
        'strict Use Strict Mode boolean',
        'unix_socket Socket Connection string',
        'options Driver Options object',
        'attributes Driver Attributes object',
        'statements Additional SQL Statements array',
        'allow_upsert Allow Upsert boolean',
        'max_records Maximum Records integer',
        'cache_enabled Data Retrieval Caching Enabled boolean',
        'cache_ttl Cache Time To Live (seconds) integer',
      ],
    )
  })
})
