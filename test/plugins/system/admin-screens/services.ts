/** Start, login, home and services. */
import { each, listed, type Screen, serviceFields, stamps } from './shape.ts'

export const services: readonly Screen[] = [
  {
    screen: 'start and login',
    requests: [
      {
        path: 'system/environment',
        open: true,
        fields: [
          'authentication.allow_open_registration:boolean',
          'authentication.login_attribute:string',
          'authentication.oauth:array',
          'authentication.adldap:array',
          'authentication.saml:array',
        ],
      },
      // The interface tries users first, and goes on with administrators whatever went wrong.
      {
        verb: 'POST',
        path: 'user/session',
        open: true,
        body: { email: 'admin@example.org', password: 'a password of some length', remember_me: false },
        status: 401,
        fields: ['error.message:string'],
      },
      {
        verb: 'POST',
        path: 'system/admin/session',
        open: true,
        body: { email: 'admin@example.org', password: 'a password of some length', remember_me: false },
        fields: [
          'session_token:string',
          'is_sys_admin:true',
          'is_root_admin:truthy',
          'name:string',
          'first_name',
          'last_name',
          'email:string',
          'id:number',
        ],
      },
      {
        path: 'user/session',
        fields: ['session_token:string', 'is_sys_admin:true', 'is_root_admin:truthy', 'id', 'name'],
      },
      {
        path: 'system/environment',
        fields: [
          'platform.version:string',
          'platform.license:string',
          'platform.license_key',
          'platform.is_hosted:boolean',
          'platform.is_trial:boolean',
          'platform.root_admin_exists:true',
          'server.host:string',
          'client.ip_address:string',
        ],
      },
      { path: 'system', headers: { 'skip-error': 'true' }, fields: ['resource[].name:string'] },
    ],
  },
  {
    screen: 'home',
    requests: [
      {
        path: 'system/service?fields=id,name,type&include_count=true',
        fields: ['meta.count:number', 'resource[].type'],
      },
      { path: 'system/role?fields=id,name&include_count=true', fields: ['meta.count:number', 'resource:array'] },
      { path: 'system/app?include_count=true', fields: ['meta.count:number', 'resource[].api_key:string'] },
    ],
  },
  {
    screen: 'services',
    requests: [
      { path: `system/service_type?group=Database&fields=name&${listed}`, fields: ['resource[].name:string'] },
      {
        path: `system/service?${listed}&sort=name&filter=(type%20in%20(%22sqlite%22%2C%22mysql%22%2C%22pgsql%22))`,
        fields: [
          'meta.count:number',
          ...each([...serviceFields, 'deletable:boolean', 'mutable:boolean', 'config:object']),
        ],
      },
      {
        path: `system/service?${listed}&sort=name&filter=${encodeURIComponent('(created_by_id is null) and (name != "api_docs") and (type in ("system","user","local_file"))')}`,
        fields: ['meta.count:number', ...each(serviceFields)],
      },
      {
        path: `system/service?${listed}&filter=${encodeURIComponent('(type in ("sqlite")) and ((name like "%d%") or (label like "%d%") or (description like "%d%") or (type like "%d%"))')}`,
        fields: ['meta.count:number', 'resource[].id'],
      },
      {
        path: 'system/service_type?group=Database',
        fields: [
          ...each(['name:string', 'label:string', 'description', 'group:string', 'singleton:boolean']),
          'resource[].config_schema[].name:string',
          'resource[].config_schema[].label:string',
          'resource[].config_schema[].type:string',
          'resource[].dependencies_required',
          'resource[].subscription_required',
          'resource[].service_definition_editable:boolean',
        ],
      },
      { path: 'system/event?as_list=true', fields: ['resource[]:string'] },
      { path: 'system/role?fields=name&limit=100', fields: ['resource:array'] },
      {
        path: '?group=source%20control,file&fields=id,name,label,type',
        fields: ['services[].name:string', 'services[].id'],
      },
      {
        verb: 'POST',
        path: 'system/service',
        body: {
          resource: [
            {
              id: null,
              name: 'shown',
              label: 'Shown',
              description: '',
              is_active: true,
              type: 'sqlite',
              config: { database: 'shown.sqlite', options: null, attributes: null, max_records: 1000 },
              service_doc_by_service_id: null,
            },
          ],
        },
        status: 201,
        fields: ['resource[].id:number'],
        keep: { service: 'resource.0.id' },
      },
      { path: 'shown/_table', fields: ['resource:array'] },
      {
        path: 'system/service/{service}?related=service_doc_by_service_id',
        fields: [...serviceFields, 'service_doc_by_service_id', 'config.database:string', ...stamps],
      },
      {
        verb: 'PUT',
        path: 'system/service/{service}',
        body: {
          id: 1,
          name: 'shown',
          label: 'Shown again',
          description: '',
          is_active: true,
          type: 'sqlite',
          mutable: true,
          deletable: true,
          config: { service_id: 1, database: 'shown.sqlite', max_records: 500, allow_upsert: false },
          service_doc_by_service_id: null,
          show_loading: true,
        },
        fields: ['id:number'],
      },
      { verb: 'DELETE', path: 'system/cache/shown', fields: ['success:true'] },
      {
        verb: 'POST',
        path: 'system/service?fields=*&related=service_doc_by_service_id',
        body: {
          resource: [
            {
              id: null,
              name: 'unreachable',
              label: 'Unreachable',
              is_active: true,
              type: 'pgsql',
              config: { host: '127.0.0.1', port: 1, database: 'x', username: 'x', password: 'secret' },
              service_doc_by_service_id: { content: '{"openapi":"3.0.0","paths":{}}', format: 0 },
            },
          ],
        },
        status: 201,
        fields: [
          'resource[].id:number',
          'resource[].config.password:string',
          'resource[].service_doc_by_service_id:object',
        ],
        keep: { unreachable: 'resource.0.id' },
      },
      // The check after creating a database service, on whose failure the interface removes it.
      { path: 'unreachable/_table', status: 503, fields: ['error.message:string'] },
      { verb: 'DELETE', path: 'system/service/{unreachable}', fields: ['id:number'] },
    ],
  },
]
