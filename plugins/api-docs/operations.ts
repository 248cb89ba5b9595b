/** The paths of a service as a caller may use them, completed with what services leave out. */
import { type Json, type Verb, verbBits } from 'dataferry/sdk'
import { isObject, type JsonObject, listOf, mapMembers, objectOf } from './shapes.ts'

export interface Usage {
  /** The name of the service, for ids and tags. */
  readonly service: string
  /** What stands in front of each path. */
  readonly prefix: string
  /** The verbs that the caller has on a component, open ones included. */
  readonly mask: (component: string) => number
}

/** Paths without an operation are left out: nothing tells of what a caller can't do. */
export function usablePaths(paths: JsonObject, usage: Usage): JsonObject {
  const ids = new Set<string>()
  const usable: [string, Json][] = []
  for (const [path, item] of Object.entries(paths)) {
    const completed = usableItem(path, objectOf(item), usage, ids)
    // The document of all services has no slash behind the name of one.
    if (completed !== null)
      usable.push([usage.prefix === '' ? path : usage.prefix + path.replace(/^\/$/, ''), completed])
  }
  return Object.fromEntries(usable)
}

function usableItem(path: string, item: JsonObject, usage: Usage, ids: Set<string>): JsonObject | null {
  const common = listOf(item.parameters)
  const rights = rightsOn(path, common, usage.mask)
  const names = [...path.matchAll(/\{([^{}]+)\}/g)].map(([, name]) => name ?? '')
  let any = false
  const members = mapMembers(item, (operation, member) => {
    const bit = verbBits[member.toUpperCase() as Verb]
    if (bit === undefined) return member === 'parameters' ? undefined : operation
    if ((rights.verbs & bit) === 0 || !isObject(operation)) return undefined
    any = true
    const missing = names.filter((name) => !declares(common, name) && !declares(listOf(operation.parameters), name))
    const own = rights.narrowed(bit)
    const told = own === null ? operation : { ...operation, parameters: [own, ...listOf(operation.parameters)] }
    return completed(told, { path, verb: member, missing }, usage, ids)
  })
  if (!any) return null
  return common.length === 0 ? members : { parameters: common, ...members }
}

interface Rights {
  /** What the caller may do on one of the things, at least, that the path stands for. */
  readonly verbs: number
  /** The parameter of a verb that is allowed on some of the names alone; null where the path's own tells it. */
  readonly narrowed: (bit: number) => JsonObject | null
}

/**
 * Where the path lists the names that its first parameter stands for, rights are asked for each of them: `_table/departments/*` is a
 * right on `_table/{table_name}`. What lies below a name needs the right on the name too (control-plane 3.3).
 */
function rightsOn(path: string, common: readonly Json[], mask: Usage['mask']): Rights {
  const segments = path.split('/').filter(Boolean).map(decoded)
  const at = segments.findIndex((segment) => /^\{[^{}]+\}$/.test(segment))
  const parameter = common
    .filter(isObject)
    .find((each) => each.in === 'path' && `{${String(each.name)}}` === segments[at])
  const schema = objectOf(parameter?.schema ?? null)
  const names = listOf(schema.enum ?? null).filter((name) => typeof name === 'string')
  if (at < 0 || names.length === 0) return { verbs: mask(segments.join('/')), narrowed: () => null }
  const allowed = names.map((name) => {
    const itself = [...segments.slice(0, at), name]
    const below = segments.slice(at + 1)
    return mask(itself.join('/')) & (below.length === 0 ? -1 : mask([...itself, ...below].join('/')))
  })
  const narrowed = (bit: number): JsonObject | null => {
    const some = names.filter((_, index) => ((allowed[index] ?? 0) & bit) !== 0)
    return some.length === names.length ? null : { ...parameter, schema: { ...schema, enum: some } }
  }
  return { verbs: allowed.reduce((all, each) => all | each, 0), narrowed }
}

interface Place {
  readonly path: string
  readonly verb: string
  /** Parameters of the path that nobody describes. */
  readonly missing: readonly string[]
}

const refTo = (response: string): JsonObject => ({ $ref: `#/components/responses/${response}` })

function completed(operation: JsonObject, { path, verb, missing }: Place, usage: Usage, ids: Set<string>): JsonObject {
  const told = objectOf(operation.responses)
  const succeeds = Object.keys(told).some((status) => /^[23]/.test(status))
  const parameters = [
    ...missing.map((name): Json => ({ name, in: 'path', required: true, schema: { type: 'string' } })),
    ...listOf(operation.parameters),
  ]
  const { parameters: _, responses: __, tags: ___, ...rest } = operation
  const responses: JsonObject = {
    ...(succeeds ? {} : { 200: refTo('Success') }),
    400: refTo('BadRequest'),
    401: refTo('Unauthorized'),
    403: refTo('Forbidden'),
    ...(path.includes('{') ? { 404: refTo('NotFound') } : {}),
    429: refTo('TooManyRequests'),
    default: refTo('Error'),
    ...told,
  }
  return {
    ...rest,
    operationId: typeof operation.operationId === 'string' ? operation.operationId : idOf(path, verb, usage, ids),
    ...(parameters.length === 0 ? {} : { parameters }),
    responses,
    tags: [...new Set([...listOf(operation.tags), usage.service])],
  }
}

const declares = (parameters: readonly Json[], name: string): boolean =>
  parameters.some((each) => isObject(each) && each.in === 'path' && each.name === name)

/** `get` `/_table/{table_name}/{id}` of `db` -> `getDbTableByTableNameById`, and a number behind it where it is taken. */
function idOf(path: string, verb: string, { service }: Usage, ids: Set<string>): string {
  const words = path
    .split('/')
    .map(decoded)
    .map((segment) => (segment.startsWith('{') ? `by_${segment}` : segment))
  const plain = verb + [service, ...words].map(pascal).join('')
  let id = plain
  for (let count = 2; ids.has(id); count++) id = `${plain}_${count}`
  ids.add(id)
  return id
}

const pascal = (text: string): string =>
  text
    .split(/[^A-Za-z0-9]+/)
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join('')

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}
