/**
 * The permission conformance suite: can a role learn or change what it may not, by any surface, on any of the databases? Cases are
 * tables in cases/; what every answer is held against besides is in case.ts.
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { runCase } from './case.ts'
import { documents } from './cases/documents.ts'
import { elsewhere } from './cases/elsewhere.ts'
import { further } from './cases/further.ts'
import { hiddenReads } from './cases/hidden-reads.ts'
import { hiddenWrites } from './cases/hidden-writes.ts'
import { rows } from './cases/rows.ts'
import { verbsAndComponents } from './cases/verbs.ts'
import { dump, House } from './house.ts'

/** PERMISSIONS_GROUPS: of the groups only those whose names begin so, between commas. */
const some = process.env.PERMISSIONS_GROUPS?.split(',') ?? ['']
const every = [...hiddenReads, ...hiddenWrites, ...rows, ...verbsAndComponents, ...documents, ...elsewhere, ...further]
const groups = every.filter(([name]) => some.some((beginning) => name.startsWith(beginning)))
const asking = new Set(groups.flatMap(([, cases]) => cases.map((each) => each.as)))
const house = await House.open(undefined, {}, asking)
const [first] = house.engines
const pristine = new Map<string, string>()

before(async () => {
  for (const engine of house.engines) pristine.set(engine.service, await dump(engine))
})
after(() => house.stop())

test('there are at least 300 cases, each with a name of its own', () => {
  const names = every.flatMap(([group, cases]) => cases.map(({ name }) => `${group}: ${name}`))
  assert.equal(new Set(names).size, names.length)
  assert.ok(names.length >= 300, String(names.length))
})

describe('on each database at once', { concurrency: true }, () => {
  for (const engine of house.engines) {
    // One after the other on each: they look at what has changed.
    describe(engine.name, { concurrency: 1 }, () => {
      for (const [group, cases] of groups) {
        describe(group, { concurrency: 1 }, () => {
          for (const each of cases) {
            if (each.once && engine !== first) continue
            test(each.name, () => runCase(house, engine, each, pristine.get(engine.service) ?? ''))
          }
        })
      }
    })
  }
})
