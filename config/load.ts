/**
 * Reads the configuration once, at start: environment variables, then `.env` in the working directory, then defaults.
 *
 * Every problem is found before any is reported, so that a person mends them in one go.
 */

import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { nearest } from './nearest.ts'
import { type Config, conflicts, type RawConfig, schema, without } from './schema.ts'
import type { Setting } from './setting.ts'

/** Where the configuration is read from. */
export interface Source {
  /** The environment; `process.env` by default. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** The folder of `.env`; the working directory by default. */
  readonly directory?: string
}

/** A configuration, and what its writer should look at though it does not stop the start. */
export interface Loaded {
  readonly config: Config
  /** One line each, such as a `DF_*` name that nothing reads. */
  readonly warnings: readonly string[]
}

/** The configuration can't be used. `problems` has one line for each thing to change; secrets are not shown. */
export class ConfigError extends Error {
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(
      `The configuration has ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}:\n${problems.map((line) => `  ${line}`).join('\n')}`,
    )
    this.name = 'ConfigError'
    this.problems = problems
  }
}

type Variables = Readonly<Record<string, string | undefined>>

/**
 * The frozen configuration and its warnings. An empty value counts as not set. A variable of the environment wins over
 * the same setting in `.env`, and a setting's own name over its aliases.
 *
 * @throws ConfigError with every problem at once.
 */
export function load(source: Source = {}): Loaded {
  return loaded(variablesOf(source))
}

/** In the order in which they are looked into. */
function variablesOf({ env = process.env, directory = process.cwd() }: Source): readonly Variables[] {
  return [env, readEnvFile(directory)]
}

function loaded(sources: readonly Variables[]): Loaded {
  const problems: string[] = []
  const raw = values(schema, sources, problems) as RawConfig
  // A setting that could not be read has its default here: comparing it would report what nobody wrote.
  if (problems.length === 0) problems.push(...conflicts(raw))
  if (problems.length > 0) throw new ConfigError(problems)
  return { config: complete(raw), warnings: unknownNames(sources) }
}

/** Where a value comes from: a variable of the environment or of `.env`, or nobody set it. */
export interface Origin {
  readonly from: 'environment' | '.env' | 'default'
  /** The name it was found under: the setting's own or an alias; null for a default. */
  readonly name: string | null
}

/** Each setting with its value in `load(source)` and where that comes from, in the order of the schema. */
export function explain(
  source: Source = {},
): { readonly setting: Setting<unknown>; readonly value: unknown; readonly origin: Origin }[] {
  const sources = variablesOf(source)
  const { config } = loaded(sources)
  return settings().map(({ path, setting }) => {
    const value = path.reduce<unknown>((tree, key) => (tree as Readonly<Record<string, unknown>>)[key], config)
    const at = sources.findIndex((variables) => find(setting, [variables]) !== null)
    const name = at < 0 ? null : (find(setting, sources)?.name ?? null)
    return { setting, value, origin: { from: (['environment', '.env'] as const)[at] ?? 'default', name } }
  })
}

/** Every setting with its place in the tree, in the order of the schema. */
export function settings(): { readonly path: readonly string[]; readonly setting: Setting<unknown> }[] {
  return walk(schema, [])
}

interface Tree {
  readonly [key: string]: Setting<unknown> | Tree
}

function isSetting(node: Setting<unknown> | Tree): node is Setting<unknown> {
  return typeof node.parse === 'function'
}

function walk(tree: Tree, at: readonly string[]): { path: readonly string[]; setting: Setting<unknown> }[] {
  return Object.entries(tree).flatMap(([key, node]) =>
    isSetting(node) ? [{ path: [...at, key], setting: node }] : walk(node, [...at, key]),
  )
}

function values(tree: Tree, sources: readonly Variables[], problems: string[]): Record<string, unknown> {
  const entries = Object.entries(tree).map(([key, node]) => [
    key,
    isSetting(node) ? value(node, sources, problems) : values(node, sources, problems),
  ])
  return Object.fromEntries(entries)
}

function value(setting: Setting<unknown>, sources: readonly Variables[], problems: string[]): unknown {
  const given = find(setting, sources)
  if (given === null)
    return setting.kind === 'path' && typeof setting.default === 'string' ? resolve(setting.default) : setting.default
  const parsed = setting.parse(given.text)
  if (parsed.ok) return parsed.value
  const shown = setting.secret ? 'the value given (not shown)' : JSON.stringify(given.text)
  problems.push(`${given.name} must be ${parsed.accepts}; it is ${shown}`)
  return setting.default
}

function find(setting: Setting<unknown>, sources: readonly Variables[]): { name: string; text: string } | null {
  for (const variables of sources) {
    for (const name of [setting.env, ...setting.aliases]) {
      const text = variables[name]?.trim()
      if (text) return { name, text }
    }
  }
  return null
}

function readEnvFile(directory: string): Variables {
  try {
    return parseEnv(readFileSync(join(directory, '.env'), 'utf8'))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return {}
    throw new ConfigError([`.env can't be read (${code ?? 'unknown error'})`])
  }
}

function complete(raw: RawConfig): Config {
  return freeze({
    ...raw,
    sqlite: { ...raw.sqlite, storage: raw.sqlite.storage ?? join(raw.dataDir, 'databases') },
    files: { ...raw.files, root: raw.files.root ?? join(raw.dataDir, 'storage') },
  })
}

function freeze<T extends object>(tree: T): T {
  for (const node of Object.values(tree)) {
    if (
      Array.isArray(node) ||
      (typeof node === 'object' && node !== null && Object.getPrototypeOf(node) === Object.prototype)
    )
      freeze(node)
  }
  return Object.freeze(tree)
}

function unknownNames(sources: readonly Variables[]): string[] {
  const known = new Set(settings().flatMap(({ setting }) => [setting.env, ...setting.aliases]))
  const given = new Set(sources.flatMap((variables) => Object.keys(variables)).filter((name) => name.startsWith('DF_')))
  return [...given]
    .filter((name) => !known.has(name))
    .sort()
    .map((name) => {
      if (without.has(name) || name.startsWith('DF_MANAGED') || name.startsWith('DF_FREETDS_'))
        return `${name} has no effect in this version`
      const near = nearest(name, known)
      return `${name} is not a setting${near ? `; did you mean ${near}?` : ''}`
    })
}
