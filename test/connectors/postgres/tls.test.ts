/** TLS on a real server: the modes of libpq, and cancelling over it. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, chownSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { ConfigValues } from 'dataferry/sdk'
import pg from 'pg'
import { postgresql } from '../../../connectors/postgres/flavours.ts'
import { PostgresRunner } from '../../../connectors/postgres/runner.ts'
import { readSettings } from '../../../connectors/postgres/settings.ts'
import { type Database, postgres } from '../../support/databases.ts'
import { configOf, host, signal } from './database.ts'

const { database, skip: none } = await postgres()
after(() => database?.stop())
const openssl = spawnSync('openssl', ['version']).status === 0
const skip = none || (database?.restart === null ? 'needs a server of its own' : openssl ? false : 'needs openssl')
let certificate = ''

before(async () => {
  if (skip || database === null) return
  certificate = await turnOnTls(database)
})

/** A certificate for `localhost` that it signed itself; answers its text. */
async function turnOnTls({ port, user, database: name }: Database): Promise<string> {
  const client = new pg.Client({ host: '127.0.0.1', port, user, database: name })
  await client.connect()
  const folder = ((await client.query('show data_directory')).rows[0] as { data_directory: string }).data_directory
  const [key, crt] = [join(folder, 'server.key'), join(folder, 'server.crt')]
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-days',
      '2',
      '-subj',
      '/CN=localhost',
      '-addext',
      'subjectAltName=DNS:localhost',
      '-keyout',
      key,
      '-out',
      crt,
    ],
    { stdio: 'ignore' },
  )
  const { uid, gid } = statSync(folder)
  for (const file of [key, crt]) {
    chownSync(file, uid, gid)
    chmodSync(file, 0o600)
  }
  await client.query('alter system set ssl = on')
  await client.query('select pg_reload_conf()')
  await client.end()
  return readFileSync(crt, 'utf8')
}

/** The server's setting holds for new connections a moment after it was told. */
async function encrypted(
  config: ConfigValues,
  use: (runner: PostgresRunner) => Promise<void> = async () => {},
): Promise<unknown> {
  assert.ok(database)
  const runner = new PostgresRunner(() => readSettings(configOf(database, config), host(), postgresql))
  try {
    const [[ssl] = []] = await runner.query('select ssl from pg_stat_ssl where pid = pg_backend_pid()', [], signal)
    await use(runner)
    return ssl === 't'
  } finally {
    await runner.close()
  }
}
async function untilOn(): Promise<void> {
  for (let tries = 0; tries < 1_000; tries++) if (await encrypted({ sslmode: 'prefer' })) return
  assert.fail('the server did not turn TLS on')
}

const refused = { status: 503, message: 'A secure connection to the database can not be made.' }
const modes: readonly {
  readonly name: string
  readonly config: (pem: string) => ConfigValues
  readonly expected: boolean | object
}[] = [
  { name: 'left out', config: () => ({}), expected: true },
  { name: 'disable', config: () => ({ sslmode: 'disable' }), expected: false },
  { name: 'require', config: () => ({ sslmode: 'require' }), expected: true },
  {
    name: 'verify-full without a certificate to verify by',
    config: () => ({ sslmode: 'verify-full' }),
    expected: refused,
  },
  {
    name: 'verify-full, host of the certificate',
    config: (pem) => ({ host: 'localhost', sslmode: 'verify-full', options: { sslrootcert: pem } }),
    expected: true,
  },
  {
    name: 'verify-full, another host',
    config: (pem) => ({ sslmode: 'verify-full', options: { sslrootcert: pem } }),
    expected: refused,
  },
  {
    name: 'verify-ca, another host',
    config: (pem) => ({ sslmode: 'verify-ca', options: { sslrootcert: pem } }),
    expected: true,
  },
]
for (const { name, config, expected } of modes) {
  test(`sslmode ${name}`, { skip }, async () => {
    await untilOn()
    if (typeof expected === 'boolean') assert.equal(await encrypted(config(certificate)), expected)
    else await assert.rejects(encrypted(config(certificate)), expected)
  })
}

test('a statement is cancelled over TLS', { skip }, async () => {
  await untilOn()
  await encrypted({ sslmode: 'require' }, async (runner) => {
    const count = async (): Promise<unknown> =>
      (
        await runner.query(
          "select count(*) from pg_stat_activity where query = 'select pg_sleep(601)' and state = 'active'",
          [],
          signal,
        )
      )[0]?.[0]
    const stop = new AbortController()
    const session = runner.session((own) => own.execute('select pg_sleep(601)'), stop.signal)
    while ((await count()) === '0');
    stop.abort(new Error('the client is gone'))
    await assert.rejects(session, /the client is gone/)
    while ((await count()) !== '0');
  })
})
