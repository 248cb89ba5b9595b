/** The cases of sources whose records are documents: fields that nobody declared, paths, values of any type. */
import type { Case, Group, SeedTable } from '../types.ts'
import { policy } from './policy.ts'
import { reads } from './reads.ts'
import { writes } from './writes.ts'

/** Identifiers of the cases are numbers, in paths too. */
const config = { id_type: 'int' } as const

export const person: SeedTable = {
  plan: { kind: 'create-table', name: 'person', columns: [] },
  rows: [
    {
      _id: 1,
      name: 'ann',
      age: 34,
      active: true,
      email: 'ann@x.test',
      address: { city: 'Rome', zip: '00100', at: { lat: 41.9 } },
      tags: ['a', 'b'],
      score: 4.5,
    },
    { _id: 2, name: 'bob', age: 27, active: false, email: 'bob@x.test', address: { city: 'Oslo' }, tags: [], score: 3 },
    { _id: 3, name: 'Cy', age: null, address: { city: 'rome' }, tags: ['b'] },
    { _id: 4, name: 'dee', age: 61, active: true, email: 'dee@x.test', score: 4.25 },
    { _id: 5, name: '50%_off', age: 'old', active: true, address: null },
  ],
}

export const invoice: SeedTable = {
  plan: { kind: 'create-table', name: 'invoice', columns: [] },
  rows: [
    {
      _id: 101,
      person_id: 1,
      total: 10,
      lines: [
        { sku: 'x', n: 1 },
        { sku: 'y', n: 5 },
      ],
    },
    { _id: 102, person_id: 1, total: 20.5, lines: [{ sku: 'y', n: 2 }] },
    { _id: 103, person_id: 2, total: 7, lines: [] },
  ],
}

const tables = [person, invoice]

/** Rows are told by `_id`. */
const keyed = (cases: readonly Case[]): readonly Case[] =>
  cases.map((each) => ({
    field: '_id',
    ...each,
    ...(each.after && { after: each.after.map((one) => ({ field: '_id', ...one })) }),
  }))

export const documentGroups: readonly Group[] = [
  { name: 'documents: reads', tables, config, cases: keyed(reads) },
  { name: 'documents: writes', tables, config, cases: keyed(writes(false)) },
  {
    name: 'documents: writes with upsert',
    tables,
    config: { ...config, allow_upsert: true },
    cases: keyed(writes(true)),
  },
  { name: 'documents: roles', tables, config, cases: keyed(policy) },
]
