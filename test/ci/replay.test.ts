/** Each replayed group is held to its own floor. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { floorsOf, sharesOf, shortfalls } from '../../.ci/replay.ts'

const output = `00_setup                       84.6 %  of   39 compared  (33 same, 0 better, 6 differ, 2 skipped)
05_filter_sqlite               97.1 %  of  310 compared  (301 same, 0 better, 9 differ, 0 skipped)
08_batch_sqlite               100.0 %  of   90 compared  (90 same, 0 better, 0 differ, 0 skipped)
04_records_read_sqlite       left out: no sqlite
07_records_write_sqlite            -  of    0 compared  (0 same, 0 better, 0 differ, 12 skipped)
all: 96.58 % of 439 compared; 15 differ, 14 skipped, 0 sent without comparison
`

describe('shortfalls', () => {
  const cases: readonly { name: string; floors: [string, number][]; short: RegExp[] }[] = [
    { name: 'above', floors: [['05_filter_sqlite', 97]], short: [] },
    { name: 'at the floor', floors: [['08_batch_sqlite', 100]], short: [] },
    { name: 'under', floors: [['05_filter_sqlite', 97.5]], short: [/^05_filter_sqlite: 97.1 %, the floor is 97.5 %$/] },
    { name: 'left out', floors: [['04_records_read_sqlite', 1]], short: [/^04_records_read_sqlite: not replayed/] },
    {
      name: 'nothing compared',
      floors: [['07_records_write_sqlite', 1]],
      short: [/^07_records_write_sqlite: not replayed/],
    },
    { name: 'absent', floors: [['99_none', 0]], short: [/^99_none: not replayed/] },
    {
      name: 'one good group does not help another',
      floors: [
        ['08_batch_sqlite', 97],
        ['05_filter_sqlite', 98],
        ['04_records_read_sqlite', 97],
      ],
      short: [/^05_filter_sqlite/, /^04_records_read_sqlite/],
    },
  ]
  for (const { name, floors, short } of cases) {
    test(name, () => {
      const found = shortfalls(new Map(floors), sharesOf(output))
      assert.equal(found.length, short.length)
      for (const [index, pattern] of short.entries()) assert.match(found[index] ?? '', pattern)
    })
  }
})

test('the table of floors', () => {
  const table = '# comment\n\none   97\ntwo   80.5\n'
  assert.deepEqual(
    [...floorsOf(table)],
    [
      ['one', 97],
      ['two', 80.5],
    ],
  )
})

test('every floor that is kept is a share', () => {
  const floors = floorsOf(readFileSync(new URL('../../.ci/replay-floors', import.meta.url), 'utf8'))
  assert.ok(floors.size > 0)
  for (const [group, floor] of floors) assert.ok(floor > 0 && floor <= 100, group)
})
