// Predicates against rows in memory, with SQL's third value.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Decimal, type Json } from 'dataferry/sdk'
import {
  compareValues,
  evaluate,
  evaluatePresent,
  matchesLike,
  parseFilter,
  resolveFilter,
} from '../../../../connectors/records/filter/index.ts'
import { type Given, scopeOf } from './table.ts'

type Row = { readonly [name: string]: Json | undefined }

function holds(filter: string, row: Row, check = evaluate, given: Given = {}): boolean {
  const tree = parseFilter(filter)
  assert.ok(tree)
  const { scope, binds } = scopeOf(given)
  return check(resolveFilter(tree, scope), binds, (column) => row[column.name])
}

interface Case {
  readonly filter: string
  readonly row: Row
  readonly is: boolean
}
const check = (cases: readonly Case[]): void => {
  for (const { filter, row, is } of cases) {
    it(`${filter} is ${is} for ${JSON.stringify(row, (_, each) => (typeof each === 'bigint' ? `${each}n` : each))}`, () =>
      assert.equal(holds(filter, row), is))
  }
}

describe('comparisons', () => {
  check([
    { filter: 'a = 1', row: { a: 1 }, is: true },
    { filter: 'a = 1', row: { a: '1' }, is: true },
    { filter: 'a = 1', row: { a: ' 1.0 ' }, is: true },
    { filter: 'a < 10', row: { a: '9' }, is: true },
    { filter: 'a != 1', row: { a: 2 }, is: true },
    { filter: 'a > 1.5', row: { a: 2 }, is: true },
    { filter: 'a > 1.5', row: { a: 1 }, is: false },
    { filter: 'name < b', row: { name: 'a' }, is: true },
    { filter: "name < '9'", row: { name: '10' }, is: true },
    { filter: "name = 'simmel'", row: { name: 'Simmel' }, is: false },
    { filter: 'name > \ufffd', row: { name: '🙂' }, is: true },
    { filter: 'big = 9007199254740993', row: { big: 9007199254740993n }, is: true },
    { filter: 'big = 9007199254740993', row: { big: 9007199254740992 }, is: false },
    { filter: 'big = 9007199254740993', row: { big: '9007199254740993' }, is: true },
    { filter: 'price = 10.10', row: { price: '10.1' }, is: true },
    { filter: 'price = 10.1', row: { price: 10.1 }, is: true },
    { filter: 'price > 9', row: { price: '10.00' }, is: true },
    { filter: 'price < 12345678901234567890.13', row: { price: new Decimal('12345678901234567890.12') }, is: true },
    { filter: 'price > -0.5', row: { price: '-0.25' }, is: true },
    { filter: 'ok = true', row: { ok: 1 }, is: true },
    { filter: 'ok = true', row: { ok: 'yes' }, is: true },
    { filter: 'ok = false', row: { ok: false }, is: true },
    { filter: 'flag = true', row: { flag: 1 }, is: true },
    { filter: "d >= '2024-01-01'", row: { d: '2024-02-29' }, is: true },
    { filter: 'a in (1,2)', row: { a: 2 }, is: true },
    { filter: 'a not in (1,2)', row: { a: 2 }, is: false },
    { filter: 'a between 1 and 3', row: { a: 3 }, is: true },
    { filter: 'a between 1 and 3', row: { a: 4 }, is: false },
    { filter: 'a not between 1 and 3', row: { a: 4 }, is: true },
    { filter: 'name is null', row: { name: null }, is: true },
    { filter: 'name is not null', row: { name: '' }, is: true },
  ])
})

describe('the third value', () => {
  check([
    { filter: 'a = 1', row: { a: null }, is: false },
    { filter: 'a != 1', row: { a: null }, is: false },
    { filter: 'not a = 1', row: { a: null }, is: false },
    { filter: 'a = 1 or b = 2', row: { a: null, b: 2 }, is: true },
    { filter: 'a = 1 and b = 2', row: { a: null, b: 2 }, is: false },
    { filter: 'not (a = 1 and b = 2)', row: { a: null, b: 3 }, is: true },
    { filter: 'not (a = 1 and b = 2)', row: { a: null, b: 2 }, is: false },
    { filter: 'not (a = 1 or b = 2)', row: { a: null, b: 2 }, is: false },
    { filter: 'not (a = 1 or b = 2)', row: { a: null, b: 3 }, is: false },
    { filter: 'a = 1 xor b = 2', row: { a: 1, b: 3 }, is: true },
    { filter: 'a = 1 xor b = 2', row: { a: 1, b: 2 }, is: false },
    { filter: 'a = 1 xor b = 2', row: { a: null, b: 2 }, is: false },
    { filter: 'a = 1 xor b = 2 xor c = 3', row: { a: 1, b: 2, c: 3 }, is: true },
    { filter: 'a in (1, null)', row: { a: 1 }, is: true },
    { filter: 'a in (1, null)', row: { a: 2 }, is: false },
    { filter: 'a not in (1, null)', row: { a: 2 }, is: false },
    { filter: 'a not in (1, 2)', row: { a: null }, is: false },
    { filter: 'name like %', row: { name: null }, is: false },
    { filter: 'name not like x', row: { name: null }, is: false },
    { filter: 'a between 1 and (b)', row: { a: 0, b: null }, is: false },
    { filter: 'not a between 1 and (b)', row: { a: 0, b: null }, is: true },
    { filter: 'not a between 1 and (b)', row: { a: 2, b: null }, is: false },
    { filter: 'a = (b)', row: { a: null, b: null }, is: false },
  ])
})

describe('expressions', () => {
  check([
    { filter: 'a = (b + 1)', row: { a: 3, b: 2 }, is: true },
    { filter: 'a = (b / 2)', row: { a: 2, b: 5 }, is: true },
    { filter: 'a = (b % 2)', row: { a: 1, b: 5 }, is: true },
    { filter: 'a = (b / 0)', row: { a: 0, b: 5 }, is: false },
    { filter: 'f = (b / 2.0)', row: { f: 2.5, b: 5 }, is: false },
    { filter: 'f = (b / 0.5)', row: { f: 10, b: 5 }, is: true },
    { filter: 'big = (b + 9007199254740992)', row: { big: 9007199254740993n, b: 1 }, is: true },
    { filter: 'name = (upper("first name"))', row: { name: 'AB', 'first name': 'ab' }, is: true },
    { filter: "name = (lower('X'))", row: { name: 'x' }, is: true },
    { filter: "name = (trim('  x '))", row: { name: 'x' }, is: true },
    { filter: "a = (length('🙂é'))", row: { a: 2 }, is: true },
    { filter: 'a = (abs(b))', row: { a: 3, b: -3 }, is: true },
    { filter: 'a = (floor(f))', row: { a: -2, f: -1.5 }, is: true },
    { filter: 'a = (ceiling(f))', row: { a: -1, f: -1.5 }, is: true },
    { filter: 'a = (round(f))', row: { a: 3, f: 2.5 }, is: true },
    { filter: 'f = (round(price, 1))', row: { f: 1.1, price: '1.05' }, is: true },
    { filter: "name = (coalesce(nick, 'x'))", row: { name: 'x', real_name: null }, is: true },
    { filter: 'a = (year(d))', row: { a: 2024, d: '2024-02-29' }, is: true },
    { filter: 'a = (month(d))', row: { a: 2, d: '2024-02-29' }, is: true },
    { filter: 'a = (minute(ts))', row: { a: 45, ts: '2024-02-29T13:45:30Z' }, is: true },
    { filter: 'a = (hour(d))', row: { a: 0, d: '2024-02-29' }, is: true },
    { filter: "a = (second('13:45:30'))", row: { a: 30 }, is: true },
    { filter: 'a = (year(name))', row: { a: 0, name: 'no date' }, is: false },
    { filter: 'ts < (now())', row: { ts: '2001-01-01 00:00:00' }, is: true },
    { filter: 'd < (current_date)', row: { d: '2001-01-01' }, is: true },
    { filter: 'name = (upper(nick))', row: { name: 'X', real_name: null }, is: false },
  ])
})

describe('patterns', () => {
  const cases: readonly { readonly text: string; readonly pattern: string; readonly is: boolean }[] = [
    { text: 'Simmel', pattern: 'S%', is: true },
    { text: 'Simmel', pattern: 's%', is: true },
    { text: 'Simmel', pattern: '%mm%', is: true },
    { text: 'Simmel', pattern: 'Si_mel', is: true },
    { text: 'Simmel', pattern: 'Si_el', is: false },
    { text: 'Simmel', pattern: 'Simme', is: false },
    { text: '', pattern: '', is: true },
    { text: '', pattern: '%%', is: true },
    { text: '', pattern: '_', is: false },
    { text: 'ÉTÉ', pattern: 'été', is: false },
    { text: '🙂', pattern: '_', is: true },
    { text: 'a%b', pattern: 'a%b', is: true },
    { text: 'aXbXc', pattern: 'a%x%C', is: true },
    { text: 'a.c', pattern: 'a.c', is: true },
    { text: 'abc', pattern: 'a.c', is: false },
    { text: 'a\\b', pattern: 'a\\\\b', is: true },
    { text: 'a\\b', pattern: 'a\\b', is: false },
    { text: 'ab', pattern: 'a\\b', is: true },
    { text: 'a%b', pattern: 'a\\%b', is: true },
    { text: 'a1b', pattern: 'a\\%b', is: false },
    { text: 'a_b', pattern: 'a\\_b', is: true },
    { text: 'axb', pattern: 'a\\_b', is: false },
    { text: 'a\\', pattern: 'a\\', is: true },
  ]
  for (const { text, pattern, is } of cases) {
    it(`${text} like ${pattern}: ${is}`, () => assert.equal(matchesLike(text, pattern), is))
  }
  it('ilike knows all letters', () => assert.equal(matchesLike('ÉTÉ', 'été', true), true))
  it('has no pattern that takes forever', () =>
    assert.equal(matchesLike('a'.repeat(2000), `${'%a'.repeat(500)}b`), false))
  check([
    { filter: 'name contains mm', row: { name: 'Simmel' }, is: true },
    { filter: 'name starts with sim', row: { name: 'Simmel' }, is: true },
    { filter: 'name ends with sim', row: { name: 'Simmel' }, is: false },
    { filter: 'name not contains mm', row: { name: 'Simmel' }, is: false },
    { filter: "name contains 'a\\'", row: { name: 'xa\\y' }, is: true },
    { filter: "name contains 'a\\'", row: { name: 'xay' }, is: false },
    { filter: 'name contains (nick)', row: { name: 'Simmel', real_name: 'MM' }, is: true },
    { filter: 'a like 1%', row: { a: 12 }, is: true },
  ])
})

describe('columns that the row leaves out', () => {
  check([
    { filter: 'a = 1', row: {}, is: false },
    { filter: 'not a = 1', row: {}, is: false },
    { filter: 'a is null', row: {}, is: true },
    { filter: 'a is not null', row: {}, is: false },
    { filter: 'a = 1 or b = 2', row: { b: 2 }, is: true },
  ])
  const present: readonly Case[] = [
    { filter: 'a = 1', row: {}, is: true },
    { filter: 'a = 1', row: { a: 2 }, is: false },
    { filter: 'a = 1', row: { a: null }, is: false },
    { filter: 'not a = 1', row: {}, is: true },
    { filter: 'a = 1 and b = 2', row: { b: 2 }, is: true },
    { filter: 'a = 1 and b = 2', row: { b: 3 }, is: false },
    { filter: 'a = 1 and b = 2', row: { b: null }, is: false },
    { filter: 'a = 1 or b = 2', row: {}, is: true },
    { filter: 'a = 1 or b = 2', row: { b: 3 }, is: false },
    { filter: 'a = 1 or b = 2', row: { b: 2 }, is: true },
    { filter: 'a = 1 or b = 2', row: { b: null }, is: false },
    { filter: 'a = 1 xor b = 2', row: { b: 3 }, is: false },
    { filter: 'a in (1)', row: {}, is: true },
    { filter: 'a is null', row: {}, is: true },
    { filter: 'a between 1 and (b)', row: { a: 5 }, is: true },
    { filter: 'name like x', row: {}, is: true },
    { filter: 'a = (b + 1)', row: { a: 1 }, is: true },
    { filter: 'a = (abs(b))', row: { a: 1 }, is: true },
  ]
  for (const { filter, row, is } of present) {
    it(`${filter} is ${is} for an update that sets ${JSON.stringify(row)}`, () =>
      assert.equal(holds(filter, row, evaluatePresent), is))
  }
})

describe('comparing', () => {
  it('has no order with null', () => assert.equal(compareValues(null, 1, 'integer'), null))
  it('compares a number with a text that is none as texts', () => assert.ok((compareValues(5, 'abc', null) ?? 0) < 0))
})
