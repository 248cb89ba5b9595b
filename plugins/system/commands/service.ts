/** `dataferry service ...`: services of databases and others. */
import { readFile } from 'node:fs/promises'
import { isMembers, type Members } from 'dataferry/records'
import { type Asked, BadRequest, type Command, type Json, type PluginHost, UsageError } from 'dataferry/sdk'
import { columns, create, list, mustFind } from './records.ts'

const add: Command = {
  name: 'service add',
  summary: 'Adds a service.',
  details: [
    'Secrets of the configuration need not stand on the command line: --ask NAME asks for a setting at a terminal, else the',
    'settings asked for are lines of the standard input, in their order.',
    '',
    '  dataferry service add crm --type pgsql --set host=db --set database=crm --set username=api --ask password --test',
  ].join('\n'),
  arguments: [{ name: 'name', help: 'Letters, digits, underscores and dashes: the name in /api/v2/{name}.' }],
  options: [
    { name: 'type', value: 'TYPE', help: 'The service type, such as sqlite, pgsql, mysql.' },
    { name: 'label', value: 'TEXT', help: 'The name that people read.' },
    { name: 'description', value: 'TEXT', help: 'What it is for.' },
    {
      name: 'set',
      value: 'NAME=VALUE',
      help: 'A setting; JSON where it is a number, true, false, a list or an object.',
      many: true,
    },
    { name: 'ask', value: 'NAME', help: 'A setting that is asked for, such as password.', many: true },
    { name: 'config', value: 'FILE', help: 'A JSON file of settings; - is the standard input.' },
    { name: 'inactive', help: 'The service answers nothing until it is made active.' },
    { name: 'test', help: 'Connects afterwards: ends with 1 where that fails. The service is added all the same.' },
  ],
  async run(asked, host) {
    const name = asked.argument('name') ?? ''
    const type = asked.option('type')
    if (type === null) throw new UsageError('service add needs --type, such as --type pgsql', add.name)
    const record = {
      name,
      type,
      label: asked.option('label') ?? name,
      description: asked.option('description'),
      is_active: !asked.has('inactive'),
      config: await configOf(asked),
    }
    const test = asked.has('test')
    const made = await create(host, 'service', record, test ? { test: true } : {})
    const { id = null } = made
    const text = `The service ${name} was added (id ${String(id)}).`
    if (!test) return { value: { id, name }, text }
    const { state = null } = made
    return { value: { id, name, state }, text: `${text} ${stateText(state)}`, failed: !isReady(state) }
  },
}

const test: Command = {
  name: 'service test',
  summary: 'Connects to what is behind a service, and says whether that works.',
  arguments: [{ name: 'name', help: 'The service; without it all are tested.', optional: true }],
  options: [],
  existing: true,
  async run(asked, host) {
    const tested = await testedServices(host, asked.argument('name'))
    const value = tested.map(({ name = null, type = null, state = null }) => ({ name, type, state }))
    const rows = value.map(({ name, type, state }) => [String(name), String(type), stateText(state)])
    return {
      value,
      text: columns(['NAME', 'TYPE', 'STATE'], rows),
      // One that was switched off is not expected to answer.
      failed: value.some(({ state }) => !isReady(state) && (asked.argument('name') !== null || !isInactive(state))),
    }
  },
}

const listed: Command = {
  name: 'service list',
  summary: 'Lists the services.',
  arguments: [],
  options: [],
  existing: true,
  async run(_asked, host) {
    const services = await list(host, 'service', { fields: 'id,name,label,type,is_active', order: 'name' })
    const rows = services.map(({ id, name, type, is_active, label }) =>
      [id, name, type, is_active === true ? 'yes' : 'no', label].map((cell) => String(cell ?? '')),
    )
    return { value: services as Json, text: columns(['ID', 'NAME', 'TYPE', 'ACTIVE', 'LABEL'], rows) }
  },
}

export const serviceCommands: readonly Command[] = [add, test, listed]

async function testedServices(host: PluginHost, name: string | null): Promise<readonly Members[]> {
  if (name === null) return list(host, 'service', { fields: 'id,name,type', order: 'name', test: true })
  await mustFind(host, 'service', name)
  return list(host, 'service', {
    filter: 'name = :name',
    params: { ':name': name },
    fields: 'id,name,type',
    test: true,
  })
}

const isReady = (state: Json): boolean => isMembers(state) && state.status === 'ready'
const isInactive = (state: Json): boolean => isMembers(state) && state.status === 'inactive'

function stateText(state: Json): string {
  if (!isMembers(state)) return 'not tested'
  return state.message === null ? String(state.status) : `${String(state.status)}: ${String(state.message)}`
}

/** The file first, then single settings, then what is asked for. */
async function configOf(asked: Asked): Promise<Members> {
  const config: { [name: string]: Json } = {}
  const file = asked.option('config')
  if (file !== null) Object.assign(config, objectIn(file === '-' ? await asked.input() : await textOf(file), file))
  for (const pair of asked.options('set')) {
    const at = pair.indexOf('=')
    if (at < 1) throw new UsageError(`--set needs NAME=VALUE; it is '${pair}'`, add.name)
    config[pair.slice(0, at)] = settingOf(pair.slice(at + 1))
  }
  for (const name of asked.options('ask')) config[name] = await asked.secret(`Setting ${name}`)
  return config
}

export async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw new BadRequest(`${file} can't be read (${(error as NodeJS.ErrnoException).code ?? 'unknown error'}).`)
  }
}

export function objectIn(text: string, from: string): Members {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new BadRequest(`${from === '-' ? 'The standard input' : from} holds no JSON.`)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new BadRequest(`${from === '-' ? 'The standard input' : from} must hold a JSON object.`)
  return value as Members
}

/** `3306` is a number, `true` a truth; what is no JSON is text. */
function settingOf(text: string): Json {
  if (!/^(true|false|null|-?\d+(\.\d+)?|[[{].*)$/s.test(text)) return text
  try {
    return JSON.parse(text) as Json
  } catch {
    return text
  }
}
