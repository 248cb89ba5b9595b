import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { brotliDecompressSync, gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib'
import type { ApiReply, ApiRequest, RowSource } from '../../../kernel/plugins/contract.ts'
import { rows, type Served, serve, value } from './fixture.ts'

const wide = Array.from({ length: 4000 }, (_, i) => ({ id: i, name: `name ${i}` }))
const chunks = Array.from({ length: 50 }, (_, i) => Buffer.alloc(10_000, 65 + (i % 26)))
const whole = Buffer.concat(chunks)
const many = async function* () {
  for (const chunk of chunks) yield chunk as Uint8Array
}

async function dispatch(request: ApiRequest): Promise<ApiReply> {
  const write: RowSource['encode'] = async (_output, sink) => {
    for await (const chunk of many()) await sink.write(chunk)
  }
  const told = { status: 200, headers: {} }
  switch (request.path[0]) {
    case 'wide':
      return value({ resource: wide })
    case 'rows':
      return { ...told, body: rows(write) }
    case 'document':
      return { ...told, body: { kind: 'opaque', type: 'text/html', length: null, bytes: many() } }
    case 'picture':
      return { ...told, body: { kind: 'opaque', type: 'image/png', length: whole.length, bytes: many() } }
    default:
      return value({ small: true })
  }
}

describe('compressed answers', () => {
  let served: Served
  before(async () => {
    served = await serve({}, {}, dispatch)
  })
  after(() => served.close())

  const decoders = {
    gzip: gunzipSync,
    deflate: inflateSync,
    br: brotliDecompressSync,
    zstd: zstdDecompressSync,
  } as const
  const encodings: { accept: string; encoding: keyof typeof decoders | null }[] = [
    { accept: 'gzip', encoding: 'gzip' },
    { accept: 'x-gzip', encoding: 'gzip' },
    { accept: 'deflate', encoding: 'deflate' },
    { accept: 'br', encoding: 'br' },
    { accept: 'zstd', encoding: 'zstd' },
    { accept: 'gzip, deflate, br, zstd', encoding: 'zstd' },
    { accept: 'gzip, br', encoding: 'br' },
    { accept: 'gzip;q=1, br;q=0.5', encoding: 'gzip' },
    { accept: 'zstd;q=0, *', encoding: 'br' },
    { accept: 'gzip;q=0', encoding: null },
    { accept: 'identity', encoding: null },
    { accept: 'gzip;q=0.5, identity', encoding: null },
    { accept: 'klingon', encoding: null },
  ]
  for (const { accept, encoding } of encodings) {
    it(`Accept-Encoding: ${accept}`, async () => {
      for (const path of ['wide', 'rows', 'document', 'wide?limit=1']) {
        const answer = await served.ask('GET', `/api/v2/db/${path}`, { 'accept-encoding': accept })
        assert.equal(answer.headers['content-encoding'], encoding ?? undefined)
        assert.equal(answer.headers.vary, 'Accept-Encoding')
        const plain = encoding === null ? answer.bytes : decoders[encoding](answer.bytes)
        const expected = path.startsWith('wide') ? Buffer.from(JSON.stringify({ resource: wide })) : whole
        assert.ok(plain.equals(expected))
      }
    })
  }
  it('small answers and pictures are not compressed', async () => {
    for (const path of ['x', 'picture', 'small-rows']) {
      const answer = await served.ask('GET', `/api/v2/db/${path}`, { 'accept-encoding': 'gzip' })
      assert.equal(answer.headers['content-encoding'], undefined)
    }
  })
  it('compression can be off', async () => {
    const plain = await serve({ DF_COMPRESSION: 'false' }, {}, dispatch)
    const answer = await plain.ask('GET', '/api/v2/db/wide', { 'accept-encoding': 'gzip' })
    assert.deepEqual([answer.headers['content-encoding'], answer.headers.vary], [undefined, undefined])
    await plain.close()
  })
})
