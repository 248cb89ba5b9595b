/**
 * The tables of version 3: CORS rules, limits, documents of services, stored names and values, mails that were not delivered, and
 * what was changed by whom.
 */
import type { SchemaPlan } from 'dataferry/records'
import { flag, id, key, longText, number, optional, reference, stamp, stamps, text } from './definitions.ts'

export const administrationTables: readonly SchemaPlan[] = [
  {
    kind: 'create-table',
    name: 'cors_config',
    columns: [
      id,
      text('path', 255),
      optional('description', 255),
      text('origin', 255),
      longText('header'),
      longText('exposed_header'),
      // A mask of verbs (data-plane 2.5).
      number('method', { default: 0 }),
      number('max_age', { default: 0 }),
      flag('supports_credentials', false),
      flag('enabled', true),
      ...stamps,
    ],
    unique: [['path']],
  },
  {
    kind: 'create-table',
    name: 'limits',
    columns: [
      id,
      text('type', 64),
      text('name', 255),
      optional('description', 255),
      number('rate'),
      // 0 minute, 1 hour, 2 day, 3 seven days, 4 thirty days.
      number('period', { default: 0 }),
      reference('user_id'),
      reference('role_id'),
      reference('service_id'),
      optional('endpoint', 255),
      optional('verb', 10),
      text('key_text', 512),
      flag('is_active', true),
      ...stamps,
    ],
    unique: [['key_text']],
    indexes: [['user_id'], ['role_id'], ['service_id']],
    foreignKeys: [
      key('user_id', 'user', 'CASCADE'),
      key('role_id', 'role', 'CASCADE'),
      key('service_id', 'service', 'CASCADE'),
    ],
  },
  {
    kind: 'create-table',
    name: 'service_doc',
    columns: [
      number('service_id'),
      // 0 JSON, 1 YAML.
      number('format', { default: 0 }),
      longText('content'),
      text('created_date', 27, { default: '' }),
      stamp('last_modified_date'),
    ],
    primaryKey: ['service_id'],
    foreignKeys: [key('service_id', 'service', 'CASCADE')],
  },
  {
    kind: 'create-table',
    name: 'system_custom',
    columns: [text('name', 255), longText('value'), ...stamps],
    primaryKey: ['name'],
  },
  {
    kind: 'create-table',
    name: 'user_custom',
    columns: [
      id,
      number('user_id'),
      text('name', 255),
      longText('value'),
      stamp('created_date'),
      stamp('last_modified_date'),
    ],
    unique: [['user_id', 'name']],
    foreignKeys: [key('user_id', 'user', 'CASCADE')],
  },
  {
    kind: 'create-table',
    name: 'outbox',
    // `content` is sealed: it holds a code with which an account can be taken.
    columns: [
      id,
      number('user_id'),
      text('purpose', 16),
      text('email', 255),
      longText('content'),
      optional('reason', 255),
      stamp('created_date'),
    ],
    indexes: [['user_id']],
    foreignKeys: [key('user_id', 'user', 'CASCADE')],
  },
  {
    kind: 'create-table',
    name: 'audit_log',
    columns: [
      id,
      stamp('created_date'),
      reference('user_id'),
      optional('user_email', 255),
      optional('address', 64),
      text('request', 16),
      text('action', 16),
      text('resource', 64),
      optional('record_id', 255),
      optional('record_name', 255),
      longText('before'),
      longText('after'),
      longText('touched'),
    ],
    indexes: [['created_date']],
  },
  {
    kind: 'create-table',
    name: 'service_report',
    columns: [
      id,
      reference('service_id'),
      optional('service_name', 255),
      optional('user_email', 255),
      text('action', 64),
      text('request_verb', 10),
      stamp('created_date'),
      stamp('last_modified_date'),
    ],
  },
]
