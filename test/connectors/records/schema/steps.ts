/** Requests to the schema resource, step by step, on every database. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Database, mysql, postgres } from '../../../support/databases.ts'
import { signIn, startServer, type TestServer } from '../../../support/server.ts'

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }
export type Members = { readonly [key: string]: Json }

export interface Step {
  readonly name: string
  /** `PATCH _schema/x`: below the service. */
  readonly ask: string
  readonly body?: Json
  readonly status?: number
  /** Where the step is taken; everywhere where left out. */
  readonly on?: readonly Kind[]
  /** The whole answer, a message of an error, or a look at it. */
  readonly answer?: Json | RegExp | ((body: Members, kind: Kind) => void)
}
export type Kind = 'sqlite' | 'postgres' | 'mysql'

export const field = (body: Members, name: string): Members => {
  const list = (body.field ?? body.resource) as readonly Members[]
  return list.find((each) => each.name === name) ?? assert.fail(`no field ${name}`)
}
export const list = (...rows: Json[]): Json => ({ resource: rows })

const found = { postgres: await postgres(), mysql: await mysql() }
const configs: { readonly [K in Kind]: { readonly type: string; readonly config: Members } | null } = {
  sqlite: { type: 'sqlite', config: { database: 'schema.sqlite' } },
  postgres: serverConfig('pgsql', found.postgres.database),
  mysql: serverConfig('mysql', found.mysql.database),
}

function serverConfig(type: string, database: Database | null): { type: string; config: Members } | null {
  if (database === null) return null
  const { host, port, user, password, database: name } = database
  return { type, config: { host, port, username: user, password, database: name } }
}

export type Ask = (
  method: string,
  path: string,
  body?: Json,
  as?: Readonly<Record<string, string>>,
) => Promise<{ readonly status: number; readonly body: Members }>

/** One test for each database; `more` may add tests of its own behind them. */
export function onEveryDatabase(name: string, steps: readonly Step[], more?: (ask: Ask) => void): void {
  describe(name, () => {
    let server: TestServer | null = null
    let url = ''
    let token: string
    before(async () => {
      server = await startServer()
      url = server.url
      token = await signIn(url)
    })
    after(async () => {
      await server?.stop()
      await found.postgres.database?.stop()
      await found.mysql.database?.stop()
    })

    const ask: Ask = async (method, path, body, as = {}) => {
      const response = await fetch(`${url}/api/v2/${path}`, {
        method,
        headers: { 'X-DreamFactory-Session-Token': token, 'Content-Type': 'application/json', ...as },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      return { status: response.status, body: (await response.json()) as Members }
    }

    for (const [kind, service] of Object.entries(configs) as [Kind, (typeof configs)[Kind]][]) {
      test(kind, { skip: service === null ? 'there is no server' : false }, async (t) => {
        const made = await ask('POST', 'system/service', list({ name: kind, label: kind, is_active: true, ...service }))
        assert.equal(made.status, 201, JSON.stringify(made.body))
        for (const step of steps) {
          if (step.on !== undefined && !step.on.includes(kind)) continue
          await t.test(step.name, async () => {
            const [method = '', path = ''] = step.ask.split(/ (.*)/s)
            const { status, body } = await ask(method, `${kind}/${path}`, step.body)
            assert.equal(status, step.status ?? 200, JSON.stringify(body))
            if (typeof step.answer === 'function') step.answer(body, kind)
            else if (step.answer instanceof RegExp) {
              const error = body.error as Members
              assert.match(String(error.message), step.answer)
            } else if (step.answer !== undefined) assert.deepEqual(body, step.answer)
          })
        }
      })
    }
    more?.(ask)
  })
}
