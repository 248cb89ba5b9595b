/** Names that a careless source trips over: reserved words, quotes, blanks, other scripts, 63 characters, names of options. */
import type { Row } from '../../store.ts'
import type { Case, Group, SeedTable } from '../types.ts'

const fields = [
  'filter',
  'select',
  'fields',
  'limit',
  'offset',
  'group',
  'ids',
  'resource',
  'a"b',
  "it's",
  'back`tick',
  'two words',
  'größe',
  '名前',
  'MixedCase',
  'a.b',
  'semi;colon',
  '$1',
  '?',
  '100%',
  'x'.repeat(63),
]

const rowOf = (id: number): Row => ({ id, ...Object.fromEntries(fields.map((field) => [field, `${field}-${id}`])) })

const wide = (name: string): SeedTable => ({
  plan: {
    kind: 'create-table',
    name,
    columns: [
      { name: 'id', type: 'id' },
      ...fields.map((name) => ({ name, type: 'string', length: 80, allowNull: true }) as const),
    ],
  },
  rows: [rowOf(1001), rowOf(1002)],
})

const table = (name: string, refers: string): SeedTable => ({
  plan: {
    kind: 'create-table',
    name,
    columns: [
      { name: 'id', type: 'id' },
      { name: 'where', type: 'reference', allowNull: true },
      { name: 'of "it"', type: 'string', length: 20, allowNull: true },
    ],
    foreignKeys: [{ columns: ['where'], refTable: refers, refColumns: ['id'] }],
  },
  rows: [
    { id: 1001, where: 1001, 'of "it"': 'x' },
    { id: 1002, where: null, 'of "it"': "y'" },
  ],
})

const tables: readonly SeedTable[] = [
  wide('order'),
  // Nothing refers to it.
  wide('select'),
  table('group', 'order'),
  table('two words', 'order'),
  table('naïve "tëst"', 'order'),
  table("it's", 'order'),
  table('back`tick', 'order'),
  table('t'.repeat(60), 'order'),
]

const quoted = (name: string): string => `\`${name.replaceAll('`', '``')}\``

const oneField = (field: string): readonly Case[] => [
  {
    name: `${field}: read alone`,
    ask: 'GET order?order=id',
    query: { fields: [field] },
    field,
    ids: [`${field}-1001`, `${field}-1002`],
  },
  {
    name: `${field}: filtered`,
    ask: 'GET order',
    query: { filter: `${quoted(field)} = '${field.replaceAll("'", "''")}-1002'` },
    ids: [1002],
  },
  {
    name: `${field}: ordered`,
    ask: 'GET order',
    query: { order: `${quoted(field)} desc`, limit: 1 },
    field,
    ids: [`${field}-1002`],
  },
  {
    name: `${field}: grouped`,
    ask: 'GET order',
    query: { fields: 'COUNT(*)', group: quoted(field) },
    needs: ['group'],
    field: 'COUNT_ALL',
    ids: [1, 1],
  },
  {
    name: `${field}: the identifier`,
    ask: `GET order/${encodeURIComponent(`${field}-1002`)}`,
    query: { id_field: [field], fields: 'id' },
    answer: { id: 1002 },
  },
  {
    name: `${field}: updated by id`,
    ask: 'PATCH select/1001',
    body: { [field]: 'changed' },
    answer: { id: 1001 },
    after: [{ ask: 'GET select?order=id', query: { fields: [field] }, field, ids: ['changed', `${field}-1002`] }],
  },
]

/** A semicolon in an order or group is refused, whatever is around it (data-plane 3.3). */
const isWritable = ({ name }: Case): boolean => !/;.*: (ordered|grouped)$/.test(name)

const oneTable = ({ plan: { name } }: SeedTable): readonly Case[] => {
  const path = encodeURIComponent(name)
  const relation = `order_by_where`
  return [
    { name: `${name}: listed`, ask: `GET ${path}?order=id`, ids: [1001, 1002] },
    { name: `${name}: filtered`, ask: `GET ${path}`, query: { filter: 'where = 1001' }, ids: [1001] },
    {
      name: `${name}: related`,
      ask: `GET ${path}/1001?fields=id,where&related=${relation}&${relation}.fields=id`,
      needs: ['related'],
      answer: { id: 1001, where: 1001, [relation]: { id: 1001 } },
    },
    {
      name: `${name}: related from the other side`,
      ask: 'GET order/1001',
      query: { fields: 'id', related: [`${name}_by_where`], [`${name}_by_where.fields`]: 'where' },
      needs: ['related'],
      answer: { id: 1001, [`${name}_by_where`]: [{ where: 1001 }] },
    },
    {
      name: `${name}: created, updated and deleted`,
      ask: `POST ${path}?fields=where`,
      body: { resource: [{ 'of "it"': 'new', where: 1002 }] },
      status: 201,
      answer: { resource: [{ where: 1002 }] },
      after: [{ ask: `DELETE ${path}/1001`, answer: { id: 1001 } }],
    },
    { name: `${name}: described`, ask: `GET _schema/${path}`, answer: (body) => named(body, name) },
  ]
}

function named(body: unknown, name: string): void {
  const found = (body as { readonly name: string }).name
  if (found !== name) throw new Error(`described as ${found}`)
}

export const names: readonly Group[] = [
  { name: 'names of fields', tables, cases: fields.flatMap(oneField).filter(isWritable) },
  { name: 'names of tables', tables, cases: tables.slice(2).flatMap(oneTable) },
  {
    name: 'a record by id whose fields are named like options',
    tables,
    cases: [
      {
        name: 'is no set of options',
        ask: 'PATCH select/1001?fields=filter,limit',
        body: { filter: 'id > 0', limit: '5', fields: 'nothing', ids: '7' },
        answer: { filter: 'id > 0', limit: '5' },
      },
    ],
  },
]
