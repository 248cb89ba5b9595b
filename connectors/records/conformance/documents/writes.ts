/** Creating, replacing, updating and deleting documents, in every way of naming them (data-plane 3.6 to 3.9, 8.1). */
import assert from 'node:assert/strict'
import type { Json } from 'dataferry/sdk'
import type { Case } from '../types.ts'

const one = (id: number, answer: Json) => ({ ask: `GET person/${id}`, answer })
const all = (ids: readonly number[]) => ({ ask: 'GET person?order=_id', ids })

/** `upserts`: the service allows PUT and PATCH to create. */
export const writes = (upserts: boolean): readonly Case[] => [
  ...(upserts
    ? [
        {
          name: 'PUT makes a document that is not there',
          ask: 'PUT person/9',
          body: { name: 'new' },
          answer: { _id: 9 },
          after: [one(9, { _id: 9, name: 'new' })],
        },
        {
          name: 'PATCH makes a document that is not there',
          ask: 'PATCH person',
          body: { resource: [{ _id: 8, n: { $inc: 2 } }] },
          answer: { resource: [{ _id: 8 }] },
          after: [one(8, { _id: 8, n: 2 })],
        },
      ]
    : [
        { name: 'PUT of a document that is not there', ask: 'PUT person/9', body: { name: 'new' }, status: 404 },
        { name: 'PATCH of a document that is not there', ask: 'PATCH person/9', body: { name: 'new' }, status: 404 },
        {
          name: 'a document with an identifier',
          ask: 'POST person',
          body: { resource: [{ _id: 6, a: { b: [1, { c: null }] }, e: '', f: [], g: {} }] },
          status: 201,
          answer: { resource: [{ _id: 6 }] },
          after: [one(6, { _id: 6, a: { b: [1, { c: null }] }, e: '', f: [], g: {} })],
        },
        {
          name: 'a document without an identifier',
          unless: ['generated'] as const,
          ask: 'POST person?fields=*',
          body: { resource: [{ name: 'x' }] },
          status: 201,
          answer: (body: Json) => {
            const [made] = (body as { resource: { _id: Json; name: Json }[] }).resource
            assert.match(String(made?._id), /^[0-9a-f]{24,}$/)
            assert.equal(made?.name, 'x')
          },
        },
        {
          name: 'an identifier that is taken',
          ask: 'POST person',
          body: { resource: [{ _id: 1, name: 'x' }] },
          status: 400,
          message: /Duplicate value/,
        },
        {
          name: 'several, the second of which fails',
          ask: 'POST person',
          body: {
            resource: [
              { _id: 6, n: 1 },
              { _id: 1, n: 1 },
              { _id: 7, n: 1 },
            ],
          },
          status: 400,
          after: [all([1, 2, 3, 4, 5, 6])],
        },
        {
          name: 'several, going on behind a failure',
          ask: 'POST person?continue=true',
          body: {
            resource: [
              { _id: 6, n: 1 },
              { _id: 1, n: 1 },
              { _id: 7, n: 1 },
            ],
          },
          status: 400,
          after: [all([1, 2, 3, 4, 5, 6, 7])],
        },
        {
          name: 'several, all or nothing',
          ask: 'POST person?rollback=true',
          body: {
            resource: [
              { _id: 6, n: 1 },
              { _id: 1, n: 1 },
              { _id: 7, n: 1 },
            ],
          },
          status: 400,
          after: [all([1, 2, 3, 4, 5])],
        },
        {
          name: 'a name with a dollar',
          ask: 'POST person',
          body: { resource: [{ _id: 6, a: { $set: 1 } }] },
          status: 400,
        },
        {
          name: 'a name with a dot below',
          ask: 'POST person',
          body: { resource: [{ _id: 6, a: { 'b.c': 1 } }] },
          status: 400,
        },
        {
          name: 'a path in a new document',
          ask: 'POST person',
          body: { resource: [{ _id: 6, 'a.b': 1 }] },
          status: 400,
        },
        {
          name: 'PUT replaces',
          ask: 'PUT person/2',
          body: { name: 'other' },
          answer: { _id: 2 },
          after: [one(2, { _id: 2, name: 'other' })],
        },
        {
          name: 'PUT keeps the identifier',
          ask: 'PUT person/2',
          body: { _id: 77, name: 'other' },
          answer: { _id: 2 },
          after: [one(2, { _id: 2, name: 'other' })],
        },
        {
          name: 'PATCH sets and leaves the rest',
          ask: 'PATCH person/3',
          body: { age: 40 },
          answer: { _id: 3 },
          after: [one(3, { _id: 3, name: 'Cy', age: 40, address: { city: 'rome' }, tags: ['b'] })],
        },
        {
          name: 'PATCH sets by a path',
          ask: 'PATCH person/3',
          body: { 'address.city': 'Roma', 'address.zip': 1 },
          answer: { _id: 3 },
          after: [one(3, { _id: 3, name: 'Cy', age: null, address: { city: 'Roma', zip: 1 }, tags: ['b'] })],
        },
        {
          name: 'PATCH of a field and a path below',
          ask: 'PATCH person/3',
          body: { address: {}, 'address.city': 'Roma' },
          status: 400,
        },
        {
          name: 'PATCH raises a number',
          ask: 'PATCH person/2?fields=age',
          body: { age: { $inc: 5 } },
          answer: { _id: 2, age: 32 },
        },
        {
          name: 'PATCH of records',
          ask: 'PATCH person',
          body: {
            resource: [
              { _id: 1, age: 1 },
              { _id: 2, age: 2 },
            ],
          },
          answer: { resource: [{ _id: 1 }, { _id: 2 }] },
          after: [{ ask: 'GET person?order=_id&filter=age < 3', ids: [1, 2] }],
        },
        {
          name: 'PATCH of records, all or nothing',
          ask: 'PATCH person?rollback=true',
          body: {
            resource: [
              { _id: 1, age: 1 },
              { _id: 99, age: 2 },
            ],
          },
          status: 400,
          after: [{ ask: 'GET person?order=_id&filter=age = 34', ids: [1] }],
        },
        {
          name: 'PATCH by ids',
          ask: 'PATCH person?ids=1,2',
          body: { resource: [{ seen: true }] },
          answer: { resource: [{ _id: 1 }, { _id: 2 }] },
          after: [{ ask: 'GET person?order=_id&filter=seen = true', ids: [1, 2] }],
        },
        {
          name: 'PATCH by a filter',
          ask: 'PATCH person?filter=age > 30',
          body: { resource: [{ seen: true }] },
          ids: [1, 4],
          after: [{ ask: 'GET person?order=_id&filter=seen = true', ids: [1, 4] }],
        },
        {
          name: 'PUT by a filter replaces each',
          ask: 'PUT person?filter=age > 30',
          body: { resource: [{ n: 1 }] },
          count: 2,
          after: [one(1, { _id: 1, n: 1 }), one(4, { _id: 4, n: 1 })],
        },
        {
          name: 'an upsert',
          ask: 'POST person?upsert=true',
          body: {
            resource: [
              { _id: 1, name: 'anna' },
              { _id: 6, name: 'six' },
            ],
          },
          answer: { resource: [{ _id: 1 }, { _id: 6 }] },
          after: [
            { ask: 'GET person/1?fields=name,age', answer: { _id: 1, name: 'anna', age: 34 } },
            one(6, { _id: 6, name: 'six' }),
          ],
        },
        { name: 'DELETE by id', ask: 'DELETE person/1', answer: { _id: 1 }, after: [all([2, 3, 4, 5])] },
        {
          name: 'DELETE by ids',
          ask: 'DELETE person?ids=1,2',
          answer: { resource: [{ _id: 1 }, { _id: 2 }] },
          after: [all([3, 4, 5])],
        },
        { name: 'DELETE by a filter', ask: 'DELETE person?filter=age > 30', ids: [1, 4], after: [all([2, 3, 5])] },
        {
          name: 'DELETE of records',
          ask: 'DELETE person',
          body: { resource: [{ _id: 5 }] },
          answer: { resource: [{ _id: 5 }] },
          after: [all([1, 2, 3, 4])],
        },
        { name: 'DELETE of what is not there', ask: 'DELETE person/99', status: 404 },
        {
          name: 'DELETE, all or nothing',
          ask: 'DELETE person?ids=1,99&rollback=true',
          status: 400,
          after: [all([1, 2, 3, 4, 5])],
        },
        { name: 'DELETE without a condition', ask: 'DELETE person', status: 400 },
        { name: 'DELETE of all', ask: 'DELETE person?force=true', answer: { success: true }, after: [all([])] },
        {
          name: 'DELETE answers the document as it was',
          ask: 'DELETE person/3?fields=name,address.city',
          answer: { _id: 3, name: 'Cy', address: { city: 'rome' } },
        },
      ]),
]
