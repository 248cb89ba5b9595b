/**
 * Which verbs a caller has on a component: the permission algorithm of control-plane 3.3, over a role's rows in table order.
 *
 * Two spellings are equal on both sides, `_table/author` and `_table/author/` (data-plane 2.4). The inline arguments of a
 * procedure are cut off its component; elsewhere a parenthesis is part of the name, so that no rule of `a` answers for `a(b)`.
 */
import { allVerbs, type Caller, type Requestor, type Role, type Rule } from '../plugins/contract.ts'

const requestorBits: { readonly [R in Requestor]: number } = { api: 1, script: 2 }
const noRules: readonly Rule[] = []

/** How near a row comes to what is asked, nearest first: the first category with a row decides, whatever its mask. */
const nearness = ['exact', 'wild', 'service', 'all'] as const
export type Nearness = (typeof nearness)[number]

/** A component as it is compared: lower case, without outer slashes and a procedure's arguments. */
export function normalComponent(component: string): string {
  const text = trimSlashes(component.toLowerCase())
  const open = /^_(?:proc|func)\/[^/]*?(?=\()/.exec(text)
  return open !== null && text.endsWith(')') ? trimSlashes(open[0]) : text
}

/** The mask of verbs on a component of a service, in any case. Braces are text: this is what requests ask. */
export function maskOf(caller: Caller, service: string, component: string): number {
  return fold(caller, service.toLowerCase(), normalComponent(component), null)
}

/**
 * The same for questions of documentation, whose component may hold parameters: `_table/{name}` also fits the rows whose text has
 * a name in the place of the braces.
 */
export function maskFor(caller: Caller, service: string, component: string): number {
  const text = normalComponent(component)
  return fold(caller, service.toLowerCase(), text, text.includes('{') ? parameterPattern(text) : null)
}

function fold(caller: Caller, service: string, component: string, parameters: RegExp | null): number {
  if (caller.admin) return allVerbs
  const { role } = caller
  if (role === null || !role.isActive) return 0
  const found: { [N in Nearness]: number | null } = { exact: null, wild: null, service: null, all: null }
  for (const rule of rulesFor(role, service, caller.requestor)) {
    const near = nearnessOf(rule, component, parameters)
    if (near !== null) found[near] = (found[near] ?? 0) | rule.verbs
  }
  for (const rule of rulesFor(role, '', caller.requestor)) {
    if (rule.component === '*' || (rule.component === '' && component === '')) found.all = (found.all ?? 0) | rule.verbs
  }
  return found.exact ?? found.wild ?? found.service ?? found.all ?? 0
}

/** A role's rows of one service that this kind of requestor sees; '' are the rows for all services. */
export function* rulesFor(role: Role, service: string, requestor: Requestor): Iterable<Rule> {
  const bit = requestorBits[requestor]
  for (const rule of role.rules.get(service) ?? noRules) {
    if ((rule.requestors & bit) !== 0) yield rule
  }
}

/** How a row of the asked service meets the (normal) component; null: not at all. */
export function nearnessOf(rule: Rule, component: string, parameters: RegExp | null = null): Exclude<Nearness, 'all'> | null {
  const row = rule.component
  if (component === '') return row === '' ? 'exact' : row === '*' ? 'service' : null
  if (row === component) return 'exact'
  const star = row.indexOf('*')
  // Text after the first star makes a row match nothing.
  if (star >= 0) return star === row.length - 1 && `${component}/`.startsWith(row.slice(0, star)) ? 'wild' : null
  return parameters?.test(row) ? 'wild' : null
}

function parameterPattern(component: string): RegExp {
  const parts = component.split(/\{[^{}]*\}/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${parts.join('[a-zA-Z0-9_]+')}$`, 'i')
}

function trimSlashes(text: string): string {
  let from = 0
  let to = text.length
  while (from < to && text[from] === '/') from++
  while (to > from && text[to - 1] === '/') to--
  return from === 0 && to === text.length ? text : text.slice(from, to)
}
