/** The described paths of each kind of service, as names of events (control-plane 7.2). */

export interface EventPath {
  /** Below the service, with dots; '' is the service itself. */
  readonly path: string
  readonly verbs: readonly string[]
  /** The first placeholder, where names for it are known. */
  readonly parameter?: string
  /** Those names, where they are the same everywhere. */
  readonly values?: readonly string[]
}

const path = (path: string, verbs: string, parameter?: string, values?: readonly string[]): EventPath => ({
  path,
  verbs: verbs.split(' '),
  ...(parameter === undefined ? {} : { parameter }),
  ...(values === undefined ? {} : { values }),
})

const table = '{table_name}'

const schemaPaths: readonly EventPath[] = [
  path('_schema', 'get post put patch'),
  ...['', '._field', '._related'].map((below) =>
    path(`_schema.${table}${below}`, 'get post put patch delete', 'table_name'),
  ),
  ...['_field.{field_name}', '_related.{relationship_name}'].map((below) =>
    path(`_schema.${table}.${below}`, 'get put patch delete', 'table_name'),
  ),
]

const routinePaths: readonly EventPath[] = [
  path('_proc', 'get'),
  path('_func', 'get'),
  path('_proc.{procedure_name}', 'get post', 'procedure_name'),
  path('_func.{function_name}', 'get post', 'function_name'),
]

export const databasePaths = (withRoutines: boolean): readonly EventPath[] => [
  path('', 'get'),
  path('_table', 'get'),
  path(`_table.${table}`, 'get post put patch delete', 'table_name'),
  path(`_table.${table}.{id}`, 'get put patch delete', 'table_name'),
  ...schemaPaths,
  ...(withRoutines ? routinePaths : []),
]

const ofRecords = (name: string): readonly EventPath[] => [
  path(name, 'get post patch put delete'),
  path(`${name}.{id}`, 'get patch put delete'),
]
const readOnly = (name: string): readonly EventPath[] => [path(name, 'get'), path(`${name}.{id}`, 'get')]

export const systemPaths: readonly EventPath[] = [
  path('', 'get'),
  path('admin', 'get post patch put delete'),
  path('admin.{id}', 'get patch put delete', 'id', ['password', 'profile', 'session']),
  path('admin.password', 'post'),
  path('admin.profile', 'get post'),
  path('admin.session', 'get post put delete'),
  ...['app', 'cors', 'custom', 'email_template', 'limit', 'lookup', 'role', 'service', 'user'].flatMap(ofRecords),
  ...['audit', 'constant', 'service_report', 'service_type'].flatMap(readOnly),
  path('cache', 'delete'),
  path('cache.{service}', 'delete'),
  path('config_package', 'get post'),
  path('environment', 'get'),
  path('event', 'get'),
  path('import', 'post'),
  path('limit_cache', 'get delete'),
  path('limit_cache.{id}', 'get delete'),
  path('outbox', 'get delete'),
  path('outbox.{id}', 'get delete'),
  path('package', 'get post'),
]

export const userPaths: readonly EventPath[] = [
  path('', 'get'),
  ...ofRecords('custom'),
  path('password', 'post'),
  path('profile', 'get post'),
  path('register', 'post'),
  path('session', 'get post put delete'),
]

export const documentPaths = (services: readonly string[]): readonly EventPath[] => [
  path('', 'get'),
  path('{service_name}', 'get', 'service_name', services),
]

export const filePaths: readonly EventPath[] = [
  path('', 'get post patch delete'),
  path('{folder_path}', 'get post patch delete'),
  path('{file_path}', 'get post put patch delete'),
]

export const emailPaths: readonly EventPath[] = [path('', 'post')]
