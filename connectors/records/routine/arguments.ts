/**
 * What a call gives its routine, from the first place that holds something (data-plane 7): `params` of the payload, the parentheses of
 * the path, the query. Every form becomes one here; nothing is looked up among the routine's parameters yet.
 */
import type { ApiRequest, Json } from 'dataferry/sdk'
import { isMembers, type Members } from '../payload.ts'

/** Values by position, undefined where the place was used by a name, and by lower-case name. */
export interface Given {
  readonly positional: readonly (Json | undefined)[]
  readonly named: ReadonlyMap<string, Json>
  /** A text is meant as one; in paths and queries all values are texts. */
  readonly typed: boolean
}

const nothingGiven: Given = { positional: [], named: new Map(), typed: false }

/** The name of a routine and what stands in parentheses behind it: `name(1,2)`. null: no parentheses. */
export function nameAndInline(written: string): { readonly name: string; readonly inline: string | null } {
  const [, name = written, inline = null] = /^([^(]*)\((.*)\)$/s.exec(written) ?? []
  return { name: name.trim(), inline }
}

/** `members`: the payload's, null where it is no object. */
export function givenOf(request: ApiRequest, members: Members | null, inline: string | null): Given {
  const params = members?.params
  if (params !== undefined && params !== null && params !== '') {
    const given = formsOf(params)
    const typed = request.body.kind === 'value' && request.body.typed && typeof params !== 'string'
    if (given.positional.length > 0 || given.named.size > 0) return { ...given, typed }
  }
  if (inline !== null && inline.trim() !== '') return { ...nothingGiven, positional: split(inline) }
  return { ...nothingGiven, named: byName(request.query) }
}

type Forms = Pick<Given, 'positional' | 'named'>

function formsOf(params: Json): Forms {
  if (Array.isArray(params)) return listed(params)
  if (isMembers(params)) return { ...nothingGiven, named: byName(Object.entries(params)) }
  return { ...nothingGiven, positional: typeof params === 'string' ? split(params) : [params] }
}

/** Quotes are part of a value, blanks around it are not. */
const split = (text: string): readonly string[] => text.split(',').map((each) => each.trim())

function listed(params: readonly Json[]): Forms {
  const positional: (Json | undefined)[] = []
  const named = new Map<string, Json>()
  for (const param of params) {
    const value = valueIn(param)
    if (isMembers(param) && typeof param.name === 'string' && isDescribed(param)) {
      if (value !== undefined) named.set(param.name.toLowerCase(), value)
      continue
    }
    positional.push(value)
  }
  return { positional, named }
}

function byName(entries: Iterable<readonly [string, Json]>): ReadonlyMap<string, Json> {
  const named = new Map<string, Json>()
  for (const [name, given] of entries) {
    const value = valueIn(given)
    if (value !== undefined) named.set(name.toLowerCase(), value)
  }
  return named
}

const describing: ReadonlySet<string> = new Set([
  'name',
  'value',
  'param_type',
  'type',
  'db_type',
  'length',
  'precision',
  'scale',
  'default',
  'position',
])

/** An object that says things about a parameter; any other is a value itself, for a parameter that takes JSON. */
const isDescribed = (param: Members): boolean => {
  const names = Object.keys(param)
  return names.length > 0 && (Object.hasOwn(param, 'value') || names.every((name) => describing.has(name)))
}

/** undefined: the parameter is only described. */
function valueIn(param: Json): Json | undefined {
  if (!isMembers(param) || !isDescribed(param)) return param
  return Object.hasOwn(param, 'value') ? (param.value as Json) : undefined
}
