/**
 * A connector that does what no connector should: blocks its thread, keeps everything, throws out of nowhere, ends the process. Its other
 * answers come in each form that a reply has, so that they can be compared between the event loop and a thread.
 */
import {
  type ApiReply,
  type ApiRequest,
  BadRequest,
  type Budget,
  type ByteSink,
  Decimal,
  type Json,
  type Output,
  type Plugin,
  type RowSource,
  SchemaExtrasAbility,
  type Service,
  type ServiceHost,
} from 'dataferry/sdk'

const kept: object[] = []

/** As many chunks of 64 KiB as it is told; `made` counts those that were written. */
class Chunks implements RowSource {
  readonly weight = 'bulk'
  readonly #count: number
  static made = 0
  static stopped = 0

  constructor(count: number) {
    this.#count = count
  }

  async encode(_output: Output, sink: ByteSink, signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => Chunks.stopped++, { once: true })
    for (let i = 0; i < this.#count; i++) {
      signal.throwIfAborted()
      const wait = sink.write(Buffer.alloc(65_536, 97))
      Chunks.made++
      if (wait !== undefined) await wait
    }
  }

  async value(_limit: Budget): Promise<Json> {
    return 'a'.repeat(this.#count)
  }
}

class Rogue implements Service {
  readonly #host: ServiceHost
  readonly #greeting: Json

  constructor(greeting: Json, host: ServiceHost) {
    this.#greeting = greeting
    this.#host = host
  }

  async handle(request: ApiRequest, signal: AbortSignal): Promise<ApiReply> {
    const [what = 'hello', count = '1'] = request.path
    const value = (given: Json): ApiReply => ({ status: 200, headers: {}, body: { kind: 'value', value: given } })
    switch (what) {
      case 'hello':
        return value({ greeting: this.#greeting, pid: process.pid })
      case 'block':
        for (;;);
      case 'leak':
        for (;;) {
          for (let i = 0; i < 100_000; i++) kept.push({ i, more: [i, i, i] })
          await new Promise((resolve) => setImmediate(resolve))
        }
      case 'throw':
        setTimeout(() => {
          throw new Error('out of nowhere')
        }, 0)
        return new Promise(() => {})
      case 'reject':
        void Promise.reject(new Error('nobody listens'))
        return new Promise(() => {})
      case 'exit':
        process.exit(7)
        break
      case 'refuse':
        throw new BadRequest('Not this one.', { context: { field: 'x' }, headers: { 'x-why': 'because' } })
      case 'fault':
        throw new Error('an inner secret')
      case 'numbers':
        return value({ big: 12345678901234567890n, exact: new Decimal('0.12345678901234567890'), list: [1, null, 'é'] })
      case 'echo':
        return value({
          verb: request.verb,
          query: Object.fromEntries(request.query),
          body: request.body.kind === 'value' ? request.body.value : request.body.kind,
          user: request.caller.user?.id ?? null,
          bare: request.body.kind === 'value' && Object.getPrototypeOf(request.body.value) === null,
        })
      case 'rows':
        return { status: 201, headers: { 'x-rows': count }, body: { kind: 'rows', rows: new Chunks(Number(count)) } }
      case 'made':
        return value({ made: Chunks.made, stopped: Chunks.stopped })
      case 'file':
        return {
          status: 200,
          headers: {},
          cookies: ['a=1', 'b=2'],
          body: {
            kind: 'opaque',
            type: 'application/octet-stream',
            length: Number(count) * 3,
            bytes: pieces(Number(count)),
          },
        }
      case 'nothing':
        return { status: 204, headers: {}, body: { kind: 'none' } }
      case 'names':
        return value({ echo: this.#host.serviceId?.('ECHO') ?? null, five: this.#host.serviceName(5) })
      case 'extras':
        return value((await this.#host.ask(SchemaExtrasAbility).of(5)) as unknown as Json)
      case 'log':
        this.#host.log.warn('from the service', { fact: 1 })
        return value(true)
      case 'wait':
        await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }))
    }
    throw new BadRequest(`What is ${what}?`)
  }

  async resources(): Promise<readonly string[]> {
    return ['', '*']
  }

  async close(): Promise<void> {}
}

async function* pieces(count: number): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < count; i++) yield Buffer.from('abc')
}

/** Takes a raw body and tells its length and its first bytes. */
class Swallow implements Service {
  async handle({ body }: ApiRequest): Promise<ApiReply> {
    let size = 0
    let first = ''
    if (body.kind === 'raw') {
      for await (const chunk of body.bytes) {
        if (size === 0) first = Buffer.from(chunk).toString('latin1', 0, 3)
        size += chunk.length
      }
    }
    return { status: 200, headers: {}, body: { kind: 'value', value: { size, first } } }
  }
  async close(): Promise<void> {}
}

const base = { group: 'Test', description: 'For tests of isolation.' } as const
const plugin: Plugin = {
  name: 'rogue',
  api: 1,
  types: [
    {
      ...base,
      name: 'rogue',
      label: 'Rogue',
      config: [{ name: 'greeting', label: 'Greeting', type: 'string' }],
      body: 'value',
      create: (config, host) => {
        if (config.greeting === 'never') throw new BadRequest('It can not be made.')
        return new Rogue(config.greeting ?? null, host)
      },
    },
    { ...base, name: 'swallow', label: 'Swallow', config: [], body: 'raw', create: () => new Swallow() },
  ],
}
export default plugin
