/** `dataferry key create`: an API key, which is an app's, with what a role may do. */
import { BadRequest, type Command } from 'dataferry/sdk'
import { ask, create, findBy, mustFind } from './records.ts'

const createKey: Command = {
  name: 'key create',
  summary: 'Makes an app with an API key and prints the key.',
  arguments: [{ name: 'app', help: 'The name of the app.' }],
  options: [
    { name: 'role', value: 'NAME', help: 'What the key alone may do; without it a user has to be signed in.' },
    { name: 'description', value: 'TEXT', help: 'What the app is for.' },
    { name: 'replace', help: 'An app that is there gets a new key and is made active; the old key ends.' },
  ],
  async run(asked, host) {
    const name = asked.argument('app') ?? ''
    const roleName = asked.option('role')
    const role = roleName === null ? null : await mustFind(host, 'role', roleName)
    const there = await findBy(host, 'app', 'name', name)
    if (there !== null && !asked.has('replace'))
      throw new BadRequest(`There is an app '${name}' already; --replace gives it a new key.`)
    const more = {
      is_active: true,
      ...(role === null ? {} : { role_id: role.id ?? null }),
      ...(asked.option('description') === null ? {} : { description: asked.option('description') }),
    }
    if (there === null) await create(host, 'app', { name, type: 0, ...more })
    else await ask(host, 'PATCH', ['app', String(there.id)], { query: { regenerate: true }, body: more })
    const { id = null, api_key = null } = await mustFind(host, 'app', name)
    return { value: { id, name, api_key, role: roleName }, text: String(api_key) }
  },
}

export const keyCommands: readonly Command[] = [createKey]
