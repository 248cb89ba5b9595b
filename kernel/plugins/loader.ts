/**
 * Finds and loads plugins: the built-in ones and those of DF_PLUGINS, all the same way. A plugin is a module whose default export is
 * a Plugin; loading has no side effects. One that fails stops the start of the server, with its name and the reason.
 */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { extname, isAbsolute, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Plugin, ServiceType } from './contract.ts'

/** Built-in plugins, in the order of their start, from the root of the package. */
export const builtins: readonly string[] = [
  'connectors/sqlite/plugin',
  'connectors/mysql/plugin',
  'connectors/postgres/plugin',
  'connectors/mongodb/plugin',
  'connectors/dynamodb/plugin',
  'connectors/couchdb/plugin',
  'plugins/system/plugin',
  'plugins/user/plugin',
  'plugins/files/plugin',
  'plugins/email/plugin',
  'plugins/http/plugin',
  'plugins/soap/plugin',
  'plugins/api-docs/plugin',
  'plugins/sample/plugin',
]

/** A plugin can't be used: one line that names it and says why. */
export class PluginError extends Error {
  constructor(plugin: string, reason: string, cause?: unknown) {
    super(`Plugin ${plugin} can't be used: ${reason.replace(/\s*\n\s*/g, ' ')}`, { cause })
    this.name = 'PluginError'
  }
}

export interface Loaded {
  /** In the order of their start. */
  readonly plugins: readonly Plugin[]
  readonly types: ReadonlyMap<string, ServiceType>
  /** The name of the plugin that registered a type. */
  readonly owners: ReadonlyMap<string, string>
  /** The URL of the module that a plugin came from, by its name. */
  readonly modules: ReadonlyMap<string, string>
}

/**
 * `builtin` are paths from the package root without an ending; `wanted` are entries of DF_PLUGINS: names of packages, or paths
 * (from `from`, the working directory) of a module or of a folder with one.
 */
export async function loadPlugins(
  builtin: readonly string[],
  wanted: readonly string[],
  from: string,
): Promise<Loaded> {
  const plugins: Plugin[] = []
  const modules = new Map<string, string>()
  const add = async (name: string, url: string): Promise<void> => {
    const plugin = await load(name, url)
    plugins.push(plugin)
    modules.set(plugin.name, url)
  }
  for (const name of builtin) await add(name, pathToFileURL(builtinFile(name)).href)
  for (const name of wanted) await add(name, locate(name, from))
  return { plugins, modules, ...collectTypes(plugins) }
}

/** The plugin of a module that `loadPlugins` has loaded, in another thread. */
export const loadPlugin = (name: string, url: string): Promise<Plugin> => load(name, url)

/** Sources load sources, built files load built files. */
function builtinFile(name: string): string {
  const here = fileURLToPath(import.meta.url)
  return `${resolve(here, '../../..', name)}${extname(here)}`
}

async function load(name: string, url: string): Promise<Plugin> {
  let module: { readonly default?: unknown }
  try {
    module = (await import(url)) as { readonly default?: unknown }
  } catch (error) {
    throw new PluginError(name, reasonOf(error), error)
  }
  return checked(name, module.default)
}

function checked(name: string, exported: unknown): Plugin {
  // A CommonJS module that was compiled from ESM has its default export one level down.
  const plugin = (isObject(exported) && 'default' in exported ? exported.default : exported) as
    | Partial<Plugin>
    | undefined
  if (!isObject(plugin)) throw new PluginError(name, 'its module has no default export that is a plugin')
  if (plugin.api !== 1)
    throw new PluginError(
      name,
      `it is made for version ${String(plugin.api)} of the plugin contract; this server has version 1`,
    )
  if (typeof plugin.name !== 'string' || plugin.name === '') throw new PluginError(name, 'its `name` is missing')
  if (!Array.isArray(plugin.types)) throw new PluginError(name, 'its `types` is no list')
  for (const type of plugin.types as readonly Partial<ServiceType>[]) {
    const lacks = (['name', 'label', 'group', 'description', 'config', 'body', 'create'] as const).filter(
      (member) => type?.[member] === undefined,
    )
    if (lacks.length > 0)
      throw new PluginError(name, `its service type '${type?.name ?? '?'}' lacks ${lacks.join(', ')}`)
  }
  return plugin as Plugin
}

function collectTypes(plugins: readonly Plugin[]): Pick<Loaded, 'types' | 'owners'> {
  const names = new Set<string>()
  const types = new Map<string, ServiceType>()
  const owners = new Map<string, string>()
  for (const plugin of plugins) {
    if (names.has(plugin.name)) throw new PluginError(plugin.name, 'another plugin has the same name')
    names.add(plugin.name)
    for (const type of plugin.types) {
      const owner = owners.get(type.name)
      if (owner !== undefined)
        throw new PluginError(plugin.name, `its service type '${type.name}' is registered by ${owner} already`)
      owners.set(type.name, plugin.name)
      types.set(type.name, type)
    }
  }
  return { types, owners }
}

function locate(name: string, from: string): string {
  if (name.startsWith('file:')) return name
  if (name.startsWith('.') || isAbsolute(name)) return pathToFileURL(fileOf(name, resolve(from, name))).href
  try {
    return pathToFileURL(createRequire(join(from, 'package.json')).resolve(name)).href
  } catch (error) {
    return beside(name, error)
  }
}

/** A package that is installed beside this one, or that offers itself to `import` only. */
function beside(name: string, cause: unknown): string {
  try {
    return import.meta.resolve(name)
  } catch {
    throw new PluginError(name, 'no package of this name is installed; a path must begin with ./ or /', cause)
  }
}

function fileOf(name: string, path: string): string {
  if (!existsSync(path)) throw new PluginError(name, 'there is no such file')
  if (!statSync(path).isDirectory()) return path
  const candidates = [mainOf(name, path), 'plugin.js', 'plugin.mjs', 'plugin.ts', 'index.js', 'index.mjs', 'index.ts']
  const found = candidates.find((file) => file !== null && existsSync(join(path, file)))
  if (!found) throw new PluginError(name, 'the folder has no package.json with `main`, plugin.js or index.js')
  return join(path, found)
}

function mainOf(name: string, folder: string): string | null {
  const file = join(folder, 'package.json')
  if (!existsSync(file)) return null
  try {
    const { main } = JSON.parse(readFileSync(file, 'utf8')) as { readonly main?: unknown }
    return typeof main === 'string' ? main : null
  } catch (error) {
    throw new PluginError(name, `its package.json can't be read: ${reasonOf(error)}`, error)
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
