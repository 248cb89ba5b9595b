/**
 * The tables of the system store, as steps that are applied once each, in order, and never changed after a release. Names are
 * DreamFactory's. Times are texts in the form that records show (control-plane 4.1), so that every database keeps them alike.
 */
import type { SchemaPlan } from 'dataferry/records'
import { administrationTables } from './administration.ts'
import { flag, id, key, longText, number, optional, reference, stamp, stamps, text } from './definitions.ts'
import { extrasTables } from './extras-tables.ts'
import { nodeTables } from './node-tables.ts'
import { seeds } from './seeds.ts'

/** Rows of one table that a step adds; ids are given. */
export interface SeedRows {
  readonly table: string
  readonly rows: readonly { readonly [column: string]: string | number | boolean | null }[]
}
/** `changes` and `rows` are never in one step: a table is known to the store after its step is committed. */
export type Migration =
  | { readonly version: number; readonly name: string; readonly changes: readonly SchemaPlan[] }
  | { readonly version: number; readonly name: string; readonly rows: () => readonly SeedRows[] }

/** Holds the versions applied; made before everything else. */
export const migrationTable: SchemaPlan = {
  kind: 'create-table',
  name: 'migration',
  columns: [number('version'), text('name', 80), stamp('applied_date')],
  primaryKey: ['version'],
}

export const migrations: readonly Migration[] = [
  {
    version: 1,
    name: 'tables of services, roles, apps and users',
    changes: [
      {
        kind: 'create-table',
        name: 'service',
        columns: [
          id,
          text('name', 40),
          text('label', 80),
          optional('description', 255),
          flag('is_active', false),
          text('type', 40),
          flag('mutable', true),
          flag('deletable', true),
          ...stamps,
          longText('config'),
          // The lower-case name: names are told apart in any case.
          text('name_key', 40),
        ],
        unique: [['name_key']],
      },
      {
        kind: 'create-table',
        name: 'role',
        columns: [id, text('name', 64), optional('description', 255), flag('is_active', false), ...stamps],
        unique: [['name']],
      },
      {
        kind: 'create-table',
        name: 'role_service_access',
        columns: [
          id,
          number('role_id'),
          reference('service_id'),
          optional('component', 255),
          number('verb_mask', { default: 0 }),
          number('requestor_mask', { default: 0 }),
          longText('filters'),
          text('filter_op', 32, { default: 'and' }),
          ...stamps,
        ],
        indexes: [['role_id'], ['service_id']],
        foreignKeys: [key('role_id', 'role', 'CASCADE'), key('service_id', 'service', 'CASCADE')],
      },
      {
        kind: 'create-table',
        name: 'app',
        columns: [
          id,
          text('name', 64),
          text('api_key', 255),
          optional('description', 255),
          flag('is_active', false),
          number('type', { default: 0 }),
          optional('path', 255),
          optional('url', 255),
          reference('storage_service_id'),
          optional('storage_container', 255),
          flag('requires_fullscreen', false),
          flag('allow_fullscreen_toggle', true),
          text('toggle_location', 64, { default: 'top' }),
          reference('role_id'),
          ...stamps,
        ],
        unique: [['name'], ['api_key']],
        indexes: [['role_id'], ['storage_service_id']],
        foreignKeys: [key('role_id', 'role', 'SET NULL'), key('storage_service_id', 'service', 'SET NULL')],
      },
      {
        kind: 'create-table',
        name: 'user',
        columns: [
          id,
          text('name', 255),
          optional('username', 255),
          optional('first_name', 255),
          optional('last_name', 255),
          // YYYY-MM-DD HH:MM:SS
          optional('last_login_date', 19),
          text('email', 255),
          flag('is_active', true),
          optional('phone', 32),
          optional('security_question', 255),
          reference('default_app_id'),
          ...stamps,
          flag('is_sys_admin', false),
          flag('is_root_admin', false),
          optional('password', 255),
          optional('security_answer', 255),
          optional('confirm_code', 64),
          optional('remember_token', 255),
          optional('ldap_username', 255),
          optional('oauth_provider', 64),
          optional('adldap', 64),
          optional('saml', 64),
          // Lower-case email and username: both are compared in any case.
          text('email_key', 255),
          optional('username_key', 255),
          // Tokens issued before this second are revoked.
          { name: 'tokens_valid_from', type: 'bigint', default: 0 },
        ],
        unique: [['email_key'], ['username_key']],
        indexes: [['default_app_id']],
        foreignKeys: [key('default_app_id', 'app', 'SET NULL')],
      },
      {
        kind: 'create-table',
        name: 'user_to_app_to_role',
        columns: [id, number('user_id'), number('app_id'), number('role_id')],
        unique: [['user_id', 'app_id']],
        indexes: [['app_id'], ['role_id']],
        foreignKeys: [
          key('user_id', 'user', 'CASCADE'),
          key('app_id', 'app', 'CASCADE'),
          key('role_id', 'role', 'CASCADE'),
        ],
      },
      {
        kind: 'create-table',
        name: 'lookup',
        columns: [
          id,
          reference('app_id'),
          reference('role_id'),
          reference('user_id'),
          text('name', 64),
          longText('value'),
          flag('private', false),
          optional('description', 255),
          ...stamps,
          // Owner and lower-case name: `role:4:dept`; names are unique within their owner.
          optional('scope_key', 96),
        ],
        unique: [['scope_key']],
        indexes: [['app_id'], ['role_id'], ['user_id']],
        foreignKeys: [
          key('app_id', 'app', 'CASCADE'),
          key('role_id', 'role', 'CASCADE'),
          key('user_id', 'user', 'CASCADE'),
        ],
      },
      {
        kind: 'create-table',
        name: 'email_template',
        columns: [
          id,
          text('name', 64),
          optional('description', 255),
          longText('to'),
          longText('cc'),
          longText('bcc'),
          optional('subject', 80),
          longText('attachment'),
          longText('body_text'),
          longText('body_html'),
          optional('from_name', 80),
          optional('from_email', 255),
          optional('reply_to_name', 80),
          optional('reply_to_email', 255),
          longText('defaults'),
          ...stamps,
        ],
        unique: [['name']],
      },
      {
        kind: 'create-table',
        name: 'blocked_token',
        // `token_key` names a token by its user and jti; `expires` is the second from which the entry is of no use.
        columns: [text('token_key', 64), number('user_id'), { name: 'expires', type: 'bigint' }],
        primaryKey: ['token_key'],
        indexes: [['expires'], ['user_id']],
      },
      {
        kind: 'create-table',
        name: 'counter',
        // The version of the snapshot, and the last id of rows inside service configurations.
        columns: [text('name', 64), { name: 'value', type: 'bigint' }],
        primaryKey: ['name'],
      },
    ],
  },
  { version: 2, name: 'built-in services, apps and email templates', rows: () => seeds() },
  { version: 3, name: 'tables of the administration', changes: administrationTables },
  { version: 4, name: "extras of services' tables, virtual relationships", changes: extrasTables },
  {
    version: 5,
    name: 'fields that roles hide or only show',
    // JSON: {"hidden": [names], "read_only": [names]}
    changes: [{ kind: 'add-column', table: 'role_service_access', column: longText('fields') }],
  },
  { version: 6, name: 'what nodes keep for each other', changes: nodeTables },
]
