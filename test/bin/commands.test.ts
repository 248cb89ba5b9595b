/** The commands of the command line on a data folder of their own, also while a server runs on it. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { answer } from '../../kernel/cli/run.ts'
import type { Outcome } from '../../kernel/plugins/commands.ts'
import { UsageError } from '../../kernel/plugins/commands.ts'
import { type Client, startClient } from '../plugins/system/client.ts'
import { root } from '../support/server.ts'

const folder = mkdtempSync(join(tmpdir(), 'dataferry-commands-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const data = join(folder, 'data')
const builtins = ['connectors/sqlite/plugin', 'plugins/system/plugin', 'plugins/user/plugin', 'plugins/email/plugin']

/** In this process, which is quicker; `secrets` are the lines of the standard input. */
async function run(
  words: readonly string[],
  secrets: readonly string[] = [],
  { input = '', dataDir = data, env = {} }: { input?: string; dataDir?: string; env?: Record<string, string> } = {},
): Promise<Outcome> {
  const lines = [...secrets]
  const outcome = await answer(words, {
    builtins,
    source: { env: { DF_DATA_DIR: dataDir, DF_LOG_LEVEL: 'off', ...env }, directory: folder },
    terminal: {
      secret: async () => lines.shift() ?? assert.fail('a secret was asked for'),
      input: async () => input,
    },
  })
  assert.ok(outcome !== null)
  return outcome
}
// biome-ignore lint/suspicious/noExplicitAny: answers are looked into freely
const told = async (...asked: Parameters<typeof run>): Promise<any> => (await run(...asked)).value

interface Ending {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** As a process: what prints and how it ends. */
async function launch(words: readonly string[], input = '', dataDir = join(folder, 'launched')): Promise<Ending> {
  const child = spawn(process.execPath, ['-C', 'dataferry-source', join(root, 'bin/dataferry.js'), ...words], {
    cwd: folder,
    env: { PATH: process.env.PATH ?? '', DF_DATA_DIR: dataDir },
    stdio: 'pipe',
  })
  const said = { out: '', err: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said.out += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said.err += text
  })
  // A command that reads nothing may be gone already.
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, ...said }
}

describe('as a process', () => {
  test('help lists the commands of the kernel and of the plugins', async () => {
    const { code, out } = await launch(['--help'])
    assert.equal(code, 0)
    for (const name of ['start', 'config', 'admin create', 'service add', 'export', 'key create'])
      assert.match(out, new RegExp(`^ {2}${name} `, 'm'))
  })
  test('an unknown command names the nearest and ends with 2', async () => {
    const { code, out, err } = await launch(['servise', 'list'])
    assert.deepEqual({ code, out }, { code: 2, out: '' })
    assert.match(err, /^dataferry: there is no command 'servise'; did you mean 'service list'\?\nsee dataferry help\n$/)
  })
  test('a password comes from the standard input', async () => {
    const { code, out, err } = await launch(
      ['admin', 'create', 'ann@example.org', '--json'],
      'a password of some length\n',
    )
    assert.deepEqual({ code, err }, { code: 0, err: '' })
    assert.deepEqual(JSON.parse(out), { id: 1, email: 'ann@example.org', name: 'ann' })
  })
  test('a setting without a value ends with 2, a command that needs data without a folder with 1', async () => {
    const wrong = await launch(['service', 'add', 'x', '--type', 'sqlite', '--set', 'nonsense'])
    assert.deepEqual({ code: wrong.code, out: wrong.out }, { code: 2, out: '' })
    const usage = "dataferry: --set needs NAME=VALUE; it is 'nonsense'\nsee dataferry service add --help\n"
    assert.equal(wrong.err, usage)
    const missing = await launch(['service', 'list'], '', join(folder, 'mistyped'))
    assert.equal(missing.code, 1)
    assert.match(missing.err, /^dataferry: There is no data folder \S+; set DF_DATA_DIR to that of the server\.\n$/)
    assert.ok(!existsSync(join(folder, 'mistyped')))
  })
  test('a refusal is one line and ends with 1', async () => {
    const { code, out, err } = await launch(['admin', 'create', 'ann@example.org'])
    assert.deepEqual({ code, out }, { code: 1, out: '' })
    assert.equal(err, 'dataferry: Password: the standard input has no line for it.\n')
  })
})

describe('config', () => {
  test('tells values, where they come from, and no secret', async () => {
    const secret = 'x'.repeat(40)
    writeFileSync(join(folder, '.env'), 'APP_NAME=Of the file\n')
    const value = await told(['config'], [], { env: { JWT_SECRET: secret, DB_MAX_RECORDS_RETURNED: '7' } })
    rmSync(join(folder, '.env'))
    assert.ok(!JSON.stringify(value).includes(secret))
    const settings = value as { setting: string; value: unknown; from: string; name: string | null }[]
    const named = (name: string) => settings.find((each) => each.name === name)
    assert.deepEqual(named('APP_NAME'), { setting: 'APP_NAME', value: 'Of the file', from: '.env', name: 'APP_NAME' })
    assert.equal(named('JWT_SECRET')?.value, '**********')
    assert.equal(named('DB_MAX_RECORDS_RETURNED')?.from, 'environment')
    assert.deepEqual(settings.find(({ setting }) => setting === 'PORT')?.from, 'default')
  })
  test('one that can not be used names what to mend', async () => {
    await assert.rejects(run(['config'], [], { env: { PORT: 'x' } }), /PORT must be/)
  })
})

describe('where there is no data', () => {
  const empty = mkdtempSync(join(folder, 'empty-'))
  const cases = [
    { name: 'services are not listed', words: ['service', 'list'] },
    { name: 'services are not tested', words: ['service', 'test'] },
    { name: 'nothing is exported', words: ['export'] },
    { name: 'no password is set', words: ['admin', 'password', 'nobody@example.org'] },
  ]
  for (const { name, words } of cases) {
    test(`${name}, and none is made`, async () => {
      await assert.rejects(run(words, [], { dataDir: join(folder, 'nowhere') }), /There is no data folder/)
      await assert.rejects(run(words, [], { dataDir: empty }), /there is no system store yet in the data folder/)
      assert.deepEqual([existsSync(join(folder, 'nowhere')), readdirSync(empty)], [false, []])
    })
  }
})

describe('on a data folder', () => {
  test('administrators: the first, another, and a password that is too short', async () => {
    const words = ['admin', 'create', 'first@example.org', '--first-name', 'Ann']
    assert.equal((await told(words, ['a password of some length'])).id, 1)
    await assert.rejects(
      run(['admin', 'create', 'third@example.org'], ['short']),
      /^BadRequest: Invalid data supplied\. The password field must be at least 16 characters\.$/,
    )
  })
  test('a service that connects, and one that does not', async () => {
    const words = ['service', 'add', 'local', '--type', 'sqlite', '--set', 'database=local.sqlite', '--test']
    const good = await run(words)
    assert.equal(good.failed, false)
    assert.match(good.text, /^The service local was added \(id \d+\)\. ready$/)
    writeFileSync(join(folder, 'mail.json'), '{"host":"127.0.0.1","port":1,"username":"me"}')
    const far = ['service', 'add', 'far', '--type', 'smtp_email', '--config', join(folder, 'mail.json')]
    const bad = await run([...far, '--ask', 'password', '--test'], ['a secret'])
    assert.equal(bad.failed, true)
    assert.match(bad.text, /^The service far was added \(id \d+\)\. unavailable: The mail server can not be used\.$/)
    const tested = await run(['service', 'test'])
    assert.equal(tested.failed, true)
    assert.match(tested.text, /^local +sqlite +ready$/m)
    assert.match(tested.text, /^far +smtp_email +unavailable: The mail server can not be used\.$/m)
    await assert.rejects(run(['service', 'add', 'x', '--tyqe', 'y']), UsageError)
  })
  test('keys', async () => {
    const made = await told(['key', 'create', 'mobile'])
    assert.match(made.api_key, /^[0-9a-f]{64}$/)
    const replaced = await told(['key', 'create', 'mobile', '--replace'])
    assert.equal(replaced.id, made.id)
    assert.notEqual(replaced.api_key, made.api_key)
  })
  test('export and import', async () => {
    const file = join(folder, 'all.json')
    await run(['export', file])
    assert.equal(statSync(file).mode & 0o777, 0o600)
    const text = readFileSync(file, 'utf8')
    assert.ok(!text.includes('a secret'))
    const exported = JSON.parse(text)
    assert.ok(exported.services.some(({ name }: { name: string }) => name === 'local'))
    const added = { ...exported, services: [], apps: [], roles: [{ name: 'reader', is_active: true }] }
    const read = await told(['import', '-'], [], { input: JSON.stringify(added) })
    assert.deepEqual(read.created, { services: 0, roles: 1, apps: 0 })
  })
})

describe('while a server runs', () => {
  let client: Client
  before(async () => {
    client = await startClient()
  })
  after(() => client.server.stop())
  const beside = (words: readonly string[], secrets: readonly string[] = []): Promise<Outcome> =>
    run(words, secrets, { dataDir: join(client.server.folder, 'data') })

  test('what a command writes is there for the server, and the audit log tells', async () => {
    await beside(['key', 'create', 'beside'])
    assert.equal((await client.ok('GET', 'system/app?filter=name=beside')).resource.length, 1)
    const [entry] = (await client.ok('GET', 'system/audit?filter=record_name=beside')).resource
    assert.deepEqual({ address: entry?.address, action: entry?.action }, { address: 'command line', action: 'create' })
  })
  test('an administrator who was locked out signs in with the password that was set', async () => {
    const password = 'a new password of some length'
    await beside(['admin', 'password', 'admin@example.org'], [password])
    const login = (given: string) =>
      client.send('POST', 'system/admin/session', { email: 'admin@example.org', password: given }, {})
    assert.equal((await login(password)).status, 200)
    assert.equal((await login('a password of some length')).status, 401)
  })
})
