/** The tables of what is known of services' tables beyond their databases (data-plane 6.4): a step of the migrations, under DreamFactory's names. */
import type { ColumnDefinition, SchemaPlan } from 'dataferry/records'
import { flag, id, key, longText, number, optional, reference, text } from './definitions.ts'

const service = number('service_id')
const ofService = key('service_id', 'service', 'CASCADE')

/** Names as they are, and in lower case: they are told apart in any case. */
const named = (what: string): readonly ColumnDefinition[] => [text(what, 128), text(`${what}_key`, 128)]

export const extrasTables: readonly SchemaPlan[] = [
  {
    kind: 'create-table',
    name: 'db_table_extras',
    columns: [
      id,
      service,
      ...named('table'),
      optional('alias', 128),
      optional('label', 255),
      optional('plural', 255),
      longText('description'),
      optional('name_field', 128),
    ],
    unique: [['service_id', 'table_key']],
    foreignKeys: [ofService],
  },
  {
    kind: 'create-table',
    name: 'db_field_extras',
    columns: [
      id,
      service,
      ...named('table'),
      ...named('field'),
      optional('alias', 128),
      optional('label', 255),
      longText('description'),
      optional('extra_type', 64),
      longText('picklist'),
      longText('validation'),
      longText('client_info'),
      longText('db_function'),
      flag('is_virtual', false),
      flag('is_aggregate', false),
    ],
    unique: [['service_id', 'table_key', 'field_key']],
    foreignKeys: [ofService],
  },
  {
    kind: 'create-table',
    name: 'db_relationship_extras',
    columns: [
      id,
      service,
      ...named('table'),
      ...named('relationship'),
      optional('alias', 128),
      optional('label', 255),
      longText('description'),
      flag('always_fetch', false),
    ],
    unique: [['service_id', 'table_key', 'relationship_key']],
    foreignKeys: [ofService],
  },
  {
    kind: 'create-table',
    name: 'db_virtual_relationship',
    columns: [
      id,
      service,
      ...named('table'),
      ...named('relationship'),
      text('type', 16),
      text('field', 255),
      reference('ref_service_id'),
      text('ref_table', 128),
      text('ref_field', 255),
      optional('ref_on_update', 16),
      optional('ref_on_delete', 16),
      reference('junction_service_id'),
      optional('junction_table', 128),
      optional('junction_field', 255),
      optional('junction_ref_field', 255),
    ],
    unique: [['service_id', 'table_key', 'relationship_key']],
    foreignKeys: [ofService],
  },
]
