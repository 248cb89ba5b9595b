/** What a caller may see of the tables behind the resources: hidden columns, fixed ones, and the relations that the contract has. */
import {
  type Filter,
  labelOf,
  type Relation,
  relationName,
  type Table,
  type TableView,
  viewOfEverything,
} from 'dataferry/records'
import type { Caller, Snapshot } from 'dataferry/sdk'
import { concealedOfService } from '../models/service-model.ts'
import { concealedOfUser } from '../models/user-model.ts'

const concealed: { readonly [table: string]: readonly string[] } = {
  user: concealedOfUser,
  service: concealedOfService,
  lookup: ['scope_key'],
  limits: ['key_text'],
}

/** Columns that hold the owner: of lookups, the one that a relation goes by is shown, the others are not. */
export const ownersOfLookups: readonly string[] = ['app_id', 'role_id', 'user_id']

/** What clients never write: flags that only the server sets. */
const readOnly: { readonly [table: string]: readonly string[] } = { service: ['mutable', 'deletable'] }

/** The table without what is concealed from every client. */
export function viewOfTable(table: Table, only: Filter | null = null): TableView {
  const view = viewOfEverything(systemTable(table))
  const narrowed = only === null ? view : view.narrowed(only)
  return narrowed.without([], readOnly[table.name] ?? []).concealing(concealed[table.name] ?? [])
}

const known = new WeakMap<Table, Table>()

/** The relations that the contract has: no lookup between its owners, but who made and changed a record. */
export function systemTable(table: Table): Table {
  const made = known.get(table)
  if (made !== undefined) return made
  const authors = ['created_by_id', 'last_modified_by_id'].filter((name) =>
    table.columns.some((each) => each.name === name),
  )
  const relations = table.relations.filter((relation) => isOfContract(table, relation))
  const system: Table = { ...table, relations: [...relations, ...aliases(table, relations), ...authors.map(byUser)] }
  known.set(table, system)
  return system
}

/** Junctions that relate nothing, and tables whose rows belong to somebody without being shown with them. */
const noJunctions: ReadonlySet<string> = new Set(['lookup', 'app', 'limits'])
const noChildren: ReadonlySet<string> = new Set(['limits', 'outbox', 'user_custom'])

function isOfContract({ name }: Table, { type, refTable, junction }: Relation): boolean {
  if (junction !== null) return !noJunctions.has(junction.table ?? '')
  return type === 'belongs_to' || name === 'limits' || !noChildren.has(refTable)
}

/** An app's lookups have two names (control-plane 2.1). */
function aliases({ name }: Table, relations: readonly Relation[]): readonly Relation[] {
  if (name !== 'app') return []
  return relations
    .filter((relation) => relation.name === 'lookup_by_app_id')
    .map((relation) => ({ ...relation, name: 'app_lookup_by_app_id' }))
}

/** `user_by_created_by_id`: the id may outlive its user, so that it is no foreign key. */
function byUser(column: string): Relation {
  const name = relationName('user', [column])
  return {
    name,
    alias: null,
    label: labelOf(name),
    description: null,
    type: 'belongs_to',
    isVirtual: false,
    fields: [column],
    refServiceId: null,
    refTable: 'user',
    refFields: ['id'],
    onUpdate: null,
    onDelete: null,
    junction: null,
    alwaysFetch: false,
    native: [],
  }
}

const column = (name: string) => ({ kind: 'column', column: name }) as const

export const sysAdminIs = (isAdmin: boolean): Filter => ({
  kind: 'compare',
  op: '=',
  left: column('is_sys_admin'),
  right: { kind: 'value', value: { kind: 'text', text: String(isAdmin), quoted: false } },
})

/** Lookups of the system itself: those without an owner (control-plane 10.7). */
export const withoutOwner: Filter = {
  kind: 'and',
  of: ownersOfLookups.map((name) => ({ kind: 'null', left: column(name) }) as const),
}

/** Of services, restricted callers see those that their role names (control-plane 3.5). */
export function namedServices(caller: Caller, snapshot: Snapshot): Filter {
  const rules = caller.role?.isActive ? caller.role.rules : new Map<string, unknown>()
  const services = [...snapshot.services.values()].filter(
    (service) => rules.has('') || rules.has(service.name.toLowerCase()),
  )
  const ids = services.length === 0 ? ['0'] : services.map((service) => String(service.id))
  return {
    kind: 'in',
    left: column('id'),
    list: ids.map((text) => ({ kind: 'text', text, quoted: false }) as const),
  }
}
