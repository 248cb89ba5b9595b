/** Orders in one service, what they refer to in another, on any pair of databases; and the same tables beside the orders, to compare with. */
import assert from 'node:assert/strict'
import { houseHost, type Opened } from 'dataferry/conformance'
import type { Service, ServiceHost } from 'dataferry/sdk'
import { withCatalog } from '../../../../connectors/records/schema/keeper.ts'
import type { Server } from '../../../conformance/server.ts'
import {
  type Catalog,
  type RecordStore,
  RecordStoreAbility,
  type Relation,
  recordService,
  type Table,
} from '../exports.ts'

export interface Shop {
  readonly here: Service
  readonly there: Service
  readonly hereSql: (text: string) => Promise<void>
  readonly thereSql: (text: string) => Promise<void>
  /** The statements of the two databases that a commit fails by, where it can. */
  readonly commits: { fail: boolean }
  reset(): Promise<void>
  close(): Promise<void>
}

const autoKeys: { readonly [name: string]: string } = {
  SQLite: 'integer primary key autoincrement',
  PostgreSQL: 'serial primary key',
  MariaDB: 'int not null auto_increment primary key',
}

/** `suffix`: of the copies beside the orders. */
const others = (key: string, suffix: string): readonly string[] => [
  `create table customers${suffix} (id ${key}, name varchar(40) not null, country varchar(10), secret varchar(10))`,
  `create table places${suffix} (area varchar(10) not null, no numeric(6,2) not null, title varchar(40), primary key (area, no))`,
  `create table tags${suffix} (code varchar(10) not null primary key, label varchar(40))`,
  `create table labels${suffix} (id ${key}, label varchar(40))`,
  `create table label_links${suffix} (id ${key}, ord varchar(10) not null, label_id int not null)`,
  `create table notes${suffix} (id ${key}, order_no varchar(10), body varchar(40))`,
  `create table cards${suffix} (id ${key}, order_id int not null unique, body varchar(40))`,
]

const othersRows = (suffix: string): readonly string[] => [
  `insert into customers${suffix} (id, name, country, secret) values (1, 'ann', 'DE', 'a'), (2, 'bob', 'FR', 'b'), (3, 'cy', null, 'c')`,
  `insert into places${suffix} (area, no, title) values ('n', 1, 'north one'), ('n', 2.5, null), ('s', 1, 'south one')`,
  `insert into tags${suffix} (code, label) values ('a', 'first'), ('b', 'second'), ('c', null)`,
  `insert into labels${suffix} (id, label) values (1, 'red'), (2, 'blue'), (3, null)`,
  `insert into label_links${suffix} (id, ord, label_id) values (1, '1', 1), (2, '1', 2), (3, '2', 2), (4, 'x', 1), (5, '3', 3)`,
  `insert into notes${suffix} (id, order_no, body) values (1, '1', 'n1'), (2, '1', null), (3, '2', 'n3'), (4, null, 'n4'), (5, '07', 'n5')`,
  `insert into cards${suffix} (id, order_id, body) values (1, 1, 'c1'), (2, 3, null)`,
]

const otherNames = ['customers', 'places', 'tags', 'labels', 'label_links', 'notes', 'cards']

const hereTables = (key: string, deferred: boolean): readonly string[] => [
  `create table orders (id ${key}, title varchar(40) not null, customer_id int, area varchar(10), no numeric(6,2), parent_id int, foreign key (parent_id) references orders (id))`,
  'create table order_tags (order_id int not null, tag_code varchar(10) not null, primary key (order_id, tag_code))',
  `create table ledger (id ${key}, order_id int, customer_id int${deferred ? ', foreign key (order_id) references orders (id) deferrable initially deferred' : ''})`,
]

const hereRows: readonly string[] = [
  `insert into orders (id, title, customer_id, area, no, parent_id) values
    (1, 'one', 1, 'n', 1, null), (2, 'two', 2, 'n', 2.5, 1), (3, 'three', 3, 's', null, 2), (4, 'four', null, null, 1, 1), (5, 'five', 99, 'x', 1, null),
    (7, 'seven', 1, 's', 1, 3)`,
  "insert into order_tags (order_id, tag_code) values (1, 'a'), (1, 'b'), (2, 'b'), (3, 'c'), (4, 'z')",
]

function relation(name: string, more: Partial<Relation>): Relation {
  return {
    name,
    alias: null,
    label: name,
    description: null,
    type: 'belongs_to',
    isVirtual: true,
    fields: ['id'],
    refServiceId: null,
    refTable: 'x',
    refFields: ['id'],
    onUpdate: null,
    onDelete: null,
    junction: null,
    alwaysFetch: false,
    native: [],
    ...more,
  }
}

/** Relations of the orders to the other tables, by names that end like the tables'. */
function orderRelations(id: number | null, suffix: string): readonly Relation[] {
  const to = (name: string, table: string, more: Partial<Relation>): Relation =>
    relation(`${name}${suffix}`, { refServiceId: id, refTable: `${table}${suffix}`, ...more })
  const orderTags = { serviceId: null, table: 'order_tags', fields: ['order_id'], refFields: ['tag_code'] }
  const links = { serviceId: id, table: `label_links${suffix}`, fields: ['ord'], refFields: ['label_id'] }
  return [
    to('customer', 'customers', { fields: ['customer_id'] }),
    to('place', 'places', { fields: ['area', 'no'], refFields: ['area', 'no'] }),
    to('tags', 'tags', { type: 'many_many', refFields: ['code'], junction: orderTags }),
    to('labels', 'labels', { type: 'many_many', junction: links }),
    to('notes', 'notes', { type: 'has_many', refFields: ['order_no'] }),
    to('card', 'cards', { type: 'has_one', refFields: ['order_id'] }),
  ]
}

function extended(catalog: Catalog, more: { readonly [table: string]: readonly Relation[] }): Catalog {
  const made = new WeakMap<Table, Table>()
  const whole = (table: Table | null): Table | null => {
    const added = table === null ? undefined : more[table.name]
    if (table === null || !added) return table
    const known = made.get(table) ?? { ...table, relations: [...table.relations, ...added] }
    made.set(table, known)
    return known
  }
  const found = (table: Table | null | Promise<Table | null>): Table | null | Promise<Table | null> =>
    table instanceof Promise ? table.then(whole) : whole(table)
  return {
    get epoch() {
      return catalog.epoch
    },
    list: () => catalog.list(),
    table: (name) => found(catalog.table(name)),
    realTable: (name) => found(catalog.realTable(name)),
    refresh: () => catalog.refresh(),
  }
}

/** What the service's store is, with a commit that fails when it is told to. */
function failing(store: RecordStore, commits: { fail: boolean }): RecordStore {
  return {
    ...withCatalog(store, store.catalog),
    write: (work, signal) =>
      store.write(async (session) => {
        const result = await work(session)
        if (commits.fail) throw new Error('The commit failed.')
        return result
      }, signal),
  }
}

export async function openShop(hereOn: Server, thereOn: Server, ids: readonly [number, number]): Promise<Shop> {
  const [hereId, thereId] = ids
  const house = await houseHost()
  const services = new Map<number, { readonly name: string; store: RecordStore | null }>([
    [hereId, { name: 'here', store: null }],
    [thereId, { name: 'there', store: null }],
  ])
  const host = (id: number): ServiceHost => ({
    ...house,
    settings: { ...house.settings, records: { ...house.settings.records, maxRecords: 50 } },
    service: { id, name: services.get(id)?.name ?? '', label: '', type: 'conformance' },
    serviceName: (other) => services.get(other)?.name ?? null,
    other: async (other, what) => {
      assert.equal(what.name, RecordStoreAbility.name)
      return services.get(other)?.store as never
    },
  })
  const opened: readonly [Opened, Opened] = [
    await hereOn.subject.open(host(hereId), {}),
    await thereOn.subject.open(host(thereId), {}),
  ]
  const commits = { fail: false }
  const storeOf = ({ service }: Opened): RecordStore => service.ability?.(RecordStoreAbility) ?? assert.fail()
  const [hereRun, thereRun] = opened.map(
    ({ sql }) =>
      async (text: string): Promise<void> =>
        void (await sql?.(text)),
  ) as [Shop['hereSql'], Shop['thereSql']]
  const keys = [hereOn, thereOn].map(({ subject }) => autoKeys[subject.name] ?? assert.fail(subject.name))
  const deferred = hereOn.subject.name !== 'MariaDB'
  for (const text of [...hereTables(keys[0] ?? '', deferred), ...others(keys[0] ?? '', '_l')]) await hereRun(text)
  for (const text of others(keys[1] ?? '', '')) await thereRun(text)
  const back = relation('orders', {
    type: 'has_many',
    refServiceId: hereId,
    refTable: 'orders',
    refFields: ['customer_id'],
  })
  const [hereStore, thereStore] = opened.map(storeOf) as [RecordStore, RecordStore]
  const stores = [
    withCatalog(
      failing(hereStore, commits),
      extended(hereStore.catalog, {
        orders: [...orderRelations(thereId, ''), ...orderRelations(null, '_l')],
        ledger: [relation('customer', { fields: ['customer_id'], refServiceId: thereId, refTable: 'customers' })],
      }),
    ),
    withCatalog(thereStore, extended(thereStore.catalog, { customers: [back] })),
  ] as const
  for (const [at, id] of ids.entries()) {
    const service = services.get(id)
    if (service) service.store = stores[at] ?? null
  }
  // Generated keys begin behind those of the rows.
  const sequences = (on: Server, tables: readonly string[]): readonly string[] =>
    on.subject.name === 'PostgreSQL'
      ? tables.map((table) => `alter sequence if exists ${table}_id_seq restart with 100`)
      : []
  const copies = otherNames.map((name) => `${name}_l`)
  const resets = [
    [
      ...['ledger', 'order_tags', ...copies].map((table) => `delete from ${table}`),
      'update orders set parent_id = null',
      'delete from orders',
      ...hereRows,
      ...othersRows('_l'),
      ...sequences(hereOn, ['orders', 'ledger']),
    ],
    [...otherNames.map((table) => `delete from ${table}`), ...othersRows(''), ...sequences(thereOn, otherNames)],
  ].map((texts) => ['begin', ...texts, 'commit'].join(';\n'))
  return {
    here: recordService(stores[0], { host: host(hereId), config: {} }),
    there: recordService(stores[1], { host: host(thereId), config: {} }),
    hereSql: hereRun,
    thereSql: thereRun,
    commits,
    async reset() {
      commits.fail = false
      await Promise.all([hereRun(resets[0] ?? ''), thereRun(resets[1] ?? '')])
    },
    async close() {
      for (const each of opened) await each.close()
    },
  }
}
