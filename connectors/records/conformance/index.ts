/**
 * `dataferry/conformance`: one suite of named cases for every source of records. What passes it works as the contract says: reading,
 * filters, relations, writing in every way, batch modes, types, hostile names, and roles. A connector's author calls it in a test
 * file, against a real server:
 *
 *     conformance({ name: 'mine', open: async (host, config) => ({ service: ..., close: async () => {} }) })
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { ConfigValues } from 'dataferry/sdk'
import { groups } from './cases/index.ts'
import { documentGroups } from './documents/index.ts'
import { answerOf, houseHost, requestOf } from './house.ts'
import { meets, runCase, written } from './run.ts'
import { fill, lacking, makeTables, withDependents } from './seed.ts'
import type { Case, Group, Opened, SeedTable, Subject } from './types.ts'

export { groups } from './cases/index.ts'
export { documentGroups } from './documents/index.ts'
export { answerOf, houseHost, plain, requestOf } from './house.ts'
export { makeTables } from './seed.ts'
export * from './types.ts'

/** Registers the suite with node:test. */
export function conformance(subject: Subject): void {
  describe(`${subject.name}: conformance`, () => {
    const places = new Places(subject)
    after(() => places.close())
    test('declares what it can not do', async () => {
      const { opened } = await places.at({})
      assert.deepEqual(lacking(opened.service), [...(subject.cannot ?? [])].sort())
    })
    for (const group of subject.documents ? documentGroups : groups)
      describe(group.name, () => runGroup(subject, group, places))
  })
}

function runGroup(subject: Subject, group: Group, places: Places): void {
  before(async () => {
    const place = await places.at(group.config ?? {})
    await place.add(group)
  })
  for (const each of group.cases) {
    const lax = each.unless?.filter((what) => subject.lax?.includes(what)) ?? []
    const skip = lax.length > 0 && `the database does not know ${lax.join(', ')}`
    test(each.name, { skip }, async (t) => {
      const place = await places.at(group.config ?? {})
      if (group.views && !place.opened.sql) return t.skip('the source knows no SQL')
      await place.clean(group.tables)
      const able = meets(subject, each)
      if (able) place.soil(group.tables, each)
      await runCase(place.opened.service, each, { able, formats: group.formats === true, subject })
    })
  }
}

/** A service with the tables of its groups. */
class Place {
  readonly opened: Opened
  readonly #made = new Set<SeedTable>()
  readonly #dirty = new Set<SeedTable>()

  constructor(opened: Opened) {
    this.opened = opened
  }

  async add({ tables, views = [] }: Group): Promise<void> {
    const wanted = tables.filter((table) => !this.#made.has(table))
    for (const table of wanted) this.#made.add(table)
    if (wanted.length > 0) await makeTables(this.opened, wanted)
    if (!this.opened.sql || views.length === 0) return
    for (const text of views) await this.opened.sql(text)
    // They were made behind the service's back.
    await answerOf(this.opened.service, requestOf({ ask: 'GET _table?refresh=true' }))
  }

  /** The tables that the case may change are no longer what they were. */
  soil(tables: readonly SeedTable[], each: Case): void {
    const names = written(each)
    const dirty = names === null ? tables : names.flatMap((name) => withDependents(tables, name))
    for (const table of dirty) this.#dirty.add(table)
  }

  async clean(tables: readonly SeedTable[]): Promise<void> {
    const dirty = tables.filter((table) => this.#dirty.has(table))
    if (dirty.length === 0) return
    await fill(this.opened, dirty)
    for (const table of dirty) this.#dirty.delete(table)
  }
}

/** One service for each configuration that groups ask for: opening one costs more than all of its cases. */
class Places {
  readonly #subject: Subject
  readonly #places = new Map<string, Promise<Place>>()

  constructor(subject: Subject) {
    this.#subject = subject
  }

  at(config: ConfigValues): Promise<Place> {
    const key = JSON.stringify(config)
    const known = this.#places.get(key)
    if (known) return known
    const made = houseHost().then(async (host) => new Place(await this.#subject.open(host, config)))
    this.#places.set(key, made)
    return made
  }

  async close(): Promise<void> {
    for (const place of this.#places.values()) await (await place).opened.close()
  }
}
