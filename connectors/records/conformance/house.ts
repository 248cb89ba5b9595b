/** A house around one service: the host that it is given, callers with rights, requests, and their answers as clients see them. */
import assert from 'node:assert/strict'
import {
  ApiError,
  type ApiRequest,
  allVerbs,
  type Body,
  type Caller,
  Decimal,
  defaultSettings,
  encodeValue,
  type Json,
  type Output,
  type Policy,
  parseJson,
  type Role,
  type Service,
  type ServiceHost,
  type Verb,
  verbBits,
} from 'dataferry/sdk'
import { parseRoleFilter } from '../filter/index.ts'
import type { Case, Right, Rights } from './types.ts'

const none: ReadonlySet<string> = new Set()
const everything: Policy = { verbs: allVerbs, rows: null, hidden: none, readOnly: none }

/** Rights by role, because callers may be copied on their way: one without a role is an administrator. */
const rightsOf = new WeakMap<Role, Rights>()

const administrator: Caller = {
  user: null,
  app: null,
  role: null,
  admin: true,
  requestor: 'api',
  session: null,
  lookups: { 'user.id': 7, 'user.name': "O'Hara) OR (1 = 1" },
}

function callerOf(rights: Rights | undefined): Caller {
  if (rights === undefined) return administrator
  const caller: Caller = {
    ...administrator,
    admin: false,
    role: { id: 1, name: 'conformance', description: null, isActive: true, rules: new Map(), lookups: {} },
  }
  if (caller.role !== null) rightsOf.set(caller.role, rights)
  return caller
}

function rightTo(caller: Caller, component: string): Right | null | 'all' {
  const rights = caller.role === null ? undefined : rightsOf.get(caller.role)
  if (rights === undefined) return 'all'
  const table = /^_(?:table|schema)\/(.*)$/.exec(component)?.[1] ?? component
  const found = Object.keys(rights).find((name) => name.toLowerCase() === table.toLowerCase())
  return found === undefined ? null : (rights[found] ?? null)
}

const maskOf = ({ verbs }: Right): number =>
  verbs === undefined ? allVerbs : verbs.reduce((mask, verb) => mask | verbBits[verb], 0)

/** The host of a service called `db` with the settings of a server that sets nothing. */
export async function houseHost(): Promise<ServiceHost> {
  const quiet = (): void => {}
  return {
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    settings: await defaultSettings(),
    service: { id: 1, name: 'db', label: 'db', type: 'conformance' },
    ask: (what) => assert.fail(`The service asked for ${what.name}.`),
    maskFor(caller, _service, component) {
      const right = rightTo(caller, component)
      return right === 'all' ? allVerbs : right === null ? 0 : maskOf(right)
    },
    policyFor(caller, _service, component): Policy {
      const right = rightTo(caller, component)
      if (right === 'all') return everything
      if (right === null) return { ...everything, verbs: 0 }
      return {
        verbs: maskOf(right),
        rows: parseRoleFilter(right.filters ?? [], right.filterOp ?? 'AND'),
        hidden: new Set(right.hidden?.map((name) => name.toLowerCase())),
        readOnly: new Set(right.readOnly?.map((name) => name.toLowerCase())),
      }
    },
    serviceName: () => 'db',
    other: () => assert.fail('The service asked for another service.'),
  }
}

const outputs = {
  json: 'application/json',
  xml: 'application/xml',
  csv: 'text/csv',
} as const

const output = (format: keyof typeof outputs): Output => ({
  format,
  type: outputs[format],
  wrapper: 'resource',
  wrapperName: 'resource',
  xmlRoot: 'dfapi',
  fileName: null,
})

/** The request of a case. */
export function requestOf(asked: Pick<Case, 'ask' | 'query' | 'body' | 'untyped' | 'as'>): ApiRequest {
  const [, verb = 'GET', path = '', options = ''] = /^([A-Z]+) ([^?]*)(?:\?(.*))?$/s.exec(asked.ask) ?? []
  const query = new Map<string, Json>(Object.entries(asked.query ?? {}))
  for (const pair of options === '' ? [] : options.split('&')) {
    const at = pair.indexOf('=')
    query.set(pair.slice(0, at), pair.slice(at + 1))
  }
  const body: Body =
    asked.body === undefined ? { kind: 'none' } : { kind: 'value', value: asked.body, typed: asked.untyped !== true }
  return {
    id: 'conformance',
    verb: verb as Verb,
    service: 'db',
    path: [...(path.startsWith('_') ? [] : ['_table']), ...path.split('/').map(decodeURIComponent)],
    trailingSlash: false,
    query,
    headers: {},
    body,
    caller: callerOf(asked.as),
    output: output('json'),
    origin: 'http://localhost',
    address: '127.0.0.1',
  }
}

export interface Answer {
  readonly status: number
  readonly body: Json
}

const signal = new AbortController().signal
const budget = { bytes: 1 << 28, rows: 1_000_000 }

/** The answer as JSON clients see it; errors as the kernel would show them. Other errors than the contract's are thrown. */
export async function answerOf(service: Service, request: ApiRequest): Promise<Answer> {
  try {
    const { status, body } = await service.handle(request, signal)
    if (body.kind === 'value') return { status, body: plain(body.value) }
    assert.equal(body.kind, 'rows', 'records are answered as values or as rows')
    if (body.kind !== 'rows') return { status, body: null }
    return { status, body: plain(parseJson(await bytesOf(body.rows, request.output))) }
  } catch (thrown) {
    if (!(thrown instanceof ApiError)) throw thrown
    const { message, status, code, context } = thrown
    return {
      status,
      body: plain({ error: { code, context: (context ?? null) as Json, message, status_code: status } }),
    }
  }
}

type Rows = Extract<Awaited<ReturnType<Service['handle']>>['body'], { kind: 'rows' }>['rows']

async function bytesOf(rows: Rows, to: Output): Promise<string> {
  const chunks: Uint8Array[] = []
  await rows.encode(to, { write: (chunk) => void chunks.push(chunk) }, signal)
  return Buffer.concat(chunks).toString('utf8')
}

/** A read that answers rows gives the same in every format, and as a value. */
export async function sameInEveryFormat(service: Service, request: ApiRequest): Promise<void> {
  const rows = async (): Promise<Rows | null> => {
    const { body } = await service.handle(request, signal)
    return body.kind === 'rows' ? body.rows : null
  }
  const source = await rows()
  if (source === null) return
  const value = await source.value(budget, signal)
  for (const format of ['json', 'xml', 'csv'] as const) {
    const again = await rows()
    assert.ok(again !== null)
    const written = await bytesOf(again, output(format))
    assert.equal(written, Buffer.from(encodeValue(output(format), value)).toString('utf8'), `as ${format}`)
  }
}

/** With ordinary prototypes, and numbers that no double holds as `digits`. */
export function plain(value: Json): Json {
  if (value instanceof Decimal) return { digits: value.digits }
  if (typeof value === 'bigint') return { digits: String(value) }
  if (Array.isArray(value)) return value.map(plain)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, plain(member)]))
}
