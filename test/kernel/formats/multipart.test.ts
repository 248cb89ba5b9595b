/** Bodies of several parts, however they arrive. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isMultipart, multipartParts } from '../../../kernel/formats/multipart.ts'

const type = 'multipart/form-data; boundary=b'
const part = (head: string, content: string): string =>
  `--b\r\nContent-Disposition: form-data; ${head}\r\n\r\n${content}\r\n`
const long = 'x'.repeat(300_000)
const body =
  part('name="files[]"; filename="d/one.txt"', 'one') +
  part('name="value"', 'été') +
  part('name="f"; filename="été.bin"', long) +
  '--b--\r\n'

async function* pieces(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function read(
  text: string,
  size: number,
  reads = true,
): Promise<readonly (readonly [string, string | null, number])[]> {
  const found: [string, string | null, number][] = []
  for await (const { name, fileName, bytes } of multipartParts(type, pieces(text, size))) {
    let length = 0
    if (reads) for await (const chunk of bytes) length += chunk.length
    found.push([name, fileName, length])
  }
  return found
}

test('parts', async (t) => {
  for (const size of [1000, 65_536, 1_000_000]) {
    await t.test(`in pieces of ${size} bytes`, async () => {
      assert.deepEqual(await read(body, size), [
        ['files[]', 'one.txt', 3],
        ['value', null, 5],
        ['f', 'été.bin', 300_000],
      ])
    })
  }
  await t.test('that nobody reads are passed over', async () => {
    assert.deepEqual(
      (await read(body, 1000, false)).map(([name]) => name),
      ['files[]', 'value', 'f'],
    )
  })
  await t.test('arrive as they are read, not before', async () => {
    let sent = 0
    const source = (async function* () {
      for await (const piece of pieces(body, 1000)) {
        sent += piece.length
        yield piece
      }
    })()
    for await (const { fileName, bytes } of multipartParts(type, source)) {
      if (fileName !== 'été.bin') continue
      const [first] = [await bytes[Symbol.asyncIterator]().next()]
      assert.equal(first.done, false)
      assert.ok(sent < 200_000, `${sent} bytes were taken for the first piece`)
      break
    }
  })
  const broken = [
    { name: 'cut off in a file', text: body.slice(0, -1000) },
    { name: 'without an end', text: body.slice(0, -8) },
    { name: 'empty', text: '' },
    { name: 'too many parts', text: `${part('name="a"', 'x').repeat(1001)}--b--\r\n` },
  ]
  for (const { name, text } of broken) {
    for (const reads of [true, false]) {
      await t.test(`${name} are refused, ${reads ? 'read' : 'passed over'}`, async () => {
        await assert.rejects(read(text, 1000, reads), { status: 400 })
      })
    }
  }
  await t.test('a body without a boundary is refused', async () => {
    await assert.rejects(multipartParts('multipart/form-data', pieces(body, 1000)).next(), { status: 400 })
  })
  await t.test('what the sender throws is thrown', async () => {
    const failing = (async function* (): AsyncGenerator<Uint8Array> {
      yield Buffer.from(body.slice(0, 5000))
      throw new Error('gone')
    })()
    await assert.rejects(async () => {
      for await (const { bytes } of multipartParts(type, failing)) for await (const _ of bytes);
    }, /gone/)
  })
  await t.test('leaving early lets go of the sender', async () => {
    let closed = false
    const source = (async function* () {
      try {
        for (;;) yield* pieces(body.slice(0, -8), 1000)
      } finally {
        closed = true
      }
    })()
    for await (const _ of multipartParts(type, source)) break
    assert.equal(closed, true)
  })
})

test('what is a form', () => {
  for (const [given, is] of [
    ['multipart/form-data; boundary=x', true],
    ['Multipart/Form-Data;boundary=x', true],
    ['multipart/mixed; boundary=x', false],
    ['application/json', false],
    ['', false],
  ] as const)
    assert.equal(isMultipart(given), is, given)
})
