/** The tables of version 6: what nodes of one installation keep for each other. */
import type { SchemaPlan } from 'dataferry/records'
import { longText, number, optional, text } from './definitions.ts'

export const nodeTables: readonly SchemaPlan[] = [
  {
    kind: 'create-table',
    name: 'change_log',
    // What was changed under each value of the counter `snapshot`, for other processes: the last ones only.
    columns: [{ name: 'version', type: 'bigint' }, number('position'), text('kind', 16), optional('subject', 64)],
    primaryKey: ['version', 'position'],
  },
  {
    kind: 'create-table',
    name: 'node_setting',
    // What all nodes have to have alike. Secrets are sealed.
    columns: [text('name', 64), longText('value')],
    primaryKey: ['name'],
  },
]
