/** Users, apps and roles that a case makes for itself, and requests in their name. */
import assert from 'node:assert/strict'
import type { Answer, House } from './house.ts'
import type { RoleName } from './world.ts'

export type Headers = { readonly [name: string]: string }
export interface Account {
  readonly id: number
  readonly email: string
  readonly password: string
}

/** A user with a role of its own in an app of its own, signed in, whose request went through once. */
export interface Signed {
  readonly role: number
  readonly app: { readonly id: number; readonly key: string }
  readonly user: Account
  readonly token: string
  readonly who: Headers
}
export const password = 'a password of some length'
export const list = 'GET _table/person'
export const key = (of: string): Headers => ({ 'X-DreamFactory-API-Key': of })
export const session = (token: string, of?: string): Headers => ({
  'X-DreamFactory-Session-Token': token,
  ...(of === undefined ? {} : key(of)),
})

export const isRefused = (status: number): void => assert.ok([400, 401, 403].includes(status), `refused, not ${status}`)

export type People = ReturnType<typeof people>

/** What cases work with. SQLite's service is asked. */
export function people(house: House) {
  let count = 0
  const fresh = (): string => `n${++count}`

  const send = (ask: string, headers: Headers, body?: unknown): Promise<Answer> =>
    house.send(ask, 'lite', { headers, ...(body === undefined ? {} : { body }) })

  // biome-ignore lint/suspicious/noExplicitAny: bodies are looked into freely
  async function admin(ask: string, body?: unknown): Promise<any> {
    const { status, text } = await send(ask, house.administrator, body)
    assert.ok(status < 300, `${ask}: ${status} ${text}`)
    return JSON.parse(text)
  }
  const create = async (resource: string, record: object): Promise<number> =>
    (await admin(`POST /system/${resource}`, { resource: [record] })).resource[0].id

  /** A role of the same rows as one of the house's, which a case may change. */
  async function roleLike(name: RoleName): Promise<number> {
    const { role_service_access_by_role_id: rows } = await admin(
      `GET /system/role/${house.roleIds[name]}?related=role_service_access_by_role_id`,
    )
    const access = rows.map(({ id: _, role_id: __, ...row }: { readonly [field: string]: unknown }) => row)
    return create('role', { name: fresh(), is_active: true, role_service_access_by_role_id: access })
  }
  async function newApp(role: number | null): Promise<{ readonly id: number; readonly key: string }> {
    const key = fresh().padEnd(64, 'k')
    return { id: await create('app', { name: fresh(), type: 0, is_active: true, role_id: role, api_key: key }), key }
  }
  async function newUser(assigned: readonly { readonly app: number; readonly role: number }[] = []): Promise<Account> {
    const email = `${fresh()}@example.org`
    const id = await create('user', {
      name: email,
      email,
      password,
      is_active: true,
      user_to_app_to_role_by_user_id: assigned.map(({ app, role }) => ({ app_id: app, role_id: role })),
    })
    return { id, email, password }
  }
  async function login({ email, password: given }: Omit<Account, 'id'>, face = 'user'): Promise<string> {
    const { status, text } = await send(
      `POST /${face === 'admin' ? 'system/admin' : 'user'}/session`,
      {},
      { email, password: given },
    )
    assert.equal(status, 200, text)
    return JSON.parse(text).session_token
  }
  const seen = async (headers: Headers): Promise<number> => (await send(list, headers)).status
  async function idsSeen(headers: Headers): Promise<readonly number[]> {
    const { status, text } = await send(`${list}?fields=id&order=id`, headers)
    assert.equal(status, 200, text)
    return JSON.parse(text).resource.map(({ id }: { readonly id: number }) => id)
  }

  async function signedIn(as: RoleName = 'reader'): Promise<Signed> {
    const role = await roleLike(as)
    const app = await newApp(null)
    const user = await newUser([{ app: app.id, role }])
    const token = await login(user)
    const who = session(token, app.key)
    assert.equal(await seen(who), 200)
    return { role, app, user, token, who }
  }

  return { house, fresh, send, admin, create, roleLike, newApp, newUser, login, seen, idsSeen, signedIn }
}
