import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ApiError, BadRequest, InstanceFailed } from '../../../kernel/errors.ts'
import type { Observation } from '../../../kernel/observe.ts'
import { dispatch } from '../../../kernel/pipeline/dispatch.ts'
import {
  type ApiReply,
  type ApiRequest,
  ability,
  type ReplyBody,
  type RowSource,
  type Service,
  type ServiceHost,
  type ServiceRecord,
  type ServiceType,
  type Snapshot,
} from '../../../kernel/plugins/contract.ts'
import { Registry } from '../../../kernel/services/registry.ts'
import { caller, record, snapshot } from '../../support/access.ts'

const Number1 = ability<number>('Number1')
const request = (service: string): ApiRequest => ({
  id: 'r',
  verb: 'GET',
  service,
  path: [],
  trailingSlash: false,
  query: new Map(),
  headers: {},
  body: { kind: 'none' },
  caller: caller({ admin: true }),
  output: {
    format: 'json',
    type: 'application/json',
    wrapper: 'resource',
    wrapperName: 'resource',
    xmlRoot: 'dfapi',
    fileName: null,
  },
  origin: 'http://h',
  address: '10.0.0.1',
})
const never = new AbortController().signal
const reply = (body: ReplyBody): ApiReply => ({ status: 200, headers: {}, body })
const rows = (work: () => Promise<void> = async () => {}): RowSource => ({
  weight: 'page',
  encode: work,
  value: async () => {
    await work()
    return []
  },
})
async function* bytes(fail?: Error): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(1)
  if (fail) throw fail
}

/** A server whose services are what `make` says, with every event written down. */
function server(make: (host: number) => Partial<Service> | Error, records: readonly ServiceRecord[] = [record()]) {
  const events: string[] = []
  let now = 0
  let made = 0
  let current: Snapshot = snapshot({ services: records })
  const type: ServiceType = {
    name: 'sqlite',
    label: 'S',
    group: 'Database',
    description: '',
    config: [],
    body: 'value',
    create: () => {
      const number = ++made
      const service = make(number)
      if (service instanceof Error) throw service
      return {
        handle: async () => reply({ kind: 'value', value: number }),
        close: async () => void events.push(`closed ${number}`),
        ...service,
      }
    },
  }
  const observe = (what: Observation): void => {
    if (what.kind === 'service-broken') events.push(`broken ${what.service} ${what.retryMs}`)
    if (what.kind === 'service-close-failed') events.push(`close failed ${what.service}`)
  }
  const registry = new Registry({
    snapshot: () => current,
    types: new Map([['sqlite', type]]),
    hostFor: () => ({}) as ServiceHost,
    observe,
    now: () => now,
  })
  return {
    events,
    registry,
    ask: (service = 'db') => dispatch(registry)(request(service), never),
    pass(ms: number) {
      now += ms
    },
    replace(services: readonly ServiceRecord[], sweep = true) {
      current = snapshot({ services })
      if (sweep) registry.sweep(current)
    },
  }
}

async function number(answer: Promise<ApiReply>): Promise<unknown> {
  const { body } = await answer
  return body.kind === 'value' ? body.value : body.kind
}
const fails = (answer: Promise<unknown>, status: number, message: RegExp | string, retryAfter?: string) =>
  assert.rejects(answer, (error: unknown) => {
    assert.ok(error instanceof ApiError)
    assert.equal(error.status, status)
    if (typeof message === 'string') assert.equal(error.message, message)
    else assert.match(error.message, message)
    assert.equal(error.headers['Retry-After'], retryAfter)
    return true
  })
const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

test('registry: names that lead to no service', async () => {
  const { ask } = server(
    () => ({}),
    [record({ id: 1, name: 'Off', isActive: false }), record({ id: 2, name: 'maria', type: 'mysql' })],
  )
  await fails(ask('nope'), 404, 'Could not find a service for nope')
  await fails(ask('off'), 403, 'Service Off is deactivated.')
  await fails(ask('maria'), 503, "The service type 'mysql' of service 'maria' is not available on this server.")
})

test('registry: made at first use, kept, made anew for a new revision', async () => {
  const { ask, events, replace } = server(() => ({}))
  assert.equal(await number(ask()), 1)
  assert.equal(await number(ask()), 1)
  replace([record({ version: 2, label: 'New' } as Partial<ServiceRecord>)])
  assert.equal(await number(ask()), 1, 'the revision did not change')
  replace([record({ revision: 2 })], false)
  assert.equal(await number(ask()), 2)
  await turn()
  assert.deepEqual(events, ['closed 1'])
})

test('registry: gone and deactivated services close without being asked', async () => {
  const { ask, events, replace } = server(() => ({}), [record(), record({ id: 6, name: 'b' })])
  await ask('db')
  await ask('b')
  replace([record({ isActive: false })])
  await turn()
  assert.deepEqual(events.sort(), ['closed 1', 'closed 2'])
  await fails(ask('db'), 403, 'Service db is deactivated.')
})

const held: readonly {
  readonly name: string
  readonly body: () => ReplyBody
  readonly read: (body: ReplyBody) => Promise<void>
}[] = [
  {
    name: 'rows, encoded',
    body: () => ({ kind: 'rows', rows: rows() }),
    read: async (body) => {
      if (body.kind === 'rows') await body.rows.encode(request('db').output, { write() {} }, never)
    },
  },
  {
    name: 'rows, as a value',
    body: () => ({ kind: 'rows', rows: rows() }),
    read: async (body) => {
      if (body.kind === 'rows') await body.rows.value({ bytes: 1, rows: 1 }, never)
    },
  },
  {
    name: 'rows that fail',
    body: () => ({ kind: 'rows', rows: rows(async () => assert.fail('no')) }),
    read: async (body) => {
      if (body.kind === 'rows') await assert.rejects(body.rows.encode(request('db').output, { write() {} }, never))
    },
  },
  {
    name: 'bytes',
    body: () => ({ kind: 'opaque', type: 'x/y', length: null, bytes: bytes() }),
    read: async (body) => {
      if (body.kind === 'opaque') for await (const _ of body.bytes);
    },
  },
  {
    name: 'bytes that nobody wants to the end',
    body: () => ({ kind: 'opaque', type: 'x/y', length: null, bytes: bytes() }),
    read: async (body) => {
      if (body.kind === 'opaque') for await (const _ of body.bytes) break
    },
  },
]
for (const { name, body, read } of held) {
  test(`registry: a replaced service closes when its last answer was read: ${name}`, async () => {
    const { ask, events, replace } = server((made) => (made === 1 ? { handle: async () => reply(body()) } : {}))
    const [one, two] = [await ask(), await ask()]
    replace([record({ revision: 2 })])
    assert.equal(await number(ask()), 2)
    await read(one.body)
    await turn()
    assert.deepEqual(events, [])
    await read(two.body)
    await turn()
    assert.deepEqual(events, ['closed 1'])
  })
}

test('registry: an answer under way finishes on the replaced instance', async () => {
  const { promise, resolve: finish } = Promise.withResolvers<ApiReply>()
  const { ask, events, replace } = server((made) => (made === 1 ? { handle: () => promise } : {}))
  const slow = ask()
  replace([record({ revision: 2 })])
  assert.equal(await number(ask()), 2)
  assert.deepEqual(events, [])
  finish(reply({ kind: 'value', value: 'slow' }))
  assert.equal(await number(slow), 'slow')
  await turn()
  assert.deepEqual(events, ['closed 1'])
})

test('registry: one that cannot be made is broken alone, and tried again with growing pauses', async () => {
  let broken = true
  const { ask, events, pass } = server(
    (made) => (broken && made !== 2 ? new BadRequest('The file is gone.') : {}),
    [record(), record({ id: 6, name: 'b' })],
  )
  const message = "Service 'db' is not available at the moment. The file is gone."
  await fails(ask(), 503, message)
  assert.equal(await number(ask('b')), 2)
  await fails(ask(), 503, message, '1')
  pass(1000)
  await fails(ask(), 503, message)
  await fails(ask(), 503, message, '2')
  pass(1999)
  await fails(ask(), 503, message, '1')
  broken = false
  pass(1)
  assert.equal(await number(ask()), 4)
  assert.deepEqual(events, ['broken db 1000', 'broken db 2000'])
})

test('registry: a reason that is not meant for clients is not told', async () => {
  const { ask } = server(() => new Error('/secret/path'))
  await fails(ask(), 503, "Service 'db' is not available at the moment.")
})

test('registry: a change of the configuration is tried at once', async () => {
  const { ask, replace } = server((made) => (made === 1 ? new Error('no') : {}))
  await fails(ask(), 503, /not available/)
  replace([record({ revision: 2 })])
  assert.equal(await number(ask()), 2)
})

test('registry: an instance that failed is replaced; other errors are its own matter', async () => {
  const errors: readonly Error[] = [new BadRequest('no'), new Error('no'), new InstanceFailed('The thread died.')]
  let next = 0
  const { ask, events, pass } = server((made) =>
    made === 1 ? { handle: async () => Promise.reject(errors[next++]) } : {},
  )
  await fails(ask(), 400, 'no')
  await assert.rejects(ask(), /^Error: no$/)
  await fails(ask(), 503, 'The thread died.')
  await fails(ask(), 503, "Service 'db' is not available at the moment. The thread died.", '1')
  await turn()
  assert.deepEqual(events, ['broken db 1000', 'closed 1'])
  pass(1000)
  assert.equal(await number(ask()), 2)
})

test('registry: a failure in the middle of an answer counts too, and a throw before the first await', async () => {
  const { ask, events } = server((made) =>
    made === 1
      ? {
          handle: async () =>
            reply({ kind: 'opaque', type: 'x/y', length: null, bytes: bytes(new InstanceFailed('gone')) }),
        }
      : {
          handle: () => {
            throw new InstanceFailed('at once')
          },
        },
  )
  const { body } = await ask()
  await assert.rejects(async () => {
    if (body.kind === 'opaque') for await (const _ of body.bytes);
  }, /gone/)
  await turn()
  assert.deepEqual(events, ['broken db 1000', 'closed 1'])
})

test('registry: abilities of other services', async () => {
  const { registry, replace, events } = server(() => ({
    ability: <T>(what: { readonly name: string }) => (what.name === 'Number1' ? (1 as T) : undefined),
  }))
  assert.equal(registry.abilityOf(5, Number1), 1)
  assert.throws(() => registry.abilityOf(5, ability('Other')), /Service 'db' does not offer Other\./)
  assert.throws(() => registry.abilityOf(99, Number1), /Could not find a service/)
  replace([])
  await turn()
  assert.deepEqual(events, [], 'what was borrowed is not closed at once')
  await registry.close()
  assert.deepEqual(events, ['closed 1'])
})

test('registry: closing closes everything once, whoever still reads, and a failing close harms nobody', async () => {
  const { registry, ask, events, replace } = server(
    (made) =>
      made === 2
        ? { close: async () => assert.fail('no') }
        : { handle: async () => reply({ kind: 'rows', rows: rows() }) },
    [record(), record({ id: 6, name: 'b' })],
  )
  await ask('db')
  await ask('b')
  replace([record({ id: 6, name: 'b' })])
  assert.deepEqual(registry.unclosed(), ['b', 'db'])
  await registry.close()
  assert.deepEqual(registry.unclosed(), [])
  await registry.close()
  assert.deepEqual(events.sort(), ['close failed b', 'closed 1'])
  await fails(ask('b'), 503, 'The server is stopping.')
})

test('dispatch: nothing is awaited before handle', () => {
  let handled = false
  const { ask } = server(() => ({
    handle: async () => {
      handled = true
      return reply({ kind: 'none' })
    },
  }))
  void ask()
  assert.equal(handled, true)
})
