/** The catalog that describes tables at their first use. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ExtendedCatalog } from '../../../connectors/records/catalog/extended.ts'
import { tableNamed } from './company.ts'
import { LazyCatalog, type Table } from './exports.ts'

function catalogOf(tables: Table[]): { readonly catalog: LazyCatalog; readonly asked: string[] } {
  const asked: string[] = []
  const catalog = new LazyCatalog({
    list: async () => {
      asked.push('list')
      return [...tables]
    },
    describe: async ({ name }, epoch) => {
      asked.push(`${name} ${epoch}`)
      const table = tables.find((each) => each.name === name)
      return table ? { ...table, epoch } : null
    },
  })
  return { catalog, asked }
}

const aliased: Table = { ...tableNamed('supplies'), name: 'T10', alias: 'things' }

describe('a lazy catalog', () => {
  it('asks for a table once, and answers without a promise from then on', async () => {
    const { catalog, asked } = catalogOf([tableNamed('supplies'), tableNamed('kinds')])
    assert.equal((await catalog.table('SUPPLIES'))?.name, 'supplies')
    const again = catalog.table('supplies')
    assert.ok(again !== null && !(again instanceof Promise))
    assert.deepEqual(asked, ['list', 'supplies 1'])
  })

  it('knows an aliased table by its alias, and by its real name for relations only', async () => {
    const { catalog } = catalogOf([aliased])
    assert.equal((await catalog.table('Things'))?.name, 'T10')
    assert.equal(await catalog.table('t10'), null)
    assert.equal((await catalog.realTable('t10'))?.alias, 'things')
  })

  it('forgets everything at a refresh', async () => {
    const tables = [tableNamed('supplies')]
    const { catalog, asked } = catalogOf(tables)
    await catalog.table('supplies')
    catalog.refresh()
    assert.equal((await catalog.table('supplies'))?.epoch, 2)
    assert.deepEqual(asked, ['list', 'supplies 1', 'list', 'supplies 2'])
  })

  it('lists naturally by name', async () => {
    const names = ['t10', 't2', 'A'].map((name) => ({ ...aliased, name }))
    const { catalog } = catalogOf(names)
    assert.deepEqual(
      (await catalog.list()).map((table) => table.name),
      ['A', 't2', 't10'],
    )
  })

  it('asks a source again that was away', async () => {
    let away = true
    const catalog = new LazyCatalog({
      list: async () => {
        if (away) throw new Error('away')
        return [aliased]
      },
      describe: async () => aliased,
    })
    await assert.rejects(catalog.list(), /away/)
    away = false
    assert.equal((await catalog.list()).length, 1)
  })
})

describe('a catalog with extras', () => {
  const whole = { ...tableNamed('supplies'), description: 'whole' }
  const bare = { ...tableNamed('supplies'), description: 'bare', relations: [] }
  const inner = {
    epoch: 1,
    list: async () => [],
    table: () => whole,
    realTable: () => whole,
    refresh() {},
    bare: { table: () => bare, realTable: () => bare },
  }
  const alias = { table: 'supplies', alias: 'goods', label: null, plural: null, description: null, nameField: null }
  const relation = {
    table: 'Supplies',
    relation: 'locations_by_supply_id',
    alias: null,
    label: null,
    description: null,
  }
  const extras = { tables: [alias], fields: [], relations: [], virtual: [] }

  it('shows bare tables by their aliases', async () => {
    const catalog = new ExtendedCatalog(inner, async () => extras)
    assert.equal((await catalog.bare.table('Goods'))?.description, 'bare')
    assert.equal((await catalog.bare.realTable('supplies'))?.alias, 'goods')
    assert.equal(await catalog.bare.table('supplies'), null)
    assert.equal((await catalog.table('goods'))?.description, 'whole')
  })

  it('shows a table whole whose relations may always be fetched', async () => {
    const relations = [{ ...relation, alwaysFetch: true }]
    const catalog = new ExtendedCatalog(inner, async () => ({ ...extras, relations }))
    for (const table of [await catalog.bare.table('goods'), await catalog.bare.realTable('supplies')]) {
      assert.equal(table?.description, 'whole')
      assert.equal(table.relations.find(({ name }) => name === relation.relation)?.alwaysFetch, true)
    }
  })
})
