/** A small company as tables and rows, and a service over them, for the engine's tests. */
import type {
  ApiReply,
  ApiRequest,
  Body,
  Caller,
  Json,
  Output,
  Policy,
  RoleFilter,
  ServiceHost,
  Verb,
} from 'dataferry/sdk'
import { allVerbs, verbBits } from 'dataferry/sdk'
import {
  type Column,
  type ConfigLike,
  deriveRelations,
  type ForeignKey,
  labelOf,
  parseRoleFilter,
  pluralOf,
  type Relation,
  type Row,
  recordService,
  type Table,
} from './exports.ts'
import { column } from './filter/table.ts'
import { MemoryStore, type MemoryTable } from './memory-store.ts'

interface Made {
  readonly name: string
  readonly columns: readonly Column[]
  readonly key: readonly string[]
  readonly foreignKeys?: readonly ForeignKey[]
  readonly alias?: string
  readonly isView?: boolean
}

const id = (name = 'id'): Column =>
  column(name, 'id', { allowNull: false, isPrimaryKey: true, autoIncrement: true, dbType: 'integer' })
const required = { allowNull: false }
const refers = (to: string, columns: readonly string[], refColumns: readonly string[]): ForeignKey => ({
  columns,
  refTable: to,
  refColumns,
  onUpdate: 'NO ACTION',
  onDelete: 'CASCADE',
})

const made: readonly Made[] = [
  {
    name: 'departments',
    key: ['dept_no'],
    columns: [
      column('dept_no', 'string', { ...required, isPrimaryKey: true, dbType: 'char(4)', length: 4 }),
      column('dept_name', 'string', { ...required, isUnique: true, dbType: 'varchar(40)' }),
    ],
  },
  {
    name: 'employees',
    key: ['emp_no'],
    columns: [
      column('emp_no', 'integer', { ...required, isPrimaryKey: true }),
      column('last_name', 'string', required),
      column('gender', 'string', required),
      column('salary', 'decimal'),
      column('hired', 'date'),
    ],
  },
  {
    name: 'dept_emp',
    key: ['emp_no', 'dept_no'],
    columns: [
      column('emp_no', 'reference', { ...required, isPrimaryKey: true, isForeignKey: true }),
      column('dept_no', 'string', { ...required, isPrimaryKey: true, isForeignKey: true }),
      column('since', 'date'),
    ],
    foreignKeys: [refers('employees', ['emp_no'], ['emp_no']), refers('departments', ['dept_no'], ['dept_no'])],
  },
  {
    name: 'supplies',
    key: ['id'],
    columns: [id(), column('name', 'string')],
  },
  {
    name: 'locations',
    key: ['id'],
    columns: [id(), column('supply_id', 'reference', required), column('name', 'string')],
    foreignKeys: [refers('supplies', ['supply_id'], ['id'])],
  },
  { name: 'no_pk', key: [], columns: [column('a', 'integer'), column('b', 'string')] },
  {
    name: 'kinds',
    key: ['id'],
    columns: [
      id(),
      column('flag', 'boolean'),
      column('amount', 'decimal'),
      column('big', 'bigint'),
      column('data', 'binary'),
      column('doc', 'json'),
      column('note', 'text'),
      column('day', 'date'),
      column('made', 'timestamp_on_create'),
      column('changed', 'timestamp_on_update'),
      column('maker', 'user_id_on_create'),
      column('email', 'string', { validation: { email: {} } }),
      column('fixed', 'string', { validation: { api_read_only: {} } }),
    ],
  },
]

const relations = deriveRelations(
  made.map(({ name, key, columns, foreignKeys = [] }) => ({
    name,
    primaryKey: key,
    unique: columns.filter((each) => each.isUnique).map((each) => [each.name]),
    foreignKeys,
  })),
)

export const tables: ReadonlyMap<string, Table> = new Map(
  made.map(({ name, columns, key, alias = null, isView = false }) => [
    name,
    {
      name,
      schema: null,
      alias,
      label: labelOf(name),
      plural: pluralOf(labelOf(name)),
      description: null,
      isView,
      native: [],
      columns,
      primaryKey: key,
      relations: (relations.get(name) ?? []) as readonly Relation[],
      constraints: [],
      nameField: null,
      epoch: 1,
    },
  ]),
)

export function tableNamed(name: string): Table {
  const table = tables.get(name)
  if (!table) throw new Error(`no table ${name}`)
  return table
}

const rows: { readonly [table: string]: readonly Row[] } = {
  departments: [
    { dept_no: 'd001', dept_name: 'Marketing' },
    { dept_no: 'd002', dept_name: 'Finance' },
    { dept_no: 'd003', dept_name: 'Sales' },
  ],
  employees: [
    { emp_no: 1, last_name: 'Facello', gender: 'F', salary: 100.5, hired: '1990-06-20' },
    { emp_no: 2, last_name: 'Simmel', gender: 'M', salary: 80, hired: '1985-08-03' },
    { emp_no: 3, last_name: 'Berztiss', gender: 'F', salary: null, hired: null },
    { emp_no: 4, last_name: 'Koblick', gender: 'M', salary: 80, hired: '1995-04-12' },
  ],
  dept_emp: [
    { emp_no: 1, dept_no: 'd001', since: '1990-06-20' },
    { emp_no: 1, dept_no: 'd002', since: '1992-12-06' },
    { emp_no: 2, dept_no: 'd002', since: '1985-08-03' },
    { emp_no: 3, dept_no: 'd003', since: '1985-09-22' },
  ],
  supplies: [
    { id: 1, name: 'Stapler' },
    { id: 2, name: 'Broom' },
    { id: 3, name: 'Whiteboard' },
  ],
  locations: [
    { id: 1, supply_id: 1, name: 'Front Desk' },
    { id: 2, supply_id: 1, name: 'Room 101' },
    { id: 3, supply_id: 2, name: 'Broom Closet' },
  ],
  no_pk: [
    { a: 1, b: 'one' },
    { a: 2, b: 'two' },
    { a: 2, b: 'two' },
  ],
  kinds: [],
}

export const company = (): readonly MemoryTable[] =>
  [...tables.values()].map((table) => ({ table, rows: rows[table.name] ?? [] }))

// ---- a service over it ----------------------------------------------------------------------------------------------------------

/** What a restricted caller has on one table; a table that is not named is closed. */
export interface Right {
  readonly verbs?: readonly Verb[]
  /** [field, operator, value] joined by `op`. */
  readonly filters?: readonly (readonly [string, string, string])[]
  readonly op?: 'and' | 'or'
  readonly hidden?: readonly string[]
  readonly readOnly?: readonly string[]
}
export type Rights = { readonly [table: string]: Right }

const none: ReadonlySet<string> = new Set()

function policyOf(rights: Rights | null, component: string): Policy {
  if (rights === null) return { verbs: allVerbs, rows: null, hidden: none, readOnly: none }
  const right = rights[component.replace(/^_(?:table|schema)\//, '')]
  if (!right) return { verbs: 0, rows: null, hidden: none, readOnly: none }
  const filters = (right.filters ?? []).map(([name, operator, value]) => ({ name, operator, value }))
  return {
    verbs: right.verbs ? right.verbs.reduce((mask, verb) => mask | verbBits[verb], 0) : allVerbs,
    rows: parseRoleFilter(filters, right.op ?? 'and') as RoleFilter | null,
    hidden: new Set(right.hidden),
    readOnly: new Set(right.readOnly),
  }
}

/** `rights`: null for an administrator. */
export function hostFor(rights: Rights | null): ServiceHost {
  const silent = { debug() {}, info() {}, warn() {}, error() {} }
  return {
    log: silent,
    settings: {
      api: { lookupModifiers: ['strtoupper'] },
      records: { maxRecords: 100_000, maxFilterTerms: 1000, maxRelatedDepth: 3 },
    } as unknown as ServiceHost['settings'],
    service: { id: 10, name: 'db', label: 'DB', type: 'memory' },
    ask: () => {
      throw new Error('nothing is offered')
    },
    maskFor: (_caller, _service, component) => policyOf(rights, component).verbs,
    policyFor: (_caller, _service, component) => policyOf(rights, component),
    serviceName: () => null,
    other: () => Promise.reject(new Error('no other service')),
  }
}

const json: Output = {
  format: 'json',
  type: 'application/json',
  wrapper: 'resource',
  wrapperName: 'resource',
  xmlRoot: 'dfapi',
  fileName: null,
}

export const admin: Caller = {
  user: null,
  app: null,
  role: null,
  admin: true,
  requestor: 'api',
  session: null,
  lookups: { 'user.id': 7, 'user.email': 'ann@example.org' },
}

export interface Asked {
  readonly verb?: Verb
  /** Path below the service, with its query. */
  readonly path: string
  readonly body?: Json
  readonly typed?: boolean
  readonly output?: Partial<Output>
  readonly caller?: Partial<Caller>
}

export function requestFor({ verb = 'GET', path, body, typed = true, output, caller }: Asked): ApiRequest {
  const url = new URL(path, 'http://localhost/')
  const query = new Map<string, Json>()
  for (const [name, value] of url.searchParams) {
    const inner = /^(\w+)\[(.*)\]$/.exec(name)
    if (!inner?.[1]) query.set(name, value)
    else if (inner[2] === '') query.set(inner[1], [...((query.get(inner[1]) as Json[] | undefined) ?? []), value])
    else query.set(inner[1], { ...(query.get(inner[1]) as Row | undefined), [inner[2] ?? '']: value })
  }
  const sent: Body = body === undefined ? { kind: 'none' } : { kind: 'value', value: body, typed }
  return {
    id: 'r1',
    verb,
    service: 'db',
    path: url.pathname
      .split('/')
      .filter((part) => part !== '')
      .map(decodeURIComponent),
    trailingSlash: false,
    query,
    headers: {},
    body: sent,
    caller: { ...admin, ...caller },
    output: { ...json, ...output },
    origin: 'http://localhost',
    address: '127.0.0.1',
  }
}

export interface Answer {
  readonly status: number
  readonly body: Json
}

/** A service over a fresh company, and a way to ask it that shows errors as the kernel would. */
export class Company {
  readonly store: MemoryStore
  readonly #service: ReturnType<typeof recordService>

  constructor(
    options: { rights?: Rights | null; config?: ConfigLike; can?: ConstructorParameters<typeof MemoryStore>[1] } = {},
  ) {
    this.store = new MemoryStore(company(), options.can)
    this.#service = recordService(this.store, { host: hostFor(options.rights ?? null), config: options.config ?? {} })
  }

  handle(asked: Asked): Promise<ApiReply> {
    return this.#service.handle(requestFor(asked), new AbortController().signal)
  }

  /** The status and body of the JSON answer. Throws the request's error. */
  async ask(asked: Asked): Promise<Answer> {
    const request = requestFor(asked)
    const signal = new AbortController().signal
    const { status, body } = await this.#service.handle(request, signal)
    if (body.kind === 'value') return { status, body: plain(body.value) }
    if (body.kind !== 'rows') throw new Error('no body')
    const chunks: Uint8Array[] = []
    await body.rows.encode(request.output, { write: (chunk) => void chunks.push(chunk) }, signal)
    const text = Buffer.concat(chunks).toString('utf8')
    return { status, body: request.output.format === 'json' ? (JSON.parse(text) as Json) : text }
  }
}

/** Without prototypes' difference and exotic numbers, to compare with literals. */
export function plain(value: Json): Json {
  return JSON.parse(
    JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? Number(each) : each)) ?? 'null',
  ) as Json
}
