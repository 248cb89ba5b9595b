// Entity tags: what they are made of, which lists name them, and what a GET with one is answered (RFC 9110, 8.8.3 and 13).
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { entityHash, namesEntity } from '../../../kernel/http/etag.ts'
import type { ApiReply, ApiRequest } from '../../../kernel/plugins/contract.ts'
import { type Answer, rows, type Served, serve, value } from './fixture.ts'

describe('the hash of a body', () => {
  it('is the same for the same bytes, of any kind of array', () => {
    const text = '{"id":1,"name":"é"}'
    assert.equal(entityHash(Buffer.from(text)), entityHash(new TextEncoder().encode(text)))
  })
  it('differs for each of many records that differ in little', () => {
    const bodies = Array.from({ length: 50_000 }, (_, n) => `{"id":${n % 7},"stock":${n}}`)
    assert.equal(new Set(bodies.map((body) => entityHash(Buffer.from(body)))).size, bodies.length)
  })
  for (const length of [0, 1, 2, 3, 4, 5, 200, 1023, 1024, 1025, 60_000]) {
    it(`tells where one bit of ${length} bytes differs`, () => {
      const body = Buffer.alloc(length, 97)
      const seen = new Set([entityHash(body)])
      const places = [0, 1, 2, 3, length >> 1, length - 2, length - 1].filter((at) => at >= 0 && at < length)
      for (const at of new Set(places)) {
        const other = Buffer.from(body)
        other[at] = 97 ^ 1
        assert.ok(!seen.has(entityHash(other)), `byte ${at}`)
        seen.add(entityHash(other))
      }
      assert.ok(!seen.has(entityHash(Buffer.alloc(length + 1, 97))))
    })
  }
})

describe('lists of tags', () => {
  const cases: readonly { readonly list: string; readonly names: boolean }[] = [
    { list: '"abc"', names: true },
    { list: 'W/"abc"', names: true },
    { list: '"abc-gzip"', names: true },
    { list: '"abc-zstd"', names: true },
    { list: '"x", W/"y", "abc"', names: true },
    { list: '*', names: true },
    { list: ' * ', names: true },
    { list: '"abd"', names: false },
    { list: '"abc-other"', names: false },
    { list: 'abc', names: false },
    { list: '', names: false },
    { list: '"*"', names: false },
  ]
  for (const { list, names } of cases) {
    it(`${list} ${names ? 'names' : 'does not name'} it`, () => assert.equal(namesEntity(list, 'abc'), names))
  }
})

describe('answers with a tag', () => {
  const wide = Array.from({ length: 100 }, (_, id) => ({ id, name: `name ${id}` }))
  async function* one(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('abc')
  }
  function answerOf({ path }: ApiRequest): ApiReply {
    switch (path[0]) {
      case 'wide':
        return value({ resource: wide })
      case 'large':
        return value({ resource: Array.from({ length: 60 }, () => wide) })
      case 'created':
        return value({ id: 1 }, 201)
      case 'own':
        return { ...value({ id: 1 }), headers: { ETag: '"own"' } }
      case 'picture':
        return { status: 200, headers: {}, body: { kind: 'opaque', type: 'image/png', length: 3, bytes: one() } }
      default:
        return {
          status: 200,
          headers: {},
          body: rows(async (_output, sink) => void (await sink.write(Buffer.from('{"id":1}')))),
        }
    }
  }
  let served: Served
  before(async () => {
    served = await serve({}, {}, answerOf)
  })
  after(() => served.close())
  const ask = (path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> =>
    served.ask(method, `/api/v2/echo/${path}`, headers)

  it('a small body has a strong one and is not sent again to who has it', async () => {
    const first = await ask('record')
    const tag = first.headers.etag ?? ''
    assert.match(tag, /^"[\w.-]+"$/)
    assert.equal(first.headers.vary, 'Accept')
    const again = await ask('record', { 'if-none-match': tag })
    assert.deepEqual([again.status, again.text], [304, ''])
    assert.deepEqual(
      [again.headers.etag, again.headers.vary, again.headers['content-type']],
      [tag, 'Accept', undefined],
    )
    assert.equal((await ask('record', { 'if-none-match': '"other"' })).status, 200)
    assert.equal((await ask('record', { 'if-none-match': '*' })).status, 304)
  })
  it('HEAD has the same one', async () => {
    const tag = (await ask('record')).headers.etag ?? ''
    assert.equal((await ask('record', {}, 'HEAD')).headers.etag, tag)
    assert.equal((await ask('record', { 'if-none-match': tag }, 'HEAD')).status, 304)
  })
  it('each encoding has its own, and all of them are known', async () => {
    const plain = (await ask('wide')).headers.etag ?? ''
    const packed = await ask('wide', { 'accept-encoding': 'gzip' })
    assert.equal(packed.headers.etag, plain.replace(/"$/, '-gzip"'))
    assert.equal(packed.headers.vary, 'Accept, Accept-Encoding')
    const again = await ask('wide', { 'accept-encoding': 'gzip', 'if-none-match': plain })
    assert.deepEqual(
      [again.status, again.headers['content-encoding'], again.headers.vary],
      [304, undefined, 'Accept, Accept-Encoding'],
    )
  })
  it('each format has its own', async () => {
    const answers = await Promise.all(
      ['application/json', 'application/xml', 'text/csv'].map((accept) => ask('wide', { accept })),
    )
    assert.equal(new Set(answers.map(({ headers }) => headers.etag)).size, 3)
  })
  const without = [
    ['large', 'GET'],
    ['picture', 'GET'],
    ['created', 'GET'],
    ['record', 'POST'],
  ] as const
  for (const [path, method] of without) {
    it(`${method} ${path} has none`, async () => {
      const answer = await ask(path, { 'if-none-match': '*' }, method)
      assert.ok(answer.status < 300)
      assert.equal(answer.headers.etag, undefined)
    })
  }
  it("a service's own stays", async () => assert.equal((await ask('own')).headers.etag, '"own"'))
})
