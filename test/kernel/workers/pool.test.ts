import assert from 'node:assert/strict'
import { after, afterEach, describe, test } from 'node:test'
import { load } from '../../../config/index.ts'
import { ApiError, ServiceUnavailable } from '../../../kernel/errors.ts'
import { decodeXml, encodeValue } from '../../../kernel/formats/index.ts'
import type { Observation } from '../../../kernel/observe.ts'
import type { Json, Output } from '../../../kernel/plugins/contract.ts'
import { credit } from '../../../kernel/workers/channel.ts'
import { readXml, written } from '../../../kernel/workers/formats.ts'
import { WorkerPool } from '../../../kernel/workers/pool.ts'
import { until } from '../../support/until.ts'

const { config } = load({
  env: { DF_WORKER_THREADS: '1', DF_WORKER_QUEUE: '1', DF_WORKER_MEMORY: '64M', DF_WORKER_TIMEOUT: '20' },
  directory: '/nowhere',
})
const seen: (Observation & { readonly kind: 'worker-lost' })[] = []
const pool = new WorkerPool(config, (what) => {
  if (what.kind === 'worker-lost') seen.push(what)
})
after(() => pool.close())
afterEach(() => {
  seen.length = 0
})

const never = new AbortController().signal
const gone = new Error('gone')
/** A module whose default export is the function. */
const job = (text: string): string => `data:text/javascript,${encodeURIComponent(`export default ${text}`)}`
const compute = (text: string, data: unknown = null, signal = never): Promise<unknown> =>
  pool.compute({ module: job(text), data }, signal)
const works = async (): Promise<void> => assert.equal(await compute('(n) => ({ value: n + 1 })', 1), 2)

describe('what is computed', () => {
  test('its answer comes back, bytes by changing hands', async () => {
    const bytes = await compute('() => { const b = new Uint8Array(3).fill(7); return { value: b, moved: [b.buffer] } }')
    assert.deepEqual(bytes, new Uint8Array([7, 7, 7]))
  })

  test('an error for clients is the same on this side', async () => {
    const wrong = readXml('<a><b></a>', 'resource', { workers: pool, atLeast: 0 }, never)
    const told = { name: 'ApiError', status: 400, message: /^The body is not valid XML: line 1, column \d+/ }
    await assert.rejects(wrong, told)
    assert.deepEqual(seen, [])
  })

  test('any other error stays one of ours, with its words for the log', async () => {
    const failed = compute('() => { throw new TypeError("an inner secret") }')
    await assert.rejects(failed, (thrown) => thrown instanceof Error && !(thrown instanceof ApiError))
    await assert.rejects(failed, /an inner secret/)
    assert.deepEqual(seen, [])
  })

  const ends = [
    { name: 'ends its thread', text: '() => process.exit(3)', reason: 'exit', says: /interrupted/ },
    {
      name: 'throws out of nowhere',
      text: '() => { setTimeout(() => { throw new Error("boom") }); return new Promise(() => {}) }',
      reason: 'error',
      says: /interrupted/,
    },
    {
      name: 'needs too much memory',
      text: '() => { const kept = []; for (let i = 0; ; i++) kept.push({ i, more: [i, i, i] }) }',
      reason: 'memory',
      says: /more memory/,
    },
  ] as const
  for (const { name, text, reason, says } of ends) {
    test(`one that ${name} fails alone, with a 503; the thread is replaced and counted`, async () => {
      const before = pool.counts.lost
      await assert.rejects(compute(text), (thrown) => {
        assert.ok(thrown instanceof ServiceUnavailable)
        assert.equal(thrown.headers['Retry-After'], '1')
        return says.test(thrown.message)
      })
      assert.deepEqual(
        seen.map((what) => [what.reason, what.failed, what.service]),
        [[reason, 1, null]],
      )
      assert.equal(pool.counts.lost, before + 1)
      await works()
    })
  }

  test('one that takes too long is ended', async () => {
    const hasty = new WorkerPool({ ...config, workers: { ...config.workers, timeoutMs: 500 } }, (what) => {
      if (what.kind === 'worker-lost') seen.push(what)
    })
    const forever = hasty.compute({ module: job('() => { for (;;); }'), data: null }, never)
    await assert.rejects(forever, { status: 503, message: /took too long/ })
    assert.deepEqual(
      seen.map((what) => what.reason),
      ['stalled'],
    )
    await hasty.close()
  })

  test('beyond the queue there is a 503, and nobody else suffers', async () => {
    const stop = new AbortController()
    const running = compute('() => { for (;;); }', null, stop.signal)
    const waiting = compute('(n) => ({ value: n })', 5)
    await assert.rejects(compute('(n) => ({ value: n })', 6), { status: 503, message: /too busy/ })
    // Who gives up frees the thread, in whatever it is.
    stop.abort(gone)
    await assert.rejects(running, gone)
    assert.equal(await waiting, 5)
    assert.equal(pool.counts.computing, 0)
    assert.deepEqual(seen, [])
  })
})

const endless = job(`async (data, { sink, signal }) => {
  for (let i = 0; data === null || i < data; i++) {
    const wait = sink.write(new Uint8Array([i]))
    if (wait) await wait
  }
  return 'all'
}`)

describe('what is streamed', () => {
  test('chunks come in order, then the answer', async () => {
    const got: number[] = []
    const sink = { write: (chunk: Uint8Array) => void got.push(...chunk) }
    assert.equal(await pool.stream({ module: endless, data: 100 }, sink, never), 'all')
    assert.deepEqual(
      got,
      Array.from({ length: 100 }, (_, i) => i),
    )
  })

  test('the answer waits for a slow sink', async () => {
    let taken = 0
    const sink = { write: () => new Promise<void>((resolve) => setImmediate(resolve)).then(() => void taken++) }
    await pool.stream({ module: endless, data: 30 }, sink, never)
    assert.equal(taken, 30)
  })

  test('no more is made than credit allows, and a reader that goes away stops it', async () => {
    const shared = new Int32Array(new SharedArrayBuffer(8))
    const module = job(`async (cells, { sink, signal }) => {
      signal.addEventListener('abort', () => Atomics.add(cells, 1, 1))
      for (;;) {
        const wait = sink.write(new Uint8Array(1))
        Atomics.add(cells, 0, 1)
        if (wait) await wait
      }
    }`)
    const stop = new AbortController()
    const stuck = pool.stream({ module, data: shared }, { write: () => new Promise(() => {}) }, stop.signal)
    await until('credit is used up', () => Atomics.load(shared, 0) >= credit)
    await works()
    assert.equal(Atomics.load(shared, 0), credit)
    stop.abort(gone)
    await assert.rejects(stuck, gone)
    await until('it has stopped', () => Atomics.load(shared, 1) === 1 && pool.counts.streaming === 0)
  })

  test('a sink that throws stops it', async () => {
    const broken = {
      write() {
        throw gone
      },
    }
    await assert.rejects(pool.stream({ module: endless, data: null }, broken, never), gone)
    await until('it has stopped', () => pool.counts.streaming === 0)
  })

  test('an error after some chunks is an error', async () => {
    const module = job(
      'async (data, { sink }) => { await sink.write(new Uint8Array(1)); throw new Error("in the middle") }',
    )
    await assert.rejects(pool.stream({ module, data: null }, { write() {} }, never), /in the middle/)
  })

  test('a thread that ends in the middle fails what it streamed', async () => {
    const module = job('async (data, { sink }) => { await sink.write(new Uint8Array(1)); process.exit(1) }')
    await assert.rejects(pool.stream({ module, data: null }, { write() {} }, never), {
      status: 503,
      message: /interrupted/,
    })
    assert.equal(await pool.stream({ module: endless, data: 1 }, { write() {} }, never), 'all')
  })

  test('it is known when another would have to wait', async () => {
    const stop = new AbortController()
    const open: Promise<unknown>[] = []
    while (pool.streamsFree) {
      open.push(pool.stream({ module: endless, data: null }, { write: () => new Promise(() => {}) }, stop.signal))
      assert.ok(open.length < 100)
    }
    stop.abort(gone)
    for (const each of open) await assert.rejects(each, gone)
    await until('it is free again', () => pool.streamsFree && pool.counts.streaming === 0)
  })
})

describe('formats', () => {
  const output = (format: Output['format']): Output => ({
    format,
    type: `text/${format}`,
    wrapper: 'resource',
    wrapperName: 'resource',
    xmlRoot: 'dfapi',
    fileName: null,
  })
  const value: Json = {
    resource: [
      { a: 1, b: 12345678901234567890n, c: null },
      { a: 2, b: 0.5, c: 'é & <x>' },
    ],
  }

  test('XML is read as it is here', async () => {
    const text = '<r><resource><a>1</a></resource><resource><a>é &amp; b</a></resource></r>'
    const there = await readXml(text, 'resource', { workers: pool, atLeast: 0 }, never)
    assert.deepEqual(there, decodeXml(text, 'resource'))
  })

  for (const format of ['xml', 'csv'] as const) {
    test(`${format} is written as it is here`, async () => {
      const bytes = await written(output(format), value, { workers: pool, atLeast: 1 }, never)
      assert.deepEqual(Buffer.from(bytes ?? []).toString(), Buffer.from(encodeValue(output(format), value)).toString())
    })
  }

  const stays = [
    { name: 'JSON', format: 'json', atLeast: 0, workers: pool },
    { name: 'a short list', format: 'xml', atLeast: 2, workers: pool },
    { name: 'everything where there are no threads', format: 'xml', atLeast: 0, workers: null },
  ] as const
  for (const { name, format, atLeast, workers } of stays) {
    test(`${name} stays`, () => {
      assert.equal(written(output(format), value, { workers, atLeast }, never), null)
    })
  }
})

test('a pool that was closed refuses, and lets go of what it did', async () => {
  const other = new WorkerPool(config, () => {})
  const running = other.compute({ module: job('() => { for (;;); }'), data: null }, never)
  const refused = assert.rejects(running, { status: 503, message: /stopping/ })
  await until('it has begun', () => other.counts.threads === 1)
  await other.close()
  await refused
  await assert.rejects(other.compute({ module: job('() => ({ value: 1 })'), data: null }, never), { status: 503 })
  assert.equal(other.threads, 0)
})
