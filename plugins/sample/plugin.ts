/**
 * Fills the service `db` of a new data folder with the sample company, and makes a read-only role and an app key for it, so that the
 * first three commands of a newcomer work as printed. What an administrator removes later is not made again.
 */
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type RecordStore, RecordStoreAbility } from 'dataferry/records'
import {
  askAsHouse,
  HintsAbility,
  type Json,
  type Plugin,
  type PluginHost,
  type RawOptions,
  type Verb,
} from 'dataferry/sdk'
import { sampleCompany } from './company.ts'
import { fillTables, makeTables } from './fill.ts'

const serviceName = 'db'
const readerName = 'sample_reader'

async function start(host: PluginHost): Promise<void> {
  if (!host.settings.sample || !host.serves || host.part.kind === 'worker') return
  const done = join(host.settings.dataDir, 'sample.done')
  if (!existsSync(done)) {
    const service = await host.service(serviceName)
    const store = service.ability?.(RecordStoreAbility)
    if (store === undefined) return
    if (!(await fill(store))) host.log.info('The service db holds tables of its own: no sample was made.')
    else await makeReader(host)
    await writeFile(done, 'The sample company was made; without this file it is made again.\n')
  }
  const key = await readerKey(host)
  if (key !== null) host.offer(HintsAbility, { lines: (origin) => commands(origin, key) })
}

/** Tables and rows are two transactions: a start that died between them is taken up again. False where there are other tables. */
async function fill(store: RecordStore): Promise<boolean> {
  const company = sampleCompany()
  const names = new Set((await store.catalog.list()).map((table) => table.name))
  if (names.size === 0) await makeTables(store, company)
  else if (names.size !== company.length || !company.every((table) => names.has(table.plan.name))) return false
  await fillTables(store, company)
  return true
}

type Records = readonly { readonly [field: string]: Json }[]

async function ask(host: PluginHost, verb: Verb, resource: string, query: RawOptions, body: Json): Promise<Records> {
  const found = await askAsHouse(host, { verb, service: 'system', path: [resource], query, body, from: 'sample' })
  return (found as { readonly resource: Records }).resource
}

const named = (name: string, fields: string): RawOptions =>
  new Map<string, Json>([
    ['filter', 'name = :name'],
    ['params', { ':name': name }],
    ['fields', fields],
  ])

async function makeReader(host: PluginHost): Promise<void> {
  const [service] = await ask(host, 'GET', 'service', named(serviceName, 'id'), null)
  const access = { service_id: service?.id ?? null, component: '*', verb_mask: 1, requestor_mask: 3 }
  const role = {
    name: readerName,
    description: 'Reads the sample company.',
    is_active: true,
    role_service_access_by_role_id: [access],
  }
  const [made] = await ask(host, 'POST', 'role', new Map(), { resource: [role] })
  const app = { name: readerName, description: 'Reads the sample company.', is_active: true, role_id: made?.id ?? null }
  await ask(host, 'POST', 'app', new Map(), { resource: [app] })
}

async function readerKey(host: PluginHost): Promise<string | null> {
  const [app] = await ask(host, 'GET', 'app', named(readerName, 'api_key'), null)
  return typeof app?.api_key === 'string' ? app.api_key : null
}

function commands(origin: string, key: string): readonly string[] {
  const curl = (query: string): string =>
    `  curl -H 'X-DreamFactory-API-Key: ${key}' '${origin}/api/v2/${serviceName}/_table/${query}'`
  return [
    'Try the sample company:',
    curl('departments'),
    curl('employees?filter=last_name%20like%20%27S%25%27&order=hire_date&limit=5'),
    curl('employees/10001?related=salaries_by_emp_no,titles_by_emp_no'),
  ]
}

const plugin: Plugin = { name: 'sample', api: 1, types: [], start }
export default plugin
