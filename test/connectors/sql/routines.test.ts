/** What is known of routines between two refreshes, and how much of a result is kept. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Routine, RoutineKind, RoutineSummary } from 'dataferry/records'
import { InternalError } from 'dataferry/sdk'
import { RoutineCatalog, type RoutineSource, RowBudget } from 'dataferry/sql'

const summary = (kind: RoutineKind, name: string): RoutineSummary => ({
  kind,
  name,
  label: name,
  description: null,
  native: [],
})

/** A database of these routines that counts how often it is asked. */
class Counted implements RoutineSource {
  readonly sharedNames = true
  lists = 0
  descriptions = 0
  /** The next answer is an error. */
  fails = false
  routines: readonly RoutineSummary[] = []

  async list(): Promise<readonly RoutineSummary[]> {
    this.lists++
    this.#maybeFail()
    return this.routines
  }
  async describe(listed: RoutineSummary): Promise<readonly Routine[]> {
    this.descriptions++
    this.#maybeFail()
    return [{ ...listed, parameters: [], returnType: null, returnSchema: [] }]
  }
  call(): never {
    assert.fail('nothing is called')
  }
  #maybeFail(): void {
    if (!this.fails) return
    this.fails = false
    throw new Error('the database is gone')
  }
}

function catalogOf(...routines: readonly RoutineSummary[]): { source: Counted; catalog: RoutineCatalog } {
  const source = new Counted()
  source.routines = routines
  return { source, catalog: new RoutineCatalog(source) }
}

test('lists are in natural order, by kind', async () => {
  const { catalog } = catalogOf(
    summary('procedure', 'run10'),
    summary('procedure', 'Run2'),
    summary('function', 'run1'),
  )
  assert.deepEqual(
    (await catalog.list('procedure')).map(({ name }) => name),
    ['Run2', 'run10'],
  )
  assert.deepEqual(
    (await catalog.list('function')).map(({ name }) => name),
    ['run1'],
  )
})

test('a name is found in any case, the first of two that differ in it', async () => {
  const { catalog } = catalogOf(summary('function', 'Run'), summary('function', 'run'))
  assert.deepEqual(
    (await catalog.find('function', 'RUN')).map(({ name }) => name),
    ['Run'],
  )
  assert.deepEqual(await catalog.find('procedure', 'run'), [])
})

test('the database is asked once until a refresh', async () => {
  const { source, catalog } = catalogOf(summary('function', 'run'))
  for (let i = 0; i < 3; i++) await catalog.find('function', 'run')
  assert.deepEqual([source.lists, source.descriptions], [1, 1])
  catalog.refresh()
  await catalog.find('function', 'run')
  assert.deepEqual([source.lists, source.descriptions], [2, 2])
})

test('what failed is asked again', async () => {
  const { source, catalog } = catalogOf(summary('function', 'run'))
  source.fails = true
  await assert.rejects(catalog.list('function'), /gone/)
  assert.equal((await catalog.list('function')).length, 1)
  source.fails = true
  await assert.rejects(catalog.find('function', 'run'), /gone/)
  assert.equal((await catalog.find('function', 'run')).length, 1)
})

test('a result has its limits', () => {
  const budget = new RowBudget()
  budget.take(200 * 1024 * 1024)
  assert.throws(() => budget.take(200 * 1024 * 1024), InternalError)
})
