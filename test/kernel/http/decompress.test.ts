import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { type Answer, type Served, serve } from './fixture.ts'

const json = { 'content-type': 'application/json' }
const error = (answer: Answer) =>
  answer.json().error as { code: number; context: unknown; message: string; status_code: number }

describe('compressed bodies', () => {
  let served: Served
  before(async () => {
    served = await serve({ DF_MAX_INFLATED_BYTES: '100k' })
  })
  after(() => served.close())

  const bomb = Buffer.alloc(200_000, ' ')
  const compressed: { encoding: string; body: Uint8Array; status: number; message?: RegExp }[] = [
    { encoding: 'gzip', body: gzipSync('{"a":1}'), status: 200 },
    { encoding: 'x-gzip', body: gzipSync('{"a":1}'), status: 200 },
    { encoding: 'deflate', body: deflateSync('{"a":1}'), status: 200 },
    { encoding: 'Deflate', body: deflateRawSync('{"a":1}'), status: 200 },
    { encoding: 'br', body: brotliCompressSync('{"a":1}'), status: 200 },
    { encoding: 'zstd', body: zstdCompressSync('{"a":1}'), status: 200 },
    { encoding: 'gzip, br', body: brotliCompressSync(gzipSync('{"a":1}')), status: 200 },
    { encoding: 'identity', body: Buffer.from('{"a":1}'), status: 200 },
    { encoding: 'compress', body: Buffer.from('{"a":1}'), status: 415, message: /'compress' is not supported/ },
    { encoding: 'gzip', body: Buffer.from('{"a":1}'), status: 400, message: /not valid gzip/ },
    { encoding: 'br', body: Buffer.from('{"a":1}'), status: 400, message: /not valid br/ },
    { encoding: 'zstd', body: Buffer.from('{"a":1}'), status: 400, message: /not valid zstd/ },
    { encoding: 'deflate', body: Buffer.from('{"a":1}'), status: 400, message: /not valid deflate/ },
    { encoding: 'gzip', body: gzipSync('{"a":1}').subarray(0, 15), status: 400, message: /not valid gzip/ },
    { encoding: 'gzip', body: gzipSync(bomb), status: 413, message: /larger than 102400 bytes after decompression/ },
    { encoding: 'zstd', body: zstdCompressSync(bomb), status: 413, message: /after decompression/ },
  ]
  for (const { encoding, body, status, message } of compressed) {
    it(`a body in ${encoding}: ${status}`, async () => {
      for (const method of ['POST', 'PUT']) {
        const answer = await served.ask(method, '/api/v2/db/x', { ...json, 'content-encoding': encoding }, body)
        assert.equal(answer.status, status, answer.text)
        if (message) assert.match(error(answer).message, message)
        else assert.deepEqual((answer.json() as { body: { value: unknown } }).body.value, { a: 1 })
      }
    })
  }
})
