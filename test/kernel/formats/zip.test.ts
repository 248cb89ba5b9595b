/** Zip files, made and read (control-plane 4.8, 13.4). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readZip, type ZipInput, type ZipSource, zipOf, zipPath } from '../../../kernel/formats/zip.ts'

const limits = { bytes: 10_000_000, entries: 100 }
const sourceOf = (bytes: Uint8Array): ZipSource => ({
  size: bytes.length,
  read: async (offset, length) => bytes.subarray(offset, offset + length),
})
async function* once(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text)
}
async function all(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of bytes) chunks.push(chunk)
  return Buffer.concat(chunks)
}
async function* inputs(): AsyncGenerator<ZipInput> {
  yield { path: 'd/', bytes: null }
  yield { path: 'd/é.txt', modified: new Date('2026-01-02T03:04:06Z'), bytes: once('hello') }
  yield { path: 'zeros', bytes: once('0'.repeat(1_000_000)) }
}

for (const password of [null, 'a password']) {
  test(`an archive ${password === null ? 'in clear' : 'with a password'}`, async (t) => {
    const bytes = await all(zipOf(inputs(), { password }))
    await t.test('comes back', async () => {
      const entries = await readZip(sourceOf(bytes), limits, { password })
      assert.deepEqual(
        entries.map(({ path, folder }) => [path.join('/'), folder]),
        [
          ['d', true],
          ['d/é.txt', false],
          ['zeros', false],
        ],
      )
      assert.equal((await all(entries[1]?.bytes() ?? once(''))).toString(), 'hello')
      assert.equal((await all(entries[2]?.bytes() ?? once(''))).length, 1_000_000)
    })
    await t.test('is bounded in what it unpacks', async () => {
      const entries = await readZip(sourceOf(bytes), { ...limits, bytes: 500_000 }, { password })
      await assert.rejects(all(entries[2]?.bytes() ?? once('')), { status: 413 })
    })
    await t.test('is bounded in entries', async () => {
      await assert.rejects(readZip(sourceOf(bytes), { ...limits, entries: 2 }, { password }), { status: 413 })
    })
    await t.test('is refused when it is damaged', async () => {
      const damaged = Buffer.from(bytes)
      damaged.fill(0xff, 60, 90)
      await assert.rejects(
        async () => {
          for (const entry of await readZip(sourceOf(damaged), limits, { password })) await all(entry.bytes())
        },
        { status: 400 },
      )
      await assert.rejects(readZip(sourceOf(bytes.subarray(0, 200)), limits, { password }), { status: 400 })
    })
  })
}

test('a secured archive', async (t) => {
  const bytes = await all(zipOf(inputs(), { password: 'a password' }))
  await t.test('shows nothing', () => assert.ok(!bytes.includes('hello')))
  await t.test('needs a password', async () => assert.rejects(readZip(sourceOf(bytes), limits), { status: 400 }))
  await t.test('needs the right one', async () => {
    const [, entry] = await readZip(sourceOf(bytes), limits, { password: 'another' })
    await assert.rejects(all(entry?.bytes() ?? once('')), {
      status: 400,
      message: 'The password of the zip file is wrong.',
    })
  })
})

test('an archive that is being made', async (t) => {
  await t.test('fails with what its entries throw', async () => {
    const failing = (async function* (): AsyncGenerator<ZipInput> {
      yield { path: 'a', bytes: once('x') }
      throw new Error('gone')
    })()
    await assert.rejects(all(zipOf(failing)), /gone/)
  })
  await t.test('lets go of its entries when nobody wants it', async () => {
    let closed = false
    const endless = (async function* (): AsyncGenerator<ZipInput> {
      try {
        for (let count = 0; ; count++) yield { path: `${count}`, bytes: once('x') }
      } finally {
        closed = true
      }
    })()
    for await (const _ of zipOf(endless)) break
    assert.equal(closed, true)
  })
})

test('names of entries', () => {
  for (const [name, path] of [
    ['a/.b/c', ['a', '.b', 'c']],
    ['my.file.v2.txt', ['my.file.v2.txt']],
    ['./a//b/', ['a', 'b']],
    ['./', []],
  ] as const)
    assert.deepEqual(zipPath(name), path)
  for (const name of [
    '',
    '/a',
    '\\a',
    'a\\b',
    '../a',
    'a/..',
    'a/../b',
    'C:a',
    'c:\\a',
    'a\0',
    '%2e%2e/a',
    '%252e/a',
    '..%2fa',
    '. ./../a',
    ' .. /a',
  ])
    assert.throws(() => zipPath(name), { status: 400 }, name)
})
