/** Large JSON in slices is the value that the whole is, or is left to who parses the whole. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeCsv, decodeCsvSlices, parseJson, parseSlices } from '../../../kernel/formats/index.ts'
import type { Json } from '../../../kernel/plugins/contract.ts'

const { signal } = new AbortController()

const long = JSON.stringify(
  Array.from({ length: 5_000 }, (_, i) => ({ id: i, text: `"é" [${i}, {`, nested: { list: [i, null, {}] } })),
)

const same = [
  { name: 'a long list', text: long },
  { name: 'a wrapped list, options behind it', text: ` {"resource" : ${long} , "ids":[1,2],"fields":"*"}\n` },
  { name: 'two lists', text: `{"a":${long},"b":${long}}` },
  { name: 'the same member twice', text: '{"a":[1],"b":2,"a":[3]}' },
  { name: 'empty ones', text: '{"a":[],"b":{},"c":[ ]}' },
  { name: 'a member that is a prototype elsewhere', text: '{"__proto__":[{"__proto__":1}]}' },
  { name: 'exact numbers', text: '[12345678901234567890, 0.12345678901234567890, 1e400, -0]' },
  { name: 'escapes', text: '["\\"", "\\\\", "\\u00e9]", "]"]' },
  { name: 'a mark of the byte order', text: '\ufeff[1]', whole: '[1]' },
]
for (const { name, text, whole = text } of same) {
  test(`in slices: ${name}`, async () => {
    assert.deepStrictEqual(await parseSlices(Buffer.from(text), signal), parseJson(whole))
  })
}

const left = [
  { name: 'no list and no object', text: '1' },
  { name: 'nothing', text: '' },
  { name: 'a trailing comma', text: '[1,]' },
  { name: 'a hole', text: '[1,,2]' },
  { name: 'no comma', text: '[1 2]' },
  { name: 'no end', text: '[1' },
  { name: 'more than one value', text: '[1][2]' },
  { name: 'brackets that do not match', text: '[{"a":[1}]]' },
  { name: 'a member without a value', text: '{"a"}' },
  { name: 'a bad word in a long list', text: `${long.slice(0, -1)},nul]` },
  { name: 'what is nested deep', text: `${'['.repeat(400)}${']'.repeat(400)}` },
]
for (const { name, text } of left) {
  test(`left to the whole: ${name}`, async () => {
    assert.equal(await parseSlices(Buffer.from(text), signal), undefined)
  })
}

test('left to the whole: what is no UTF-8', async () => {
  assert.equal(await parseSlices(Buffer.from([0x5b, 0x22, 0xff, 0x22, 0x5d]), signal), undefined)
})

test('others have their turn, and who goes away ends it', async () => {
  const stop = new AbortController()
  const gone = new Error('gone')
  setImmediate(() => stop.abort(gone))
  const endless = Buffer.from(`[${Array.from({ length: 40 }, () => long).join(',')}]`)
  await assert.rejects(parseSlices(endless, stop.signal), gone)
})

test('CSV in slices', async () => {
  const text = `id,text\n${Array.from({ length: 40_000 }, (_, i) => `${i},"a ""long"" text, ${i}"`).join('\r\n')}`
  assert.deepStrictEqual(await decodeCsvSlices(text, 'resource', signal), decodeCsv(text, 'resource') as Json)
  await assert.rejects(decodeCsvSlices(`${text}\n1,2,3`, 'resource', signal), /line 40002 has 3 values/)
})
