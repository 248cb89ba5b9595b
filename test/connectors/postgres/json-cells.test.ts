/** JSON from the server's bytes is what JSON.stringify makes of the values. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type CellWriter,
  jsonBinary,
  jsonBoolean,
  jsonNumber,
  jsonString,
} from '../../../connectors/postgres/json-cells.ts'

/** The cell stands between other bytes, as in a message. */
function written(write: CellWriter, text: string): string {
  const cell = Buffer.from(text)
  const bytes = Buffer.concat([Buffer.from('"\\9.'), cell, Buffer.from('0"e\\')])
  const out = Buffer.alloc(cell.length * 6 + 24 + 8)
  const end = write(bytes, 4, cell.length, out, 8)
  assert.ok(end <= out.length)
  return out.toString('utf8', 8, end)
}

/** A generator of its own, so that a failure can be had again. */
function random(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

test('texts of any length and letters', () => {
  const next = random(7)
  const letters = [
    'a',
    'b',
    ' ',
    '"',
    '\\',
    '\n',
    '\t',
    '\b',
    '\f',
    '\r',
    '\u0001',
    '\u001f',
    '\u007f',
    'é',
    '日',
    '😀',
    '\u2028',
  ]
  for (let run = 0; run < 20_000; run++) {
    const plain = next(3) === 0 ? letters.length : 3
    const text = Array.from({ length: next(120) }, () => letters[next(plain)]).join('')
    assert.equal(written(jsonString, text), JSON.stringify(text))
  }
})

const numbers: readonly (readonly [text: string, printed: string])[] = [
  ['0', '0'],
  ['-1', '-1'],
  ['100', '100'],
  ['9223372036854775807', '9223372036854775807'],
  ['10.50', '10.5'],
  ['10.00', '10'],
  ['0.0', '0'],
  ['-0.10', '-0.1'],
  ['1000.0', '1000'],
  ['12345678901234567890.123456789012345678901234567890', '12345678901234567890.12345678901234567890123456789'],
  ['1.6777216e+07', '16777216'],
  ['1e+100', '1e+100'],
  ['1e-05', '0.00001'],
  ['5e-324', '5e-324'],
  ['NaN', 'null'],
  ['Infinity', 'null'],
  ['-Infinity', 'null'],
  ['$1.50', '"$1.50"'],
  ['', '""'],
  ['-', '"-"'],
  ['1.2.3', '"1.2.3"'],
  ['2024-01-01', '"2024-01-01"'],
]
for (const [text, printed] of numbers) {
  test(`a number: ${text}`, () => {
    assert.equal(written(jsonNumber, text), printed)
    JSON.parse(printed)
  })
}

const others: readonly (readonly [name: string, write: CellWriter, text: string, printed: string])[] = [
  ['true', jsonBoolean, 't', 'true'],
  ['false', jsonBoolean, 'f', 'false'],
  ['a set bit', jsonBoolean, '1', 'true'],
  ['a clear bit', jsonBoolean, '0', 'false'],
  ['bits that are no boolean', jsonBoolean, '10', '"10"'],
  ['bytes', jsonBinary, '\\x00ff5c', '"AP9c"'],
  ['no bytes', jsonBinary, '\\x', '""'],
]
for (const [name, write, text, printed] of others) {
  test(name, () => assert.equal(written(write, text), printed))
}
