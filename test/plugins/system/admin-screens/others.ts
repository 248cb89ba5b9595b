/** Scripts, documentation, data, small settings, information and the own account. */
import { each, listed, type Screen } from './shape.ts'

export const others: readonly Screen[] = [
  {
    screen: 'scripts and scheduler, which are not installed',
    requests: [
      { path: 'system/event_script', status: 404, fields: ['error.message:string'] },
      { path: 'system/script_type', status: 404, fields: ['error.message:string'] },
      { path: 'system/scheduler', status: 404, fields: ['error.message:string'] },
      { path: 'system/event?services_only=true&limit=0', fields: ['resource[]:string'] },
      { path: 'system/event?service=db&scriptable=true', fields: ['db:object'] },
    ],
  },
  {
    screen: 'API docs',
    requests: [
      {
        path: 'system/service?limit=100&filter=(type%20not%20like%20%22%25swagger%25%22)',
        fields: each(['id', 'name', 'label', 'type', 'description']),
      },
      { path: 'system/service?filter=name=db', fields: ['resource[].id:number'] },
      {
        path: 'api_docs/db?expand_schema=true',
        fields: ['info.group:string', 'info.title:string', 'paths:object', 'servers:array'],
      },
      { path: 'api_docs/system', fields: ['info.group:string', 'paths:object', 'components.securitySchemes:object'] },
      {
        path: 'system/role?related=role_service_access_by_role_id',
        fields: ['resource[].role_service_access_by_role_id:array'],
      },
      { path: 'db/_schema', fields: ['resource:array'] },
    ],
  },
  {
    screen: 'schema and data',
    requests: [
      {
        verb: 'POST',
        path: 'db/_schema',
        body: {
          resource: [
            {
              name: 'shown_table',
              field: [
                { name: 'id', type: 'id' },
                { name: 'label', type: 'string', length: 40 },
              ],
            },
          ],
        },
        status: 200,
      },
      { path: 'db/_schema?fields=name,label', fields: each(['name:string', 'label:string']) },
      {
        path: 'db/_schema/shown_table?refresh=true',
        fields: [
          'name',
          'label',
          'plural',
          'alias',
          'description',
          'primary_key',
          'field[].name',
          'field[].label',
          'field[].type',
          'field[].db_type',
          'field[].is_primary_key:boolean',
          'field[].required:boolean',
          'related:array',
        ],
      },
      { path: 'db/_schema/shown_table/_field', fields: ['resource[].name'] },
      { path: 'db/_schema/shown_table/_field/label', fields: ['name', 'type', 'length', 'allow_null'] },
      { verb: 'POST', path: 'db/_table/shown_table', body: { resource: [{ label: 'one' }] }, status: 201 },
      {
        path: 'db/_table/shown_table?limit=50&offset=0&include_count=true&order=id%20ASC',
        fields: ['meta.count:number', 'resource[].id', 'resource[].label'],
      },
      { verb: 'DELETE', path: 'db/_schema/shown_table', fields: ['success:true'] },
    ],
  },
  {
    screen: 'CORS, email templates, lookups',
    requests: [
      {
        verb: 'POST',
        path: 'system/cors',
        body: {
          resource: [
            { id: null, path: 'shown/*', origin: 'https://example.org', method: ['GET'], max_age: 0, enabled: true },
          ],
        },
        status: 201,
        fields: ['resource[].id:number'],
        keep: { cors: 'resource.0.id' },
      },
      {
        path: `system/cors?${listed}`,
        fields: each([
          'id',
          'path',
          'description',
          'origin',
          'header',
          'exposed_header',
          'method:array',
          'max_age',
          'enabled',
        ]),
      },
      {
        verb: 'PUT',
        path: 'system/cors/{cors}',
        body: { path: 'shown/*', origin: '*', method: ['GET', 'POST'] },
        fields: ['id'],
      },
      { verb: 'DELETE', path: 'system/cors?ids={cors}', fields: ['resource[].id'] },
      {
        path: `system/email_template?${listed}`,
        fields: each([
          'id',
          'name',
          'description',
          'to',
          'cc',
          'bcc',
          'subject',
          'body_text',
          'body_html',
          'from_name',
          'from_email',
          'reply_to_name',
          'reply_to_email',
        ]),
      },
      {
        verb: 'POST',
        path: 'system/lookup',
        body: { resource: [{ id: null, name: 'shown_lookup', value: 'x', private: false, description: '' }] },
        status: 201,
        fields: ['resource[].id:number'],
      },
      { path: `system/lookup?${listed}`, fields: each(['id', 'name', 'value', 'private:boolean', 'description']) },
      { path: 'system/lookup?filter=name%3D%22shown_lookup%22', fields: ['resource[].id'] },
    ],
  },
  {
    screen: 'cache, system info, reports, search',
    requests: [
      { path: `system/cache?fields=*&${listed}`, fields: each(['name', 'label', 'description', 'type']) },
      { verb: 'DELETE', path: 'system/cache', fields: ['success:true'] },
      {
        path: 'system/environment',
        fields: [
          ...[
            'version',
            'db_driver',
            'install_path',
            'log_path',
            'log_mode',
            'log_level',
            'cache_driver',
            'license',
            'license_key',
          ].map((name) => `platform.${name}`),
          'platform.is_trial:boolean',
          'platform.is_hosted:boolean',
          'platform.packages[].name:string',
          'platform.packages[].version:string',
          'server.server_os',
          'server.release',
          'server.version',
          'server.host',
          'server.machine',
          'php.core.php_version:string',
          'php.general.server_api:string',
          'client.user_agent',
          'client.ip_address',
          'client.locale',
        ],
      },
      {
        path: `system/service_report?${listed}&filter=${encodeURIComponent('(service_id like 1) or (service_name like "%shown%")')}`,
        fields: [
          'meta.count:number',
          ...each(['id', 'service_id', 'service_name', 'user_email', 'action', 'request_verb', 'created_date']),
        ],
      },
      ...['admin', 'user', 'service', 'role', 'app', 'limit', 'email_template'].map((resource) => ({
        path: `system/${resource}?limit=0&filter=${encodeURIComponent('name like "%o%"')}`,
        fields: ['resource:array'],
      })),
      { path: 'system/service_type', fields: ['resource[].config_schema:array', 'resource[].group'] },
    ],
  },
  {
    screen: 'profile and passwords',
    requests: [
      {
        path: 'system/admin/profile',
        fields: [
          'username',
          'first_name',
          'last_name',
          'name',
          'email',
          'phone',
          'security_question',
          'default_app_id',
        ],
      },
      { verb: 'PUT', path: 'system/admin/profile', body: { first_name: 'Ann', phone: '1' }, fields: ['success:true'] },
      {
        verb: 'POST',
        path: 'system/admin/password?login=true&reset=false',
        body: { old_password: 'a password of some length', new_password: 'another password of length' },
        fields: ['success:true', 'session_token:string'],
        keep: { token: 'session_token' },
      },
      {
        verb: 'POST',
        path: 'user/register?login=false',
        open: true,
        body: { email: 'x@example.org' },
        status: 403,
        fields: ['error.message:string'],
      },
      {
        verb: 'POST',
        path: 'user/password?reset=true',
        open: true,
        body: { email: 'shown@example.org' },
        fields: ['success:true'],
      },
      { verb: 'DELETE', path: 'system/admin/session', fields: ['success:true'] },
    ],
  },
]
