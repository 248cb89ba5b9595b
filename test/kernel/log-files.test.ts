/** Log files: rotated by size, bounded in number, and no reason to fail. */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { LogFiles } from '../../kernel/log-files.ts'
import { signIn, startProcess } from '../support/server.ts'

const line = (number: number): string =>
  `${JSON.stringify({ number, filler: 'x'.repeat(70 - String(number).length) })}\n`
const length = Buffer.byteLength(line(1))

function folder(t: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), 'dataferry-logs-'))
  t.after(() => rmSync(made, { recursive: true, force: true }))
  return join(made, 'logs')
}

interface Told {
  readonly files: LogFiles
  readonly failed: unknown[]
  readonly recovered: number[]
}

function filesIn(t: TestContext, path: string, files: number): Told {
  const failed: unknown[] = []
  const recovered: number[] = []
  const made = new LogFiles({
    folder: path,
    files,
    maxBytes: 3 * length,
    failed: (error) => failed.push(error),
    recovered: (lost) => recovered.push(lost),
  })
  t.after(() => made.close())
  return { files: made, failed, recovered }
}

/** Each line by itself: what is written at once is not torn apart. */
async function writeEach(files: LogFiles, from: number, to: number): Promise<void> {
  for (let number = from; number <= to; number++) {
    files.write(line(number))
    await files.settled()
  }
}

const numbersIn = (path: string): number[] =>
  readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((text) => (JSON.parse(text) as { readonly number: number }).number)
const listed = (path: string): Record<string, number[]> =>
  Object.fromEntries(
    readdirSync(path)
      .sort()
      .map((name) => [name, numbersIn(join(path, name))]),
  )

const rotations: readonly {
  readonly name: string
  readonly files: number
  readonly lines: number
  readonly left: Readonly<Record<string, readonly number[]>>
}[] = [
  { name: 'one file while it is short', files: 3, lines: 3, left: { 'dataferry.log': [1, 2, 3] } },
  {
    name: 'the next one begins',
    files: 3,
    lines: 4,
    left: { 'dataferry.1.log': [1, 2, 3], 'dataferry.log': [4] },
  },
  {
    name: 'the oldest goes',
    files: 3,
    lines: 11,
    left: { 'dataferry.1.log': [7, 8, 9], 'dataferry.2.log': [4, 5, 6], 'dataferry.log': [10, 11] },
  },
  { name: 'a single file begins anew', files: 1, lines: 5, left: { 'dataferry.log': [4, 5] } },
]

for (const { name, files: count, lines, left } of rotations) {
  test(`log files: ${name}`, async (t) => {
    const path = folder(t)
    const { files, failed } = filesIn(t, path, count)
    await writeEach(files, 1, lines)
    assert.deepEqual(listed(path), left)
    assert.deepEqual(failed, [])
    assert.equal(statSync(join(path, 'dataferry.log')).mode & 0o777, 0o600)
  })
}

test('log files: a process that starts again goes on, with fewer files than before', async (t) => {
  const path = folder(t)
  await writeEach(filesIn(t, path, 4).files, 1, 11)
  const again = filesIn(t, path, 2).files
  await writeEach(again, 12, 13)
  assert.deepEqual(listed(path), { 'dataferry.1.log': [10, 11, 12], 'dataferry.log': [13] })
})

test('log files: lines of one turn arrive together and in order, also those that no turn is left for', async (t) => {
  const path = folder(t)
  const { files } = filesIn(t, path, 50)
  for (let number = 1; number <= 200; number++) files.write(line(number))
  await files.close()
  files.write(line(201))
  files.endSync(line(202))
  const all = Object.values(listed(path))
    .flat()
    .sort((a, b) => a - b)
  assert.deepEqual(
    all,
    Array.from({ length: 202 }, (_, i) => i + 1),
  )
})

test('log files: what can not be written is told once, and so is that it can again', async (t) => {
  const path = folder(t)
  const { files, failed, recovered } = filesIn(t, path, 3)
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, 'a file where the folder should be')
  await writeEach(files, 1, 3)
  assert.equal(failed.length, 1)
  rmSync(path)
  await writeEach(files, 4, 5)
  assert.deepEqual(recovered, [3])
  assert.deepEqual(listed(path), { 'dataferry.log': [4, 5] })
})

test('log files: a disk that stands still costs lines, not memory', async (t) => {
  const path = folder(t)
  const { files, recovered } = filesIn(t, path, 3)
  const long = `${JSON.stringify({ number: 1, filler: 'x'.repeat(300_000) })}\n`
  for (let i = 0; i < 20; i++) files.write(long)
  await files.settled()
  files.write(line(2))
  await files.settled()
  assert.ok((recovered[0] ?? 0) > 10, `${recovered} were told to be lost`)
  assert.ok(existsSync(join(path, 'dataferry.log')))
})

test('log files: the server writes them where its service of logs serves them, to the last entry', async (t) => {
  const server = await startProcess('bin/dataferry.js', { DF_LOG_FILES: '2', DF_LOG_LEVEL: 'info' })
  t.after(() => server.stop())
  const token = await signIn(server.url)
  const served = await fetch(`${server.url}/api/v2/logs/dataferry.log`, {
    headers: { 'X-DreamFactory-Session-Token': token },
  })
  assert.equal(served.status, 200)
  assert.match(await served.text(), /"event":"listening"/)
  server.child.kill('SIGTERM')
  assert.equal(await server.exit, 0)
  const written = readFileSync(join(server.folder, 'data', 'storage', 'logs', 'dataferry.log'), 'utf8')
  assert.match(written, /"path":"\/api\/v2\/logs\/dataferry.log","status":200/)
  assert.match(written, /"event":"stopped".*\n$/)
})
