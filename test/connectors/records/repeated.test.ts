/** Lists that are asked for again in the same words: planned once, and never with what is another caller's. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Caller, Json, Policy } from 'dataferry/sdk'
import { type Asked, admin, company, hostFor, type Rights, requestFor } from './company.ts'
import { type RecordStore, recordService } from './exports.ts'
import { MemoryStore } from './memory-store.ts'

/** As the kernel does: the same policy object as long as the role is as it is. */
class House {
  readonly store = new MemoryStore(company())
  /** Whether the plan of each read was an earlier request's. */
  readonly kept: boolean[] = []
  rights: Rights | null = null
  readonly #policies = new Map<Rights | null, Map<string, Policy>>()
  readonly #service: ReturnType<typeof recordService>

  constructor() {
    const { store, kept } = this
    const watched: RecordStore = {
      can: store.can,
      catalog: store.catalog,
      read(planned) {
        kept.push(planned.kept === true)
        return store.read(planned)
      },
      write: (work) => store.write(work),
      close: () => store.close(),
    }
    const policyFor = (caller: Caller, service: string, component: string, verb: 'GET'): Policy => {
      const policies = this.#policies.get(this.rights) ?? new Map<string, Policy>()
      this.#policies.set(this.rights, policies)
      const policy = policies.get(component) ?? hostFor(this.rights).policyFor(caller, service, component, verb)
      policies.set(component, policy)
      return policy
    }
    const host = { ...hostFor(null), policyFor } as ReturnType<typeof hostFor>
    this.#service = recordService(watched, { host, config: {} })
  }

  async ask(asked: Asked): Promise<Json> {
    const request = requestFor(asked)
    const signal = new AbortController().signal
    const { body } = await this.#service.handle(request, signal)
    const plain = (value: Json): Json => JSON.parse(JSON.stringify(value)) as Json
    if (body.kind === 'value') return plain(body.value)
    if (body.kind !== 'rows') throw new Error('no rows')
    return plain(await body.rows.value({ bytes: 1e6, rows: 1e3 }, signal))
  }
}

const names = (...all: string[]): Json => ({ resource: all.map((name) => ({ name })) })

describe('lists that come again', () => {
  it('are planned twice at most, and answer what is there', async () => {
    const house = new House()
    const path = '_table/supplies?fields=name&order=name&filter=id < 9'
    for (let i = 0; i < 3; i++) assert.deepEqual(await house.ask({ path }), names('Broom', 'Stapler', 'Whiteboard'))
    assert.deepEqual(house.kept, [false, false, true])
    await house.ask({ verb: 'POST', path: '_table/supplies', body: { resource: [{ name: 'Chair' }] } })
    house.kept.length = 0
    assert.deepEqual(await house.ask({ path }), names('Broom', 'Chair', 'Stapler', 'Whiteboard'))
    assert.deepEqual(house.kept, [true])
  })

  it('by other words are others', async () => {
    const house = new House()
    for (let i = 0; i < 3; i++) {
      assert.deepEqual(await house.ask({ path: '_table/supplies?fields=name&filter=id=1' }), names('Stapler'))
      assert.deepEqual(await house.ask({ path: '_table/supplies?fields=name&filter=id=2' }), names('Broom'))
      assert.deepEqual(await house.ask({ path: '_table/supplies?fields=id&filter=id=2' }), { resource: [{ id: 2 }] })
    }
  })

  it('of another role are others', async () => {
    const house = new House()
    const path = '_table/supplies?order=name&limit=2'
    const few: Rights = { supplies: { filters: [['id', '>', '1']], hidden: ['id'] } }
    for (let i = 0; i < 3; i++) {
      house.rights = null
      assert.deepEqual(await house.ask({ path }), {
        resource: [
          { id: 2, name: 'Broom' },
          { id: 1, name: 'Stapler' },
        ],
      })
      house.rights = few
      assert.deepEqual(await house.ask({ path }), names('Broom', 'Whiteboard'))
    }
    house.rights = { supplies: { verbs: ['POST'] } }
    await assert.rejects(house.ask({ path }), { status: 403 })
  })

  const asks: readonly (readonly [name: string, path: string, rights: Rights | null])[] = [
    ['a filter', "_table/supplies?fields=name&filter=id='{user.id}'", null],
    ['a row filter', '_table/supplies?fields=name', { supplies: { filters: [['id', '=', '{user.id}']] } }],
  ]
  for (const [name, path, rights] of asks) {
    it(`${name} with a lookup is each caller's own`, async () => {
      const house = new House()
      house.rights = rights
      for (let i = 0; i < 3; i++) {
        for (const [id, shown] of [
          [1, 'Stapler'],
          [2, 'Broom'],
        ] as const) {
          const caller = { ...admin, admin: rights === null, lookups: { 'user.id': id } }
          assert.deepEqual(await house.ask({ path, caller }), names(shown))
        }
      }
      assert.ok(!house.kept.includes(true))
    })
  }

  it('with relations are planned once too', async () => {
    const house = new House()
    const path =
      '_table/supplies?fields=name&related=locations_by_supply_id&locations_by_supply_id.fields=name&filter=id=2'
    for (let i = 0; i < 3; i++) {
      assert.deepEqual(await house.ask({ path }), {
        resource: [{ name: 'Broom', id: 2, locations_by_supply_id: [{ name: 'Broom Closet' }] }],
      })
    }
  })
})
