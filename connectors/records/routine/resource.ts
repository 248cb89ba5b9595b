/** The resources `_proc` and `_func` of a service (data-plane 1.7, 7): lists, descriptions and calls of its procedures and functions. */
import { type ApiReply, type ApiRequest, type BadRequest, type Json, NotFound, verbBits } from 'dataferry/sdk'
import { type LookupSource, replaceLookupsIn } from '../filter/lookups.ts'
import { identifierList, projectList } from '../lists.ts'
import { booleanOption, type RecordOptions } from '../options.ts'
import { isMembers, type Members, wrapList } from '../payload.ts'
import { noAccess } from '../relate/read.ts'
import { type Given, givenOf, nameAndInline } from './arguments.ts'
import { chooseRoutine } from './choose.ts'
import { describeRoutine, describeRoutineSummary } from './describe.ts'
import { type ResultOptions, resultBody } from './result.ts'
import {
  callFailed,
  kindNames,
  type Routine,
  RoutineChanged,
  type RoutineKind,
  type RoutineResult,
  type Routines,
} from './types.ts'

/** The resources by their kind, in the order of the service's list. */
export const routineResources: readonly {
  readonly name: '_proc' | '_func'
  readonly label: string
  readonly kind: RoutineKind
}[] = [
  { name: '_proc', label: 'Stored Procedure', kind: 'procedure' },
  { name: '_func', label: 'Stored Function', kind: 'function' },
]

const resourceOf: { readonly [K in RoutineKind]: '_proc' | '_func' } = { procedure: '_proc', function: '_func' }

/** What the resources work with: one service and one caller. */
export interface RoutineTarget {
  readonly routines: Routines
  readonly serviceName: string
  readonly lookups: LookupSource
  /** The caller's verbs on a component such as `_proc/name`. */
  mask(component: string): number
  verbs(component: string): readonly Json[]
  /** The options of a list. Throws BadRequest for another verb than GET. */
  options(): RecordOptions
  /** The 400 of a verb that the resource does not have. */
  unsupported(): BadRequest
}

/** Handles what is below `_proc` or `_func`. Throws BadRequest, Forbidden, NotFound, and what a failed call throws. */
export async function handleRoutines(
  request: ApiRequest,
  kind: RoutineKind,
  target: RoutineTarget,
  signal: AbortSignal,
): Promise<ApiReply> {
  const [, ...below] = request.path
  if (below.length === 0) return listRoutines(request, kind, target)
  if (request.verb !== 'GET' && request.verb !== 'POST') throw target.unsupported()
  return callRoutine(request, kind, below.join('/'), target, signal)
}

const ok = (value: Json): ApiReply => ({ status: 200, headers: {}, body: { kind: 'value', value } })

/** Without `ids` the names; with `ids` whole descriptions, each of which must be there. */
async function listRoutines(request: ApiRequest, kind: RoutineKind, target: RoutineTarget): Promise<ApiReply> {
  const options = target.options()
  const { routines } = target
  const resource = resourceOf[kind]
  if (booleanOption(request.query.get('refresh'))) routines.refresh()
  if (options.ids !== null) {
    const described: Routine[] = []
    for (const id of options.ids) {
      const found = await routines.find(kind, String(id))
      const [first] = found
      if (first === undefined) throw noRoutine(kind, String(id))
      if ((target.mask(`${resource}/${first.name}`) & 1) === 0) {
        throw noAccess('GET', `${resource}/${first.name}`, target.serviceName)
      }
      described.push(...found)
    }
    const rows = described.map((routine) => describeRoutine(routine, target.mask(`${resource}/${routine.name}`)))
    if (options.asList) return ok(wrapList(request.output, identifierList(rows, options.idField ?? ['name'])))
    return ok(wrapList(request.output, options.fields === null ? rows : projectList(rows, options)))
  }
  const schema = request.query.get('schema')
  const rows = (await routines.list(kind))
    .filter(({ name }) => typeof schema !== 'string' || schema === '' || name.startsWith(`${schema}.`))
    .filter(({ name }) => target.mask(`${resource}/${name}`) !== 0)
    .map((routine) => ({
      ...describeRoutineSummary(routine),
      access: target.verbs(`${resource}/${routine.name}`),
    }))
  const shown = projectList(rows, options)
  if (options.asList || !booleanOption(request.query.get('include_access'))) return ok(wrapList(request.output, shown))
  const withAccess = shown.map((row, index) => ({ ...(row as Members), access: rows[index]?.access ?? [] }))
  return ok(wrapList(request.output, withAccess))
}

async function callRoutine(
  request: ApiRequest,
  kind: RoutineKind,
  written: string,
  target: RoutineTarget,
  signal: AbortSignal,
): Promise<ApiReply> {
  const { name, inline } = nameAndInline(written)
  const { body } = request
  const members = body.kind === 'value' && isMembers(body.value) ? body.value : null
  const given = replaced(givenOf(request, members, inline), target.lookups)
  const { routine, result } = await call(request, kind, name, given, target, signal)
  return ok(resultBody(routine, result, optionsOf(request, members)))
}

/** A routine that changed since it was described is described anew, and called then. */
async function call(
  request: ApiRequest,
  kind: RoutineKind,
  name: string,
  given: Given,
  target: RoutineTarget,
  signal: AbortSignal,
): Promise<{ readonly routine: Routine; readonly result: RoutineResult }> {
  const attempt = async (): Promise<{ readonly routine: Routine; readonly result: RoutineResult }> => {
    const { routine, values } = chooseRoutine(await found(request, kind, name, target), given)
    return { routine, result: await target.routines.call(routine, values, signal) }
  }
  try {
    return await attempt()
  } catch (thrown) {
    if (!(thrown instanceof RoutineChanged)) throw thrown
    target.routines.refresh()
    return await lastAttempt(kind, attempt)
  }
}

async function lastAttempt<T>(kind: RoutineKind, attempt: () => Promise<T>): Promise<T> {
  try {
    return await attempt()
  } catch (thrown) {
    if (!(thrown instanceof RoutineChanged)) throw thrown
    throw callFailed(kind, 'The routine is being changed. Try again.', thrown)
  }
}

/** The overloads that the caller may call. Throws NotFound, Forbidden. */
async function found(
  request: ApiRequest,
  kind: RoutineKind,
  name: string,
  target: RoutineTarget,
): Promise<readonly Routine[]> {
  const { routines } = target
  const own = await routines.find(kind, name)
  const other = kind === 'procedure' ? 'function' : 'procedure'
  const all = own.length > 0 || !routines.sharedNames ? own : await routines.find(other, name)
  const [first] = all
  if (first === undefined) throw noRoutine(kind, name)
  const allowed = all.filter((routine) => mayCall(routine, kind, request, target))
  if (allowed.length === 0) {
    throw noAccess(request.verb, `${resourceOf[first.kind]}/${first.name}`, target.serviceName)
  }
  return allowed
}

/**
 * Under its own name's component. What answers by OUT parameters or columns was a procedure to roles made for DreamFactory v2, whatever it
 * is (data-plane 7): asked for as one, that component counts.
 */
function mayCall(routine: Routine, asked: RoutineKind, { verb }: ApiRequest, target: RoutineTarget): boolean {
  const holds = (kind: RoutineKind): boolean =>
    (target.mask(`${resourceOf[kind]}/${routine.name}`) & verbBits[verb]) !== 0
  if (asked === routine.kind) return holds(routine.kind)
  const answers = routine.returnSchema.length > 0 || routine.parameters.some(({ mode }) => mode !== 'IN')
  return holds(routine.kind) || (asked === 'procedure' && answers && holds('procedure'))
}

const noRoutine = (kind: RoutineKind, name: string): NotFound =>
  new NotFound(`${kindNames[kind]} '${name}' does not exist in the database.`)

const replaced = ({ positional, named, typed }: Given, lookups: LookupSource): Given => ({
  typed,
  positional: positional.map((value) => (value === undefined ? undefined : replaceLookupsIn(value, lookups))),
  named: new Map([...named].map(([name, value]) => [name, replaceLookupsIn(value, lookups)])),
})

/** The payload's go before the query's; types of columns stand in the payload only. */
function optionsOf({ query }: ApiRequest, members: Members | null): ResultOptions {
  const text = (name: string): string | null => {
    const value = members?.[name] ?? query.get(name)
    return typeof value === 'string' && value.trim() !== '' ? value.trim() : null
  }
  const returns = text('returns')
  const schema = members?.schema
  return {
    wrapper: text('wrapper'),
    returns: returns?.toUpperCase() === 'TABLE' ? null : returns,
    schema: isMembers(schema) ? schema : null,
  }
}
