/** An administrator of a running server, as a client library would be one: signs in and creates things through the API. */

export interface Credentials {
  readonly email: string
  readonly password: string
}
export interface Created {
  readonly id: number
  readonly [field: string]: unknown
}

export class Admin {
  readonly url: string
  readonly #token: string

  private constructor(url: string, token: string) {
    this.url = url
    this.#token = token
  }

  static async login(url: string, { email, password }: Credentials): Promise<Admin> {
    const answer = await fetch(`${url}/api/v2/system/admin/session`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ email, password }),
    })
    if (!answer.ok) throw new Error(`sign-in: ${answer.status} ${await answer.text()}`)
    return new Admin(url, ((await answer.json()) as { session_token: string }).session_token)
  }

  /** One request below /api/v2; an answer that is not 2xx is thrown. */
  async call(method: string, path: string, body?: unknown): Promise<unknown> {
    const answer = await fetch(`${this.url}/api/v2/${path}`, {
      method,
      headers: { 'X-DreamFactory-Session-Token': this.#token, 'Content-Type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
    return answer.json()
  }

  async create(resource: string, record: object): Promise<Created> {
    const answer = (await this.call('POST', `${resource}?fields=*`, { resource: [record] })) as {
      resource: readonly Created[]
    }
    const [created] = answer.resource
    if (created === undefined) throw new Error(`POST ${resource} answered no record`)
    return created
  }

  /** A role with these rows of access and an app that has it; returns the app's key. */
  async createKey(name: string, access: readonly object[]): Promise<string> {
    const role = await this.create('system/role', { name, is_active: true, role_service_access_by_role_id: access })
    const app = await this.create('system/app', { name, type: 0, is_active: true, role_id: role.id })
    return String(app.api_key)
  }
}
