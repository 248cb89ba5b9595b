import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ByteBuffer } from 'dataferry/sql'

const content = (write: (out: ByteBuffer) => void): string => {
  const out = new ByteBuffer(1)
  write(out)
  return Buffer.from(out.take()).toString('utf8')
}

for (const text of ['', 'a', 'x'.repeat(23), 'x'.repeat(24), 'x'.repeat(70_000), 'é', 'Zürich, 日本語, 😀']) {
  test(`text of ${text.length} characters`, () => {
    assert.equal(
      content((out) => out.utf8(text)),
      text,
    )
    if (/^[ -~]*$/.test(text))
      assert.equal(
        content((out) => out.ascii(text)),
        text,
      )
  })
}

test('what is taken stays as it is when the buffer begins anew', () => {
  const out = new ByteBuffer()
  out.ascii('first')
  const first = out.take()
  out.ascii('second')
  assert.equal(Buffer.from(first).toString(), 'first')
  assert.equal(out.text(), 'second')
})

test('parts of other buffers', () => {
  const long = new ByteBuffer(2)
  long.utf8('0123456789'.repeat(10))
  assert.equal(
    content((out) => out.copy(long, 5, 8)),
    '567',
  )
  assert.equal(
    content((out) => out.copy(long, 0, 100)),
    '0123456789'.repeat(10),
  )
  assert.equal(
    content((out) => out.copy(long, 3, 63)),
    '0123456789'.repeat(10).slice(3, 63),
  )
})

test('what is written byte by byte counts up to where its writer ended', () => {
  const out = new ByteBuffer(4)
  out.ascii('ab')
  const into = out.room(100)
  into.write('cdef', out.length, 'latin1')
  out.wrote(out.length + 3)
  out.ascii('!')
  assert.equal(out.text(), 'abcde!')
})

test('the memory that is given away is not written to again', () => {
  for (const length of [10, 25, 600, 1024, 5000, 3_000_000]) {
    const out = new ByteBuffer()
    const first = 'a'.repeat(length)
    out.ascii(first)
    const taken = out.take()
    assert.equal(out.length, 0)
    out.ascii('b'.repeat(length))
    assert.equal(Buffer.from(taken).toString(), first)
    assert.equal(Buffer.from(out.take()).toString(), 'b'.repeat(length))
  }
})

test('memory that was given to a sink is used again when the sink is done with it, and not before', () => {
  const given: { readonly bytes: Uint8Array; readonly done: (() => void) | undefined }[] = []
  const sink = { write: (bytes: Uint8Array, done?: () => void): void => void given.push({ bytes, done }) }
  const give = (letter: string): Uint8Array => {
    const out = new ByteBuffer()
    out.ascii(letter.repeat(100_000))
    void out.give(sink)
    assert.equal(out.length, 0)
    return given.at(-1)?.bytes ?? new Uint8Array()
  }
  const first = give('a')
  const second = give('b')
  assert.notEqual(first.buffer, second.buffer)
  given[0]?.done?.()
  const third = give('c')
  assert.equal(third.buffer, first.buffer)
  assert.equal(Buffer.from(second).toString(), 'b'.repeat(100_000))
  assert.equal(Buffer.from(third).toString(), 'c'.repeat(100_000))
})
