/** Roles, API keys, people and limits. */
import { each, listed, type Screen, serviceFields } from './shape.ts'

export const access: readonly Screen[] = [
  {
    screen: 'roles',
    requests: [
      {
        verb: 'POST',
        path: 'system/role?related=role_service_access_by_role_id,lookup_by_role_id',
        body: {
          resource: [
            {
              id: null,
              name: 'shown_role',
              description: '',
              is_active: true,
              role_service_access_by_role_id: [
                {
                  service_id: null,
                  component: '*',
                  verb_mask: 1,
                  requestor_mask: 3,
                  filters: [{ name: 'id', operator: '>', value: '0' }],
                  filter_op: 'AND',
                },
              ],
              lookup_by_role_id: [{ name: 'region', value: 'north', private: false }],
            },
          ],
        },
        status: 201,
        fields: ['resource[].id:number', 'resource[].role_service_access_by_role_id[].id:number'],
        keep: { role: 'resource.0.id', access: 'resource.0.role_service_access_by_role_id.0.id' },
      },
      {
        path: `system/role?related=lookup_by_role_id&sort=name&${listed}`,
        fields: [
          'meta.count:number',
          ...each(['id', 'name', 'description', 'is_active:boolean', 'lookup_by_role_id:array']),
        ],
      },
      {
        path: 'system/role/{role}?related=role_service_access_by_role_id,lookup_by_role_id&accessible_tabs=true',
        fields: [
          'name:string',
          'lookup_by_role_id[].name:string',
          'lookup_by_role_id[].private:boolean',
          'role_service_access_by_role_id[].service_id',
          'role_service_access_by_role_id[].component:string',
          'role_service_access_by_role_id[].verb_mask:number',
          'role_service_access_by_role_id[].requestor_mask:number',
          'role_service_access_by_role_id[].filters:array',
          'role_service_access_by_role_id[].filter_op:string',
        ],
      },
      { path: 'system/service?limit=0&sort=name', fields: each(serviceFields) },
      { path: 'db?as_access_list=true', fields: ['resource[]:string'] },
      { path: 'system?as_access_list=true', fields: ['resource[]:string'] },
      { path: 'user?as_access_list=true', fields: ['resource[]:string'] },
      {
        verb: 'PUT',
        path: 'system/role/{role}',
        body: {
          name: 'shown_role',
          is_active: true,
          role_service_access_by_role_id: [{ id: '{access}', role_id: null }],
          lookup_by_role_id: [],
        },
        fields: ['id:number'],
      },
      {
        path: 'system/role/{role}?related=role_service_access_by_role_id,lookup_by_role_id',
        fields: ['role_service_access_by_role_id:array', 'lookup_by_role_id:array'],
      },
    ],
  },
  {
    screen: 'API keys',
    requests: [
      {
        verb: 'POST',
        path: 'system/app?fields=*&related=role_by_role_id',
        body: {
          resource: [{ id: null, name: 'shown_app', type: 0, is_active: true, role_id: '{role}', description: '' }],
        },
        status: 201,
        fields: ['resource[].id:number', 'resource[].api_key:string', 'resource[].role_by_role_id.name:string'],
        keep: { app: 'resource.0.id' },
      },
      {
        path: 'system/app?fields=*&related=role_by_role_id&sort=name&limit=0',
        fields: each([
          'id',
          'name',
          'api_key:string',
          'launch_url:string',
          'role_by_role_id',
          'created_by_id',
          'is_active',
          'type',
        ]),
      },
      {
        path: 'system/app/{app}?related=role_by_role_id&fields=*',
        fields: ['api_key:string', 'launch_url:string', 'role_by_role_id.name:string', 'role_id:number', 'path', 'url'],
      },
      {
        verb: 'PUT',
        path: 'system/app/{app}',
        body: { api_key: 'ab12'.repeat(16) },
        fields: ['id:number'],
      },
      { path: 'system/app?filter=role_id%20%3D%20{role}&fields=*', fields: ['resource[].api_key:string'] },
    ],
  },
  {
    screen: 'users',
    requests: [
      {
        verb: 'POST',
        path: 'system/user?send_invite=false',
        body: {
          resource: [
            {
              id: null,
              name: 'Shown Person',
              email: 'shown@example.org',
              first_name: 'Shown',
              last_name: 'Person',
              is_active: true,
              password: 'a password of some length',
              lookup_by_user_id: [{ name: 'region', value: 'south', private: true }],
              user_to_app_to_role_by_user_id: [{ app_id: '{app}', role_id: '{role}' }],
            },
          ],
        },
        status: 201,
        fields: ['resource[].id:number'],
        keep: { user: 'resource.0.id' },
      },
      {
        path: `system/user?sort=name&${listed}`,
        fields: [
          'meta.count:number',
          ...each([
            'id',
            'name',
            'email',
            'first_name',
            'last_name',
            'username',
            'is_active:boolean',
            'confirmed:boolean',
          ]),
        ],
      },
      {
        path: 'system/user/{user}?related=lookup_by_user_id,user_to_app_to_role_by_user_id',
        fields: [
          'email:string',
          'confirmed:boolean',
          'lookup_by_user_id[].name:string',
          'user_to_app_to_role_by_user_id[].app_id:number',
          'user_to_app_to_role_by_user_id[].role_id:number',
          'user_to_app_to_role_by_user_id[].id:number',
        ],
      },
      {
        verb: 'PUT',
        path: 'system/user/{user}',
        body: {
          id: 1,
          name: 'Shown Person',
          email: 'shown@example.org',
          is_active: true,
          confirmed: true,
          password: null,
        },
        fields: ['id:number'],
      },
      { verb: 'PATCH', path: 'system/user/{user}?send_invite=true', body: {}, fields: ['id:number'] },
      {
        verb: 'POST',
        path: 'system/user',
        type: 'text/csv',
        body: 'email,name\ncsv@example.org,Of a file\n',
        status: 201,
      },
      { path: 'system/user?file=users.json', fields: ['resource[].email:string'] },
    ],
  },
  {
    screen: 'administrators',
    requests: [
      {
        path: `system/admin?sort=name&${listed}`,
        fields: ['meta.count:number', ...each(['id', 'name', 'email', 'is_active', 'confirmed', 'last_login_date'])],
      },
      {
        path: 'system/admin/1?related=user_to_app_to_role_by_user_id,lookup_by_user_id',
        fields: ['email', 'lookup_by_user_id:array', 'user_to_app_to_role_by_user_id:array'],
      },
      {
        path: 'system/role/{role}?related=lookup_by_role_id&accessible_tabs=true',
        fields: ['lookup_by_role_id:array'],
      },
      {
        verb: 'POST',
        path: 'system/admin?send_invite=false',
        body: {
          resource: [
            {
              id: null,
              name: 'Second',
              email: 'second@example.org',
              is_active: true,
              is_restricted_admin: false,
              access_by_tabs: [],
            },
          ],
        },
        status: 201,
        fields: ['resource[].id:number'],
      },
    ],
  },
  {
    screen: 'limits',
    requests: [
      {
        verb: 'POST',
        path: 'system/limit',
        body: {
          resource: [
            {
              id: null,
              cacheData: {},
              name: 'shown limit',
              type: 'instance.user',
              rate: '1000',
              period: 'minute',
              user_id: '{user}',
              service_id: null,
              role_id: null,
              verb: null,
              endpoint: null,
              is_active: true,
            },
          ],
        },
        status: 201,
        fields: ['resource[].id:number'],
        keep: { limit: 'resource.0.id' },
      },
      {
        path: `system/limit?related=limit_cache_by_limit_id&sort=name&${listed}`,
        fields: [
          'meta.count:number',
          ...each(['id', 'name', 'type', 'rate', 'period:string', 'user_id', 'service_id', 'role_id', 'is_active']),
          'resource[].limit_cache_by_limit_id[].attempts:number',
          'resource[].limit_cache_by_limit_id[].max:number',
          'resource[].limit_cache_by_limit_id[].remaining:number',
        ],
      },
      { path: 'system/limit/{limit}', fields: ['id', 'name', 'rate', 'period:string', 'endpoint', 'verb'] },
      { verb: 'DELETE', path: 'system/limit_cache/{limit}', fields: ['id:number'] },
      { path: 'system/user?limit=0&sort=name', fields: ['resource[].name'] },
    ],
  },
]
