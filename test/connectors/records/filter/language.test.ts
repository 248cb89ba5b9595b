// The filter language as a client sees it: every vector of data-plane 4.6, the values of 4.4, the casts of 4.5, the errors of 4.8.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { inspect } from 'node:util'
import { BadRequest } from 'dataferry/sdk'
import { type Given, meaning } from './table.ts'

interface Case {
  readonly filter: string
  readonly means: string
  readonly given?: Given
}
const understood = (cases: readonly Case[]): void => {
  for (const { filter, means, given } of cases) {
    it(`${JSON.stringify(filter)}${given ? ` with ${inspect(given)}` : ''}`, () =>
      assert.equal(meaning(filter, given), means))
  }
}
const refused = (
  cases: readonly { readonly filter: string; readonly says: string; readonly given?: Given }[],
): void => {
  for (const { filter, says, given } of cases) {
    it(`${JSON.stringify(filter)} is refused`, () =>
      assert.throws(
        () => meaning(filter, given),
        (error) => {
          assert.ok(error instanceof BadRequest)
          assert.equal(error.message, says)
          return true
        },
      ))
  }
}

const unparsable = 'Invalid or unparsable filter request.'
const noList = 'Filter value lists must be wrapped in parentheses.'
const integer = (field: string): string => `Field '${field}' must be a valid integer.`
const field = (left: string): string => `Invalid or unparsable field in filter request: '${left}'`

describe('comparisons', () => {
  understood([
    { filter: '', means: 'none' },
    { filter: 'id = 1', means: 'id = 1' },
    { filter: 'id=1', means: 'id = 1' },
    { filter: '(id=1)', means: 'id = 1' },
    { filter: '((id=1))', means: 'id = 1' },
    { filter: 'ID = 1', means: 'id = 1' },
    { filter: '   id = 1   ', means: 'id = 1' },
    { filter: 'id\t=\t1', means: 'id = 1' },
    { filter: 'id =\r\n1', means: 'id = 1' },
    { filter: "id = '1'", means: 'id = 1' },
    { filter: 'a eq 1', means: 'a = 1' },
    { filter: 'a EQ 1', means: 'a = 1' },
    { filter: 'a != 1', means: 'a != 1' },
    { filter: 'a <> 1', means: 'a != 1' },
    { filter: 'a ne 1', means: 'a != 1' },
    { filter: 'a<4', means: 'a < 4' },
    { filter: 'a lt 4', means: 'a < 4' },
    { filter: 'a <= 4', means: 'a <= 4' },
    { filter: 'a lte 4', means: 'a <= 4' },
    { filter: 'a>4', means: 'a > 4' },
    { filter: 'a gt 4', means: 'a > 4' },
    { filter: 'a>=4', means: 'a >= 4' },
    { filter: 'a gte 4', means: 'a >= 4' },
    { filter: 'a not = 1', means: 'not a = 1' },
    { filter: 'nick = x', means: 'real_name = "x"' },
    { filter: '"name" = \'x\'', means: 'name = "x"' },
    { filter: "`name` = 'x'", means: 'name = "x"' },
    { filter: '"first name" = \'x\'', means: 'first name = "x"' },
    { filter: "first name = 'x'", means: 'first name = "x"' },
    { filter: 'd > 1994-01-01', means: 'd > "1994-01-01"' },
    { filter: 'd > NOW()', means: 'd > "NOW()"' },
  ])
})

describe('values', () => {
  understood([
    { filter: "name = 'Bob'", means: 'name = "Bob"' },
    { filter: 'name = "Bob"', means: 'name = "Bob"' },
    { filter: 'name = Bob', means: 'name = "Bob"' },
    { filter: 'name=Bob Smith', means: 'name = "Bob Smith"' },
    { filter: "name = 'x=y'", means: 'name = "x=y"' },
    { filter: "name = 'a > b'", means: 'name = "a > b"' },
    { filter: "name = 'a like b'", means: 'name = "a like b"' },
    { filter: "name = '(x)'", means: 'name = "(x)"' },
    { filter: "name = 'a, b'", means: 'name = "a, b"' },
    { filter: "name = 'x >= y'", means: 'name = "x >= y"' },
    { filter: "name like 'a=b%'", means: 'name like "a=b%"' },
    { filter: "name = 'a) AND (b'", means: 'name = "a) AND (b"' },
    { filter: "name = 'x and y'", means: 'name = "x and y"' },
    { filter: "name = 'O'Brien'", means: 'name = "O\'Brien"' },
    { filter: "name = 'O''Brien'", means: 'name = "O\'Brien"' },
    { filter: 'name = "O\'Neill"', means: 'name = "O\'Neill"' },
    { filter: "name = 'it\\'s'", means: 'name = "it\\\\\'s"' },
    { filter: "name = 'abc", means: 'name = "\'abc"' },
    { filter: "name = ''", means: 'name = ""' },
    { filter: "name = ''''", means: 'name = "\'"' },
    { filter: 'name = ', means: 'name = ""' },
    { filter: '(name = ) and (a = 1)', means: '(name = "" and a = 1)' },
    { filter: 'name = foo (bar) baz', means: 'name = "foo (bar) baz"' },
    { filter: '(name = foo (bar)) and (a = 1)', means: '(name = "foo (bar)" and a = 1)' },
    { filter: 'name = (555) 123-4567', means: 'name = "(555) 123-4567"' },
    { filter: 'name = b', means: 'name = "b"' },
    { filter: "name = 'été'", means: 'name = "été"' },
    { filter: "(name = 'O'Brien') and (name != 'D'Arc')", means: '(name = "O\'Brien" and name != "D\'Arc")' },
    { filter: "name = 'x' -- y'", means: 'name = "x\' -- y"' },
    { filter: "name = 'a' union select 1'", means: 'name = "a\' union select 1"' },
    { filter: 'name = x; drop table t', means: 'name = "x; drop table t"' },
    { filter: 'name = x or 1=1', means: 'name = "x or 1=1"' },
  ])
})

describe('null and blank', () => {
  understood([
    { filter: 'name is null', means: 'name null' },
    { filter: 'name IS NULL', means: 'name null' },
    { filter: 'name is not null', means: 'not name null' },
    { filter: 'name is not  null', means: 'not name null' },
    { filter: 'name = null', means: 'name = "null"' },
    { filter: 'a = null', means: 'a null' },
    { filter: 'd = NULL', means: 'd null' },
    { filter: 'd != null', means: 'not d null' },
    { filter: "d = 'null'", means: 'd = "null"' },
    { filter: 'a > null', means: 'a > null' },
    { filter: "a = ''", means: 'a = null' },
    { filter: 'a in (1, null)', means: 'a in [1,null]' },
    { filter: 'name in (x, null)', means: 'name in ["x","null"]' },
  ])
  refused([
    { filter: "id = ''", says: integer('id') },
    { filter: 'id = ', says: integer('id') },
    { filter: "a = 'null'", says: integer('a') },
    { filter: '   ', says: unparsable },
    { filter: '()', says: unparsable },
    { filter: '( )', says: unparsable },
    { filter: 'name is null garbage', says: unparsable },
    { filter: 'name isnull', says: unparsable },
  ])
})

describe('lists', () => {
  understood([
    { filter: 'a in (1,2,3)', means: 'a in [1,2,3]' },
    { filter: 'a IN (1, 2 ,3)', means: 'a in [1,2,3]' },
    { filter: 'a in(1,2)', means: 'a in [1,2]' },
    { filter: "name in ('a,b','c')", means: 'name in ["a,b","c"]' },
    { filter: 'name in ("Simmel","Peir")', means: 'name in ["Simmel","Peir"]' },
    { filter: 'name in (Bob Smith, x)', means: 'name in ["Bob Smith","x"]' },
    { filter: "name in ('O'Neill', 'D''Arc')", means: 'name in ["O\'Neill","D\'Arc"]' },
    { filter: 'name in (this and that, a = b)', means: 'name in ["this and that","a = b"]' },
    { filter: 'a not in (1,2) ', means: 'not a in [1,2]' },
    { filter: '(a in (1,2)) AND (b = 2)', means: '(a in [1,2] and b = 2)' },
    { filter: 'a in (:x, :y)', given: { params: { ':x': 1, ':y': 2 } }, means: 'a in [1,2]' },
    { filter: 'name in (f(x), g)', means: 'name in ["f(x)","g"]' },
  ])
  refused([
    { filter: 'a in ()', says: noList },
    { filter: 'a in ( )', says: noList },
    { filter: 'a in 1,2', says: noList },
    { filter: 'a not in 1', says: noList },
    { filter: 'a in (1', says: unparsable },
    { filter: 'a in (1,2) 3', says: unparsable },
    { filter: 'a in (1,x)', says: integer('a') },
    { filter: 'a in (1.5)', says: integer('a') },
  ])
})

describe('patterns', () => {
  understood([
    { filter: "name like 'J%'", means: 'name like "J%"' },
    { filter: 'name LIKE J%', means: 'name like "J%"' },
    { filter: "name not like 'J%'", means: 'not name like "J%"' },
    { filter: "name ilike 'J%'", means: 'name ilike "J%"' },
    { filter: 'name contains foo', means: 'name like "%foo%"' },
    { filter: "name contains 'foo'", means: 'name like "%foo%"' },
    { filter: "name contains ''''", means: 'name like "%\'%"' },
    { filter: "name contains '%'", means: 'name like "%%%"' },
    { filter: "name starts with 'Si'", means: 'name like "Si%"' },
    { filter: 'name STARTS  WITH Si', means: 'name like "Si%"' },
    { filter: "name ends with 'er'", means: 'name like "%er"' },
    { filter: "name not contains 'e'", means: 'not name like "%e%"' },
    { filter: "name not starts with 'e'", means: 'not name like "e%"' },
    { filter: 'name contains :p', given: { params: { ':p': 'mm' } }, means: 'name like "%mm%"' },
    { filter: 'name like :p', given: { params: { ':p': null } }, means: 'name like null' },
    { filter: 'a like 1%', means: 'a like "1%"' },
  ])
})

describe('logic', () => {
  understood([
    { filter: '(a = 1) AND (b = 2)', means: '(a = 1 and b = 2)' },
    { filter: '(a = 1)AND(b = 2)', means: '(a = 1 and b = 2)' },
    { filter: '(a = 1) && (b = 2)', means: '(a = 1 and b = 2)' },
    { filter: '(a = 1)and(b = 2)', means: '(a = 1 and b = 2)' },
    { filter: '(a = 1) AND(b = 2)', means: '(a = 1 and b = 2)' },
    { filter: '(a = 1)  AND  (b = 2)', means: '(a = 1 and b = 2)' },
    { filter: '(a = 1) or (b = 2)', means: '(a = 1 or b = 2)' },
    { filter: '(a = 1) || (b = 2)', means: '(a = 1 or b = 2)' },
    { filter: '(a = 1) xor (b = 2)', means: '(a = 1 xor b = 2)' },
    { filter: 'a = 1 AND b = 2', means: '(a = 1 and b = 2)' },
    { filter: 'a = 1&&b = 2', means: '(a = 1 and b = 2)' },
    { filter: "name = 'x' AND b = 2", means: '(name = "x" and b = 2)' },
    { filter: 'name = x AND b = 2', means: '(name = "x" and b = 2)' },
    { filter: 'name = rock and roll', means: 'name = "rock and roll"' },
    { filter: 'name = rock and roll or b = 2', means: '(name = "rock and roll" or b = 2)' },
    { filter: 'name = a||b', means: 'name = "a||b"' },
    { filter: 'name = x and not (b = 2)', means: '(name = "x" and not b = 2)' },
    { filter: 'name = x and "first name" like y', means: '(name = "x" and first name like "y")' },
    { filter: 'name = x and b in now', means: 'name = "x and b in now"' },
    { filter: '(a = 1) OR (b = 2) AND (c = 3)', means: '(a = 1 or (b = 2 and c = 3))' },
    { filter: '(a = 1) AND (b = 2) XOR (c = 3)', means: '((a = 1 and b = 2) xor c = 3)' },
    { filter: '((a = 1) OR (b = 2)) AND (c = 3)', means: '((a = 1 or b = 2) and c = 3)' },
    { filter: '(a = 1) AND ((b = 2) OR (c = 3))', means: '(a = 1 and (b = 2 or c = 3))' },
    { filter: '(a = 1) and (b = 2) and (c = 3)', means: '(a = 1 and b = 2 and c = 3)' },
    { filter: 'NOT (a = 1)', means: 'not a = 1' },
    { filter: 'NOT(a = 1)', means: 'not a = 1' },
    { filter: 'NOT ((a = 1) AND (b = 2))', means: 'not (a = 1 and b = 2)' },
    { filter: 'NOT (a = 1) AND (b = 2)', means: '(not a = 1 and b = 2)' },
    { filter: '(NOT (a = 1)) AND (b = 2)', means: '(not a = 1 and b = 2)' },
    { filter: '(a = 1) AND NOT (b = 2)', means: '(a = 1 and not b = 2)' },
    { filter: '(a = 1) AND (NOT (b = 2))', means: '(a = 1 and not b = 2)' },
    { filter: 'not name is null', means: 'not name null' },
    { filter: 'not a in (1)', means: 'not a in [1]' },
    { filter: 'a between 1 and 5', means: 'a between 1 and 5' },
    { filter: 'a not between 1 and 5 and b = 2', means: '(not a between 1 and 5 and b = 2)' },
    { filter: "d between '2020-01-01' and '2020-12-31'", means: 'd between "2020-01-01" and "2020-12-31"' },
  ])
  refused([
    { filter: '(a = 1', says: unparsable },
    { filter: 'a = 1)', says: unparsable },
    { filter: '((a = 1) AND (b = 2)', says: unparsable },
    { filter: '(id > 0) OR (id > 0', says: unparsable },
    { filter: 'id > 0) OR (id > 0', says: unparsable },
    { filter: '(id > 0)) or ((id > 0)', says: unparsable },
    { filter: '(a = 1) and ', says: unparsable },
    { filter: '(a = 1) nor (b = 2)', says: unparsable },
    { filter: '(a = 1) (b = 2)', says: unparsable },
    { filter: '(a = 1) AND', says: unparsable },
    { filter: 'NOT', says: unparsable },
    { filter: 'a between 1', says: unparsable },
    { filter: 'a between (1,5)', says: unparsable },
    { filter: 'name = :)', says: unparsable },
    { filter: 'name = :(', says: unparsable },
  ])
})

describe('expressions', () => {
  understood([
    { filter: 'a = (b)', means: 'a = b' },
    { filter: '(a = (b + 1)) AND (c = 2)', means: '(a = (b + 1) and c = 2)' },
    { filter: 'a > (floor(b / 2))', means: 'a > floor((b / 2))' },
    { filter: 'a = (10000+1)', means: 'a = (10000 + 1)' },
    { filter: "name = (upper('simmel'))", means: 'name = upper("simmel")' },
    { filter: 'd > (NOW())', means: 'd > now()' },
    { filter: 'd > (current_date)', means: 'd > current_date()' },
    { filter: 'name = (coalesce("first name", nick, \'x\'))', means: 'name = coalesce(first name, real_name, "x")' },
    { filter: 'a = (5)', means: 'a = 5' },
    { filter: 'a = (-b * 2 - -3)', means: 'a = (((0 - b) * 2) - -3)' },
    { filter: 'a = (b + :x)', given: { params: { ':x': 7 } }, means: 'a = (b + 7)' },
    { filter: 'a = (b + {n})', given: { lookups: { n: 7 } }, means: 'a = (b + 7)' },
    { filter: 'a between (b - 1) and (b + 1)', means: 'a between (b - 1) and (b + 1)' },
    { filter: 'price = (f * 1.1)', means: 'price = (f * 1.1)' },
    { filter: 'a = (b + 9007199254740993)', means: 'a = (b + 9007199254740993n)' },
    { filter: 'price = (f + 0.12345678901234567890)', means: 'price = (f + "0.12345678901234567890")' },
  ])
  refused([
    { filter: 'a = (select 1)', says: unparsable },
    { filter: 'a = (select min(a) from t)', says: unparsable },
    { filter: 'a = (sleep(0))', says: unparsable },
    { filter: 'a = (pg_sleep(5))', says: unparsable },
    { filter: 'a = (b; drop table t)', says: unparsable },
    { filter: 'a = (b -- x)', says: field('x') },
    { filter: 'a = (b /* x */)', says: unparsable },
    { filter: 'a = (lower())', says: unparsable },
    { filter: 'a = (lower(name, name))', says: unparsable },
    { filter: 'a = (bogus + 1)', says: field('bogus') },
    { filter: "name = ('a' || 'b')", says: unparsable },
  ])
})

describe('which message', () => {
  refused([
    { filter: 'a', says: unparsable },
    { filter: '1', says: unparsable },
    { filter: '*', says: unparsable },
    { filter: 'foo bar baz', says: unparsable },
    { filter: 'a ~ 1', says: unparsable },
    { filter: 'a ge 1', says: unparsable },
    { filter: 'd does exist', says: unparsable },
    { filter: 'd does not exist', says: unparsable },
    { filter: 'name all (1)', says: unparsable },
    { filter: '= 5', says: field('') },
    { filter: '  = 5', says: field('') },
    { filter: 'bogus = 1', says: field('bogus') },
    { filter: 'bogus like x', says: field('bogus') },
    { filter: '1 = 1', says: field('1') },
    { filter: 't.name = x', says: field('t.name') },
    { filter: "lower(name) = 'x'", says: field('lower(name)') },
    { filter: 'a ! = 1', says: field('a !') },
    { filter: 'foo and a = 1', says: field('foo and a') },
    { filter: '(a = 1) or (1=1)', says: field('1') },
    { filter: 'a = (1) or (1=1)', says: field('1') },
    { filter: "name = 'x' or 'x'='x'", says: field("'x'") },
    { filter: "name = '' or ''=''", says: field("''") },
    { filter: "name='x' OR '1'='1'", says: field("'1'") },
    { filter: "a = 'abc'", says: integer('a') },
    { filter: 'a = b', says: integer('a') },
    { filter: 'a = 0x2711', says: integer('a') },
    { filter: 'a => 1', says: integer('a') },
    { filter: 'a == 1', says: integer('a') },
    { filter: 'a = 1 or 1=1', says: integer('a') },
    { filter: 'a = 1 union select 1,2,3', says: integer('a') },
    { filter: 'a = 1; drop table t', says: integer('a') },
    { filter: 'a = 1 -- x', says: integer('a') },
    { filter: 'a = sleep(1)', says: integer('a') },
    { filter: 'a = ?', says: integer('a') },
  ])
})

describe('casts', () => {
  understood([
    { filter: 'a = 1e3', means: 'a = 1000' },
    { filter: 'a = +3', means: 'a = 3' },
    { filter: "a = ' 3 '", means: 'a = 3' },
    { filter: 'a = -0', means: 'a = 0' },
    { filter: 'a = 3.0', means: 'a = 3' },
    { filter: 'a > 1.5', means: 'a > 1' },
    { filter: 'a >= 1.5', means: 'a >= 2' },
    { filter: 'a < 1.5', means: 'a < 2' },
    { filter: 'a <= 1.5', means: 'a <= 1' },
    { filter: 'a < -1.5', means: 'a < -1' },
    { filter: 'a > -0.5', means: 'a > -1' },
    { filter: 'a between 1.5 and 3.5', means: 'a between 2 and 3' },
    { filter: 'a = 9007199254740993', means: 'a = 9007199254740993n' },
    { filter: 'a = 99999999999999999999', means: 'a = 9223372036854775807n' },
    { filter: 'a = -1e99999', means: 'a = -9223372036854775808n' },
    { filter: 'big = 9223372036854775807', means: 'big = 9223372036854775807n' },
    { filter: 'big = 18446744073709551615', means: 'big = 18446744073709551615n' },
    { filter: 'big = 5', means: 'big = 5' },
    { filter: 'big = abc', means: 'big = "abc"' },
    { filter: 'ok = true', means: 'ok = true' },
    { filter: 'ok = 1', means: 'ok = true' },
    { filter: 'ok = YES', means: 'ok = true' },
    { filter: 'ok = t', means: 'ok = true' },
    { filter: 'ok = off', means: 'ok = false' },
    { filter: "ok = ''", means: 'ok = null' },
    { filter: 'flag = yes', means: 'flag = 1' },
    { filter: 'flag = f', means: 'flag = 0' },
    { filter: 'price = 1.23456789', means: 'price = "1.23456789"' },
    { filter: 'price = 12345678901234567890.12', means: 'price = "12345678901234567890.12"' },
    { filter: 'price = +.5', means: 'price = "0.5"' },
    { filter: 'price = 1e3', means: 'price = "1000"' },
    { filter: "price = ''", means: 'price = null' },
    { filter: 'f = 1.5', means: 'f = 1.5' },
    { filter: "ts > '2024-01-02 03:04:05'", means: 'ts > "2024-01-02 03:04:05"' },
  ])
  refused([
    { filter: 'a = 1.5', says: integer('a') },
    { filter: 'a != 1.5', says: integer('a') },
    { filter: 'a = 1e-99999', says: integer('a') },
    { filter: 'ok = banana', says: "Field 'ok' must be a valid boolean." },
    { filter: 'price = abc', says: "Field 'price' must be a valid number." },
    { filter: 'f = abc', says: "Field 'f' must be a valid number." },
    { filter: 'f < 1e400', says: "Field 'f' must be a valid number." },
  ])
})

describe('parameters', () => {
  const params = (values: Given['params']): Given => ({ params: values ?? {} })
  understood([
    { filter: 'a = :id', given: params({ ':id': 10001 }), means: 'a = 10001' },
    { filter: 'a = :id', given: params({ ':id': '10001' }), means: 'a = 10001' },
    { filter: 'a = :id', given: params({ ':id': 9007199254740993n }), means: 'a = 9007199254740993n' },
    { filter: '(a > :a) and (a < :b)', given: params({ ':a': 1, ':b': 4 }), means: '(a > 1 and a < 4)' },
    { filter: 'a = :a', given: params({ ':a': null }), means: 'a = null' },
    { filter: 'name = :n', given: params({ ':n': "O'Neill" }), means: 'name = "O\'Neill"' },
    { filter: 'name = :n', given: params({ ':n': "'quoted'" }), means: 'name = "\'quoted\'"' },
    { filter: 'name = :n', given: params({ ':n': '(upper(name))' }), means: 'name = "(upper(name))"' },
    { filter: 'name = :n', given: params({ ':n': 'null' }), means: 'name = "null"' },
    { filter: 'd = :n', given: params({ ':n': 'null' }), means: 'd = "null"' },
    { filter: 'name = :n', given: params({ ':n': 5 }), means: 'name = "5"' },
    { filter: 'name = :n', given: params({ ':n': true }), means: 'name = "1"' },
    { filter: 'name = :n', given: params({ n: 'x' }), means: 'name = ":n"' },
    { filter: "name = ':n'", given: params({ ':n': 'x' }), means: 'name = ":n"' },
    { filter: 'name = :n x', given: params({ ':n': 'x' }), means: 'name = ":n x"' },
    { filter: 'name = :n', given: params({ ':n': '{who}' }), means: 'name = "{who}"' },
    { filter: 'name = :n', given: { params: { ':n': '{who}' }, lookups: { who: 'me' } }, means: 'name = "me"' },
  ])
  refused([
    { filter: 'a = :id', says: integer('a') },
    { filter: 'a = :id', given: params({ id: 1 }), says: integer('a') },
    { filter: 'a = :id', given: params({ ':id': 1.5 }), says: integer('a') },
    { filter: 'a = :id', given: params({ ':id': true }), says: integer('a') },
    { filter: 'a = :id', given: params({ ':id': [1, 2] }), says: integer('a') },
    { filter: 'name = :id', given: params({ ':id': [1, 2] }), says: unparsable },
    { filter: 'name = :id', given: params({ ':id': { a: 1 } }), says: unparsable },
    { filter: 'name like :id', given: params({ ':id': [1] }), says: unparsable },
  ])
})

describe('lookups', () => {
  const lookups = { 'user.id': 7, evil: "x') OR (id > 0", word: 'null', dept: 'd001' }
  understood([
    { filter: 'a = {user.id}', given: { lookups }, means: 'a = 7' },
    { filter: 'name = {user.id}', given: { lookups }, means: 'name = "7"' },
    { filter: "name = 'no. {user.id}'", given: { lookups }, means: 'name = "no. 7"' },
    { filter: 'name = {strtoupper(dept)}', given: { lookups }, means: 'name = "D001"' },
    { filter: "(name = '{evil}') and (a = 1)", given: { lookups }, means: '(name = "x\') OR (id > 0" and a = 1)' },
    { filter: '(name = {evil}) and (a = 1)', given: { lookups }, means: '(name = "x\') OR (id > 0" and a = 1)' },
    { filter: 'd = {word}', given: { lookups }, means: 'd = "null"' },
    { filter: 'name = {nope}', given: { lookups }, means: 'name = "{nope}"' },
    { filter: 'a in ({user.id}, 8)', given: { lookups }, means: 'a in [7,8]' },
  ])
  refused([
    { filter: 'a = {nope}', says: integer('a') },
    { filter: '{dept} = 1', says: field('{dept}') },
  ])
})
