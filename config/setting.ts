/**
 * What a setting is, and the kinds of settings there are.
 *
 * A kind turns the text of an environment variable into a typed value or says what it would have accepted. It reads
 * nothing and knows no setting by name: schema.ts lists the settings, load.ts looks their values up.
 */

import { createSecretKey, type KeyObject } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'

/** What parsing a text gave: a value, or the words that complete "must be …". */
export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly accepts: string }

/** One setting: where it is found, what it means, and how its text becomes a `T`. */
export interface Setting<T> {
  readonly kind: string
  /** The name of its environment variable. */
  readonly env: string
  /** Other names under which it is found, in order, when `env` is not set. */
  readonly aliases: readonly string[]
  readonly default: T
  /** How the documentation shows the default, where the value itself would not explain it. */
  readonly defaultText: string | null
  /** The unit of a bare number, such as `s`, `min` or `bytes`. */
  readonly unit: string | null
  /** What is accepted, as words that complete "must be …". */
  readonly accepts: string
  readonly help: string
  /** True when the value must never be shown. */
  readonly secret: boolean
  readonly parse: (text: string) => Parsed<T>
}

/** What every kind of setting is declared with. */
export interface About {
  readonly env: string
  readonly aliases?: readonly string[]
  readonly help: string
  readonly defaultText?: string
}

export const KIB = 1024
export const MIB = 1024 * KIB

const good = <T>(value: T): Parsed<T> => ({ ok: true, value })

interface Details<T> {
  readonly kind: string
  readonly default: T
  readonly accepts: string
  readonly unit?: string
  readonly secret?: boolean
  /** The value, or undefined when the text is not accepted. */
  readonly read: (text: string) => T | undefined
}

function setting<T>(about: About, details: Details<T>): Setting<T> {
  const { kind, default: value, accepts, unit = null, secret = false, read } = details
  return {
    kind,
    env: about.env,
    aliases: about.aliases ?? [],
    default: value,
    defaultText: about.defaultText ?? null,
    unit,
    accepts,
    help: about.help,
    secret,
    parse: (text) => {
      const parsed = read(text)
      return parsed === undefined ? { ok: false, accepts } : good(parsed)
    },
  }
}

/** A text; `pattern` is what the whole of it must match, `accepts` says the same in words. */
export function text<D extends string | null>(
  about: About & { readonly default: D; readonly pattern?: RegExp; readonly accepts?: string },
): Setting<string | D> {
  const { pattern } = about
  return setting<string | D>(about, {
    kind: 'string',
    default: about.default,
    accepts: about.accepts ?? 'a text',
    read: (given) => (pattern && !pattern.test(given) ? undefined : given),
  })
}

/** A text that is never shown, with at least `minLength` characters. Not set is `null`. */
export function secret(about: About & { readonly minLength: number }): Setting<string | null> {
  return setting<string | null>(about, {
    kind: 'secret',
    default: null,
    accepts: `a text of at least ${about.minLength} characters`,
    secret: true,
    read: (given) => ([...given].length < about.minLength ? undefined : given),
  })
}

/** A secret key of exactly `bytes` bytes, written in base64 (with or without a leading `base64:`) or hex. Not set is `null`. */
export function key(about: About & { readonly bytes: number }): Setting<KeyObject | null> {
  const { bytes } = about
  return setting<KeyObject | null>(about, {
    kind: 'secret',
    default: null,
    accepts: `${bytes} bytes in base64 or hex`,
    secret: true,
    read: (given) => {
      const raw = keyBytes(given, bytes)
      return raw && createSecretKey(raw)
    },
  })
}

function keyBytes(given: string, bytes: number): Buffer | undefined {
  if (given.length === bytes * 2 && /^[0-9a-f]+$/i.test(given)) return Buffer.from(given, 'hex')
  const encoded = given.replace(/^base64:/, '')
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(encoded)) return undefined
  const raw = Buffer.from(encoded, 'base64')
  return raw.length === bytes ? raw : undefined
}

/** A URL of one of these schemes (without colons). It may hold a password and is never shown. Not set is `null`. */
export function url(
  about: About & { readonly schemes: readonly string[]; readonly like: string },
): Setting<string | null> {
  return setting<string | null>(about, {
    kind: 'url',
    default: null,
    accepts: `a URL such as ${about.like}`,
    secret: true,
    read: (given) => {
      if (!about.schemes.some((scheme) => given.toLowerCase().startsWith(`${scheme}:`))) return undefined
      // Of a file the path becomes absolute, as that of every other.
      if (scheme(given) === 'sqlite') return `sqlite:${resolve(given.slice('sqlite:'.length).replace(/^\/\//, ''))}`
      return URL.canParse(given) ? given : undefined
    },
  })
}

const scheme = (given: string): string => given.slice(0, given.indexOf(':')).toLowerCase()

/** A whole number from `min` to `max`, both included. */
export function int(
  about: About & { readonly default: number; readonly min: number; readonly max: number; readonly unit?: string },
): Setting<number> {
  const { min, max, unit } = about
  return setting<number>(about, {
    kind: 'int',
    default: about.default,
    accepts: `a whole number from ${min} to ${max}`,
    ...(unit === undefined ? {} : { unit }),
    read: (given) => (/^[+-]?\d+$/.test(given) ? within(Number(given), min, max) : undefined),
  })
}

/** How many processes serve: a number, or `auto` for as many as there are processors. The value is the number. */
export function processes(about: About): Setting<number> {
  return setting<number>(about, {
    kind: 'int',
    default: 1,
    accepts: 'auto, or a whole number from 1 to 256',
    read: (given) => {
      if (given.toLowerCase() === 'auto') return Math.min(256, Math.max(1, availableParallelism()))
      return /^\d+$/.test(given) ? within(Number(given), 1, 256) : undefined
    },
  })
}

const yes = new Set(['true', '1', 'yes', 'on'])
const no = new Set(['false', '0', 'no', 'off'])

/** A switch. */
export function bool(about: About & { readonly default: boolean }): Setting<boolean> {
  return setting<boolean>(about, {
    kind: 'bool',
    default: about.default,
    accepts: 'true or false (also 1, 0, yes, no, on, off)',
    read: (given) => {
      const word = given.toLowerCase()
      if (yes.has(word)) return true
      return no.has(word) ? false : undefined
    },
  })
}

/** One of some words, in any case. `synonyms` are words from elsewhere that mean one of them; they are not advertised. */
export function oneOf<W extends string>(
  about: About & { readonly default: W; readonly words: readonly W[]; readonly synonyms?: Readonly<Record<string, W>> },
): Setting<W> {
  const { words, synonyms = {} } = about
  return setting<W>(about, {
    kind: 'enum',
    default: about.default,
    accepts: `one of ${words.join(', ')}`,
    read: (given) => {
      const lower = given.toLowerCase()
      return words.find((word) => word === lower) ?? (Object.hasOwn(synonyms, lower) ? synonyms[lower] : undefined)
    },
  })
}

const durations = { ms: 1, s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** A unit of time that durations are counted in. */
export type DurationUnit = keyof typeof durations

/**
 * A duration. A bare number is in `unit`; `250ms`, `30s`, `5min` (or `5m`), `2h` and `1d` say theirs. The value that the
 * program sees is in `as`; `default`, `min` and `max` are in `unit`.
 */
export function duration(
  about: About & {
    readonly default: number
    readonly min: number
    readonly max: number
    readonly unit: DurationUnit
    readonly as: DurationUnit
  },
): Setting<number> {
  const { unit, as, min, max } = about
  const scale = durations[unit] / durations[as]
  const defaultText = about.defaultText ?? `${about.default} ${unit}`
  return setting<number>(
    { ...about, defaultText },
    {
      kind: 'duration',
      default: about.default * scale,
      accepts: `a duration from ${min} to ${max} ${unit} (such as ${about.default} or ${about.default}${unit})`,
      unit,
      read: (given) => {
        const [, digits, suffix] = /^(\d+(?:\.\d+)?)\s*(ms|s|m|min|h|d)?$/i.exec(given) ?? []
        if (digits === undefined) return undefined
        const word = suffix?.toLowerCase() ?? unit
        const milliseconds = Number(digits) * durations[word === 'm' ? 'min' : (word as DurationUnit)]
        const inUnit = within(milliseconds / durations[unit], min, max)
        return inUnit === undefined ? undefined : Math.round(inUnit * scale)
      },
    },
  )
}

const sizes: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 }

/** A number of bytes: `65536`, `64k`, `64KB` and `64KiB` are the same (units are powers of 1024). */
export function bytes(
  about: About & { readonly default: number; readonly min: number; readonly max: number },
): Setting<number> {
  const { min, max } = about
  const defaultText = about.defaultText ?? showBytes(about.default)
  return setting<number>(
    { ...about, defaultText },
    {
      kind: 'bytes',
      default: about.default,
      accepts: `a size from ${showBytes(min)} to ${showBytes(max)} (such as 65536, 64k or 64MiB)`,
      unit: 'bytes',
      read: (given) => {
        const [, digits, suffix = ''] = /^(\d+)\s*([kmg]?)(?:i?b)?$/i.exec(given) ?? []
        return digits === undefined ? undefined : within(Number(digits) * (sizes[suffix.toLowerCase()] ?? 1), min, max)
      },
    },
  )
}

/** A list of texts between commas; blanks around an entry and empty entries are dropped. */
export function list(
  about: About & {
    readonly default: readonly string[]
    /** What one entry must be, and the words for it. */
    readonly entry?: { readonly test: (entry: string) => boolean; readonly accepts: string }
  },
): Setting<readonly string[]> {
  const { entry } = about
  return setting<readonly string[]>(about, {
    kind: 'list',
    default: about.default,
    accepts: entry ? `a list, between commas, of ${entry.accepts}` : 'a list of texts between commas',
    read: (given) => {
      const entries = given
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== '')
      return entry && !entries.every(entry.test) ? undefined : entries
    },
  })
}

/** A file or folder. A relative one is under the working directory; the value is absolute. */
export function path(about: About & { readonly default: string }): Setting<string> {
  return setting<string>(about, {
    kind: 'path',
    default: about.default,
    accepts: 'a path',
    read: (given) => (given.includes('\0') ? undefined : resolve(given)),
  })
}

/** The same as `path`, for a setting whose default follows from another one: not set is `null`. */
export function optionalPath(about: About & { readonly defaultText: string }): Setting<string | null> {
  return { ...path({ ...about, default: '' }), default: null }
}

/** `65536` as `64 KiB`: the largest unit that leaves no remainder. */
export function showBytes(count: number): string {
  for (const [unit, size] of [
    ['GiB', 1024 ** 3],
    ['MiB', 1024 ** 2],
    ['KiB', 1024],
  ] as const) {
    if (count >= size && count % size === 0) return `${count / size} ${unit}`
  }
  return `${count} bytes`
}

function within(value: number, min: number, max: number): number | undefined {
  return value >= min && value <= max ? value : undefined
}
