/** `dataferry admin ...`: administrators, also for who is locked out. */
import type { Members } from 'dataferry/records'
import { type Asked, BadRequest, type Command, InstanceAbility, type PluginHost } from 'dataferry/sdk'
import { ask, create, findBy, mustFind } from './records.ts'

const passwordHelp = 'The password is asked for at a terminal, else it is the first line of the standard input.'

const person = [
  { name: 'first-name', value: 'NAME', help: 'The first name.' },
  { name: 'last-name', value: 'NAME', help: 'The last name.' },
  { name: 'username', value: 'NAME', help: 'The name to sign in with where logins go by name; the email by default.' },
  { name: 'phone', value: 'NUMBER', help: 'The telephone number.' },
] as const

async function createAdmin(asked: Asked, host: PluginHost): Promise<Members> {
  const fields: Members = {
    email: asked.argument('email'),
    ...Object.fromEntries(
      person.flatMap(({ name }) => {
        const value = asked.option(name)
        return value === null ? [] : [[name.replace('-', '_'), value] as const]
      }),
    ),
  }
  const instance = host.ask(InstanceAbility)
  const password = await asked.secret('Password', true)
  // The first one is what the page /setup makes too.
  if (instance.setupNeeded()) await instance.setup({ ...fields, password, code: instance.setupCode })
  else await create(host, 'admin', { ...fields, password, is_active: true })
  return mustFind(host, 'admin', String(fields.email), 'email')
}

export const adminCommands: readonly Command[] = [
  {
    name: 'admin create',
    summary: 'Makes an administrator.',
    details: passwordHelp,
    arguments: [{ name: 'email', help: 'The email address, which the administrator signs in with.' }],
    options: person,
    async run(asked, host) {
      const { id = null, email = null, name = null } = await createAdmin(asked, host)
      return { value: { id, email, name }, text: `The administrator ${String(email)} was made (id ${String(id)}).` }
    },
  },
  {
    name: 'admin password',
    summary: "Sets an administrator's password; open sessions end, and the account is made active.",
    details: passwordHelp,
    arguments: [{ name: 'email', help: 'Whose password is set.' }],
    options: [],
    existing: true,
    async run(asked, host) {
      const email = asked.argument('email') ?? ''
      const found = (await findBy(host, 'admin', 'email', email)) ?? (await findBy(host, 'admin', 'username', email))
      if (found === null) throw new BadRequest(`There is no administrator '${email}'.`)
      const password = await asked.secret('New password', true)
      await ask(host, 'PATCH', ['admin', String(found.id)], { body: { password, is_active: true } })
      return {
        value: { id: found.id ?? null, email: found.email ?? null },
        text: `The password of ${String(found.email)} was set; its sessions have ended.`,
      }
    },
  },
]
