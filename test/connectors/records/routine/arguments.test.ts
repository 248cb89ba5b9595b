/** Where the values of a call come from, and the forms that they have (data-plane 7). */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Json } from 'dataferry/sdk'
import { type Given, givenOf, nameAndInline } from '../../../../connectors/records/routine/arguments.ts'
import { requestFor } from '../company.ts'

interface Case {
  readonly name: string
  readonly path?: string
  readonly inline?: string | null
  readonly members?: { readonly [name: string]: Json } | null
  readonly positional?: readonly (Json | undefined)[]
  readonly named?: { readonly [name: string]: Json }
}

const cases: readonly Case[] = [
  { name: 'nothing' },
  { name: 'a list', members: { params: [1, 'x', null] }, positional: [1, 'x', null] },
  { name: 'a map, in any case', members: { params: { p_ID: 1, name: 'x' } }, named: { p_id: 1, name: 'x' } },
  {
    name: 'a map of objects',
    members: { params: { p_id: { value: 1 }, p: { value: null } } },
    named: { p_id: 1, p: null },
  },
  {
    name: 'a list of objects',
    members: {
      params: [
        { name: 'p_id', value: 1 },
        { name: 'total', param_type: 'OUT', type: 'integer' },
      ],
    },
    named: { p_id: 1 },
  },
  { name: 'objects without a name', members: { params: [{ value: 1 }, { value: 'x' }] }, positional: [1, 'x'] },
  { name: 'a map of descriptions', members: { params: { total: { param_type: 'OUT', type: 'integer' } } } },
  { name: 'JSON as a value', members: { params: { doc: { a: 1 } } }, named: { doc: { a: 1 } } },
  { name: 'an empty object is a value', members: { params: { doc: {} } }, named: { doc: {} } },
  { name: 'JSON in a list', members: { params: [{ a: 1 }] }, positional: [{ a: 1 }] },
  { name: 'a text with commas', members: { params: "1, x,'y'" }, positional: ['1', 'x', "'y'"] },
  { name: 'a number', members: { params: 5 }, positional: [5] },
  { name: 'an empty list holds nothing', members: { params: [] }, path: '?a=1', named: { a: '1' } },
  { name: 'in the path', inline: '2,40', positional: ['2', '40'] },
  { name: 'quotes in the path stay', inline: "'F'", positional: ["'F'"] },
  { name: 'empty parentheses hold nothing', inline: '', path: '?a=1', named: { a: '1' } },
  { name: 'the query', path: '?g=F&wrapper=w', named: { g: 'F', wrapper: 'w' } },
  { name: 'the payload goes before the path', members: { params: [1] }, inline: '2', positional: [1] },
  { name: 'the path goes before the query', inline: '2', path: '?a=1', positional: ['2'] },
  { name: 'a payload without params sets nothing', members: { g: 'M' } },
]

describe('arguments', () => {
  for (const { name, path = '', inline = null, members = null, positional = [], named = {} } of cases) {
    it(name, () => {
      const given: Given = givenOf(requestFor({ path }), members, inline)
      assert.deepEqual({ positional: given.positional, named: Object.fromEntries(given.named) }, { positional, named })
    })
  }
})

const written: readonly (readonly [text: string, name: string, inline: string | null])[] = [
  ['run', 'run', null],
  ['run(1,2)', 'run', '1,2'],
  ['run()', 'run', ''],
  ['run (a(b)c)', 'run', 'a(b)c'],
  ['hr.run(1/2)', 'hr.run', '1/2'],
  ['run(1', 'run(1', null],
]
describe('names with arguments', () => {
  for (const [text, name, inline] of written) {
    it(text, () => assert.deepEqual(nameAndInline(text), { name, inline }))
  }
})
