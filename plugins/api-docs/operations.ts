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
  const component = path.split('/').filter(Boolean).map(decoded).join('/')
  const verbs = usage.mask(component)
  const common = listOf(item.parameters)
  const names = [...path.matchAll(/\{([^{}]+)\}/g)].map(([, name]) => name ?? '')
  let any = false
  const members = mapMembers(item, (operation, member) => {
    const bit = verbBits[member.toUpperCase() as Verb]
    if (bit === undefined) return member === 'parameters' ? undefined : operation
    if ((verbs & bit) === 0 || !isObject(operation)) return undefined
    any = true
    const missing = names.filter((name) => !declares(common, name) && !declares(listOf(operation.parameters), name))
    return completed(operation, { path, verb: member, missing }, usage, ids)
  })
  if (!any) return null
  return common.length === 0 ? members : { parameters: common, ...members }
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
