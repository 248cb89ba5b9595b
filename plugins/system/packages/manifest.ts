/** The manifest of a package (control-plane 4.8): `package.json` in its zip file, and what `GET system/package` shows of everything. */
import { booleanOption, isMembers, type Members } from 'dataferry/records'
import { type ApiRequest, BadRequest, type Json } from 'dataferry/sdk'
import { plainTime } from '../store/time.ts'
import { filesOf, type PackageDeps } from './deps.ts'
import { kinds, manifestEntry } from './kinds.ts'

export const manifestName = 'package.json'

/** How long one service may take to tell what it has. */
const patienceMs = 10_000

export function manifestHead({ version }: Pick<PackageDeps, 'version'>, secured: boolean): Members {
  return { version: '0.1', df_version: version, secured, description: '', created_date: plainTime(new Date()) }
}

/** Everything that an export could hold. */
export async function wholeManifest(request: ApiRequest, deps: PackageDeps): Promise<Json> {
  const system: { [kind: string]: Json } = {}
  for (const kind of kinds) {
    const rows = await deps.store.rows(kind.table, kind.where)
    if (rows.length > 0) system[kind.name] = rows.map((row) => manifestEntry(kind, row))
  }
  const others = booleanOption(request.query.get('system_only')) ? {} : await contents(request, deps)
  return { ...manifestHead(deps, false), service: { system, ...others } }
}

/** Folders of the file services, and tables of the databases that can be reached. */
async function contents(request: ApiRequest, deps: PackageDeps): Promise<Members> {
  const deep = booleanOption(request.query.get('full_tree'))
  const asked = [...deps.snapshot().services.values()].filter(
    ({ isActive, type }) => isActive && type !== 'system' && type !== 'user',
  )
  const found = await Promise.all(
    asked.map(async ({ name }): Promise<readonly (readonly [string, Json])[]> => {
      try {
        const held = await contentsOf(name, request, deps, deep)
        return held === null ? [] : [[name, held]]
      } catch {
        return [[name, { reachable: false }]]
      }
    }),
  )
  return Object.fromEntries(found.flat())
}

async function contentsOf(name: string, request: ApiRequest, deps: PackageDeps, deep: boolean): Promise<Json> {
  const signal = AbortSignal.timeout(patienceMs)
  const service = await deps.service(name)
  const files = await filesOf(deps, name)
  if (files !== null) return (await files.folders(request.caller, deep, signal)).map((folder) => `${folder}/`)
  const asked: ApiRequest = { ...request, service: name.toLowerCase(), path: [], query: new Map() }
  const components = (await service.resources?.(asked, signal)) ?? []
  if (!components.some((each) => each.startsWith('_table'))) return null
  const tables = components.flatMap((each) => /^_table\/([^/*]+)\/$/.exec(each)?.[1] ?? [])
  return { reachable: true, _schema: tables, _table: tables }
}

/** The `service` member of a manifest. Throws BadRequest when it has none. */
export function servicesIn(manifest: Members): Members {
  if (!isMembers(manifest.service)) throw new BadRequest('The manifest of a package needs a `service` object.')
  return manifest.service
}

/** A list of texts; `*` and true are everything, which is null. Throws BadRequest for anything else. */
export function textsIn(value: Json | undefined, where: string): readonly string[] | null {
  if (value === '*' || value === true) return null
  const list = value ?? []
  if (!Array.isArray(list) || !list.every((each) => typeof each === 'string'))
    throw new BadRequest(`The manifest's ${where} must be a list of names.`)
  return list
}
