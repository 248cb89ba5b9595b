/**
 * What is known of a database's tables beyond the database (data-plane 6.4): aliases, labels, rules, functions, virtual fields and
 * relations. An ability: the system plugin keeps them, connectors/records shows them in its catalogs. [C]
 */
import { type Ability, ability, type Json } from './contract.ts'

export interface TableExtras {
  /** The real name. */
  readonly table: string
  readonly alias: string | null
  readonly label: string | null
  readonly plural: string | null
  readonly description: string | null
  readonly nameField: string | null
}
export interface FieldExtras {
  readonly table: string
  /** The real name; of a virtual field its only one. */
  readonly field: string
  readonly alias: string | null
  readonly label: string | null
  readonly description: string | null
  /** A simple type that the database does not know, such as `user_id_on_create`; of a virtual field its type. */
  readonly extraType: string | null
  readonly picklist: readonly string[] | null
  readonly validation: Json
  readonly clientInfo: Json
  readonly dbFunction: Json
  readonly isVirtual: boolean
  readonly isAggregate: boolean
}
export interface RelationExtras {
  readonly table: string
  readonly relation: string
  readonly alias: string | null
  readonly label: string | null
  readonly description: string | null
  readonly alwaysFetch: boolean
}
/** data-plane 5.6. Field lists are comma lists; a service id of null is that of the own service. */
export interface VirtualRelation {
  readonly table: string
  readonly name: string
  readonly type: 'belongs_to' | 'has_one' | 'has_many' | 'many_many'
  readonly field: string
  readonly refServiceId: number | null
  readonly refTable: string
  readonly refField: string
  readonly onUpdate: string | null
  readonly onDelete: string | null
  readonly junctionServiceId: number | null
  readonly junctionTable: string | null
  readonly junctionField: string | null
  readonly junctionRefField: string | null
}
/** All of one service. */
export interface ServiceExtras {
  readonly tables: readonly TableExtras[]
  readonly fields: readonly FieldExtras[]
  readonly relations: readonly RelationExtras[]
  readonly virtual: readonly VirtualRelation[]
}
/** A whole entry is put in the place of what was there; names are compared in any case. */
export type ExtrasChange =
  | { readonly kind: 'table'; readonly extras: TableExtras }
  | { readonly kind: 'field'; readonly extras: FieldExtras }
  | { readonly kind: 'relation'; readonly extras: RelationExtras }
  | { readonly kind: 'virtual'; readonly relation: VirtualRelation }
  | { readonly kind: 'forget-table'; readonly table: string }
  | { readonly kind: 'forget-field'; readonly table: string; readonly field: string }
  /** Its extras, and the relation itself where it is virtual. */
  | { readonly kind: 'forget-relation'; readonly table: string; readonly relation: string }

export interface SchemaExtras {
  of(serviceId: number): Promise<ServiceExtras>
  /** In order, all or none. */
  change(serviceId: number, changes: readonly ExtrasChange[]): Promise<void>
  /** After the structure of a service's tables was changed: tells the other nodes that what they know of it is old. Never throws. */
  restructured(serviceId: number): Promise<void>
}
export const SchemaExtrasAbility: Ability<SchemaExtras> = ability<SchemaExtras>('SchemaExtras')
