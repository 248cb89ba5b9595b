/** The tests of the system's records and sessions, over stores in PostgreSQL and in MariaDB or MySQL. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { test } from 'node:test'
import { mysql, postgres } from '../support/databases.ts'
import { root } from '../support/server.ts'

const files = ['records', 'sessions'].map((name) => `test/plugins/system/${name}.test.ts`)

for (const [name, find] of [
  ['PostgreSQL', postgres],
  ['MariaDB or MySQL', mysql],
] as const) {
  test(`system tests over a store in ${name}`, async (t) => {
    const { database, skip } = await find()
    if (database === null) return t.skip(String(skip))
    try {
      const { kind, user, password, host, port } = database
      const login = `${encodeURIComponent(user)}:${encodeURIComponent(password)}`
      const url = `${kind}://${login}@${host}:${port}/${database.database}`
      const { code, said } = await run({ TEST_SYSTEM_DB: url })
      assert.equal(code, 0, said)
    } finally {
      await database.stop()
    }
  })
}

/** A run of its own, by the same loader. */
async function run(
  env: Readonly<Record<string, string>>,
): Promise<{ readonly code: number | null; readonly said: string }> {
  const { NODE_TEST_CONTEXT: _ours, ...outer } = process.env
  const child = spawn(process.execPath, [...process.execArgv, '--test', ...files], {
    cwd: root,
    env: { ...outer, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
  }
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return { code, said }
}
