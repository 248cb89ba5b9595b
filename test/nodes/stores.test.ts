/**
 * A part of the system's tests over stores in PostgreSQL and in MariaDB or MySQL. All of them, over one store:
 *
 *     TEST_SYSTEM_DB=postgres://user:password@host:port/postgres node test/run.ts --native test/plugins/system/*.test.ts
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { test } from 'node:test'
import { mysql, postgres } from '../support/databases.ts'
import { root } from '../support/server.ts'

for (const [name, find, part] of [
  ['PostgreSQL', postgres, 'sessions'],
  ['MariaDB or MySQL', mysql, 'records'],
] as const) {
  test(`${part} over a store in ${name}`, async (t) => {
    const { database, skip } = await find()
    if (database === null) return t.skip(String(skip))
    try {
      const { kind, user, password, host, port } = database
      const login = `${encodeURIComponent(user)}:${encodeURIComponent(password)}`
      const url = `${kind}://${login}@${host}:${port}/${database.database}`
      const { code, said } = await run(`test/plugins/system/${part}.test.ts`, { TEST_SYSTEM_DB: url })
      assert.equal(code, 0, said)
    } finally {
      await database.stop()
    }
  })
}

/** A run of its own, by the same loader. */
async function run(
  file: string,
  env: Readonly<Record<string, string>>,
): Promise<{ readonly code: number | null; readonly said: string }> {
  const { NODE_TEST_CONTEXT: _ours, ...outer } = process.env
  const child = spawn(process.execPath, [...process.execArgv, '--test', file], {
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
