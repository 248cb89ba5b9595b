import assert from 'node:assert/strict'
import { test } from 'node:test'
import { authorize, texts } from '../../../kernel/access/decide.ts'
import type { Identity } from '../../../kernel/access/identity.ts'
import { ApiError, Forbidden } from '../../../kernel/errors.ts'
import type { Caller, ServiceType, Verb } from '../../../kernel/plugins/contract.ts'
import { caller, DELETE, GET, PATCH, POST, PUT, record, role, snapshot, user } from '../../support/access.ts'

const open: { readonly [type: string]: NonNullable<ServiceType['open']> } = {
  user: [
    { component: 'session', verbs: 31 },
    { component: 'password', verbs: POST },
    { component: 'profile', verbs: GET | POST | PUT | PATCH },
  ],
  swagger: [
    { component: '', verbs: GET },
    { component: '*', verbs: GET },
  ],
}
const types = new Map(
  Object.entries(open).map(([name, rules]): [string, ServiceType] => [
    name,
    {
      name,
      label: name,
      group: 'g',
      description: '',
      config: [],
      body: 'value',
      open: rules,
      create: () => assert.fail('not made here'),
    },
  ]),
)
const services = [
  record({ id: 7, name: 'user', type: 'user' }),
  record({ id: 2, name: 'api_docs', type: 'swagger' }),
  record(),
]
const configured = { snapshot: snapshot({ services }), types }

const reader = role([['db', '_table/*', GET]])
const refused = (what: string): string => `Access Forbidden. ${what} is not allowed by this user's role.`

interface Case {
  readonly name: string
  readonly ask: readonly [verb: Verb, service: string, path: string]
  readonly who?: Partial<Caller>
  readonly key?: boolean
  readonly token?: boolean
  readonly problem?: ApiError
  /** null: let through. */
  readonly expect: readonly [status: number, message: string] | null
}

const asKey = { who: { role: reader }, key: true }
const asUser = { who: { role: reader, user: user() }, key: true, token: true }

const cases: readonly Case[] = [
  { name: 'no credentials', ask: ['GET', 'db', '_table/a'], expect: [400, texts.noCredentials] },
  { name: 'no credentials, unknown service', ask: ['GET', 'nope', ''], expect: [400, texts.noCredentials] },
  {
    name: 'a token without a key',
    ask: ['GET', 'db', '_table/a'],
    who: { user: user() },
    token: true,
    expect: [400, texts.noKey],
  },
  { name: 'a key without a role', ask: ['GET', 'db', '_table/a'], key: true, expect: [400, texts.noToken] },
  {
    name: 'both, and no role',
    ask: ['GET', 'db', '_table/a'],
    who: { user: user() },
    key: true,
    token: true,
    expect: [403, texts.noRole],
  },
  {
    name: 'an inactive role',
    ask: ['GET', 'db', '_table/a'],
    who: { role: { ...reader, isActive: false } },
    key: true,
    expect: [403, texts.roleInactive],
  },
  { name: 'a key with a right', ask: ['GET', 'db', '_table/a'], ...asKey, expect: null },
  { name: 'a key without the right', ask: ['POST', 'db', '_table/a'], ...asKey, expect: [401, texts.notAuthenticated] },
  {
    name: 'a user without the right',
    ask: ['PATCH', 'db', '_table/Author/5'],
    ...asUser,
    expect: [403, refused("PATCH access to component '_table/author/5' of service 'db'")],
  },
  {
    name: 'a user without the right, at the root',
    ask: ['GET', 'db', ''],
    ...asUser,
    expect: [403, refused("GET access to service 'db'")],
  },
  {
    name: 'a user, unknown service',
    ask: ['GET', 'nope', ''],
    ...asUser,
    expect: [403, refused("GET access to service 'nope'")],
  },
  {
    name: 'an administrator, unknown service',
    ask: ['GET', 'nope', ''],
    who: { admin: true, user: user() },
    token: true,
    expect: null,
  },
  {
    name: 'an administrator',
    ask: ['DELETE', 'system', 'app/1'],
    who: { admin: true, user: user() },
    token: true,
    expect: null,
  },
  {
    name: 'a problem comes first',
    ask: ['GET', 'db', '_table/a'],
    ...asKey,
    problem: new Forbidden('ended'),
    expect: [403, 'ended'],
  },
  {
    name: 'a problem comes before what is open',
    ask: ['POST', 'user', 'session'],
    problem: new Forbidden('ended'),
    expect: [403, 'ended'],
  },
  { name: 'open: session', ask: ['DELETE', 'user', 'session'], expect: null },
  { name: 'open: in any case', ask: ['GET', 'user', 'Session'], expect: null },
  { name: 'open: not below', ask: ['GET', 'user', 'session/x'], expect: [400, texts.noCredentials] },
  { name: 'open: only the verbs that are', ask: ['GET', 'user', 'password'], expect: [400, texts.noCredentials] },
  { name: 'open: profile without DELETE', ask: ['DELETE', 'user', 'profile'], expect: [400, texts.noCredentials] },
  { name: 'open: docs root', ask: ['GET', 'api_docs', ''], expect: null },
  { name: 'open: docs of a service', ask: ['GET', 'api_docs', 'db'], expect: null },
  { name: 'open: docs do not take writes', ask: ['POST', 'api_docs', 'db'], expect: [400, texts.noCredentials] },
  { name: 'callbacks of *_oauth', ask: ['POST', 'my_oauth', 'x'], expect: null },
  { name: 'only where the name ends so', ask: ['GET', 'my_oauth_service', ''], expect: [400, texts.noCredentials] },
  {
    name: '_schema with rights on tables only',
    ask: ['GET', 'db', '_schema'],
    ...asUser,
    expect: [403, refused("GET access to component '_schema' of service 'db'")],
  },
  {
    name: '_schema with a right below it',
    ask: ['GET', 'db', '_schema'],
    who: { role: role([['db', '_schema/a', GET]]) },
    key: true,
    expect: null,
  },
  {
    name: '_schema with a wild right below it',
    ask: ['GET', 'db', '_schema'],
    who: { role: role([['db', '_schema/a/*', GET]]) },
    key: true,
    expect: null,
  },
  {
    name: '_schema with a right below it, without GET',
    ask: ['GET', 'db', '_schema'],
    who: { role: role([['db', '_schema/a', DELETE]]) },
    key: true,
    expect: [401, texts.notAuthenticated],
  },
  {
    name: '_schema takes no writes so',
    ask: ['POST', 'db', '_schema'],
    who: { role: role([['db', '_schema/a', 31]]) },
    key: true,
    expect: [401, texts.notAuthenticated],
  },
  {
    name: '_schema of another service',
    ask: ['GET', 'db', '_schema'],
    who: { role: role([['other', '_schema/a', GET]]) },
    key: true,
    expect: [401, texts.notAuthenticated],
  },
]

for (const { name, ask, who, key = false, token = false, problem, expect } of cases) {
  test(`access: ${name}`, () => {
    const [verb, service, path] = ask
    const identity: Identity = { caller: caller(who), problem: problem ?? null, sentKey: key, sentToken: token }
    const asked = { verb, service, path: path === '' ? [] : path.split('/') }
    if (expect === null) return assert.doesNotThrow(() => authorize(asked, identity, configured))
    assert.throws(
      () => authorize(asked, identity, configured),
      (error: unknown) => {
        assert.ok(error instanceof ApiError)
        assert.deepEqual([error.status, error.message], expect)
        return true
      },
    )
  })
}
