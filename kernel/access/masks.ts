/**
 * Which verbs a caller has on a component: the permission algorithm of control-plane 3.3, over a role's rows in table order.
 *
 * Two spellings are equal on both sides, `_table/author` and `_table/author/` (data-plane 2.4). The inline arguments of a
 * procedure are cut off its component; elsewhere a parenthesis is part of the name, so that no rule of `a` answers for `a(b)`.
 */
import { allVerbs, type Caller, type Role, type Rule } from '../plugins/contract.ts'
import { type ReadyRule, rulesOf } from './rules.ts'

/** What a role's rows say about one component. */
export interface Match {
  readonly verbs: number
  /** Of the rows of the service that have the verb asked for: the last one of the nearest category (control-plane 3.4). */
  readonly rule: Rule | null
}

/** A component as it is compared: lower case, without outer slashes and a procedure's arguments. */
export function normalComponent(component: string): string {
  const text = trimSlashes(component.toLowerCase())
  if (!text.endsWith(')')) return text
  const [procedure] = /^_(?:proc|func)\/[^/]*?(?=\()/.exec(text) ?? []
  return procedure === undefined ? text : trimSlashes(procedure)
}

/** The mask of verbs on a component of a service, in any case. Braces are text: this is what requests ask. */
export function maskOf(caller: Caller, service: string, component: string): number {
  if (caller.admin) return allVerbs
  const role = activeRole(caller)
  return role === null ? 0 : match(role, caller, service.toLowerCase(), normalComponent(component), 0, null).verbs
}

/**
 * The same for questions of documentation, whose component may hold parameters: `_table/{name}` also fits the rows whose text has
 * a name in the place of the braces.
 */
export function maskFor(caller: Caller, service: string, component: string): number {
  if (!component.includes('{')) return maskOf(caller, service, component)
  if (caller.admin) return allVerbs
  const role = activeRole(caller)
  const text = normalComponent(component)
  return role === null ? 0 : match(role, caller, service.toLowerCase(), text, 0, parameterPattern(text)).verbs
}

/** The role, if it counts: an inactive one has no rights. */
export function activeRole({ role }: Pick<Caller, 'role'>): Role | null {
  return role?.isActive ? role : null
}

/**
 * The first category with a row decides, whatever its mask: exact, wild, the service's star (for its root), rows for all services.
 * `service` and `component` are normal; `verb` is the bit whose deciding row is wanted.
 */
export function match(
  role: Role,
  { requestor }: Pick<Caller, 'requestor'>,
  service: string,
  component: string,
  verb: number,
  parameters: RegExp | null,
): Match {
  // -1: no row of the category was found, which differs from a row without verbs.
  let exact = -1
  let wild = -1
  let root = -1
  let exactRule: Rule | null = null
  let wildRule: Rule | null = null
  let rootRule: Rule | null = null
  const slashed = `${component}/`
  for (const ready of rulesOf(role, service, requestor)) {
    const { rule } = ready
    const decides = (rule.verbs & verb) !== 0
    if (ready.text === component) {
      exact = unite(exact, rule)
      if (decides) exactRule = rule
    } else if (component === '') {
      if (ready.text !== '*') continue
      root = unite(root, rule)
      if (decides) rootRule = rule
    } else if (isWild(ready, slashed, parameters)) {
      wild = unite(wild, rule)
      if (decides) wildRule = rule
    }
  }
  const rule = exactRule ?? wildRule ?? rootRule
  if (exact >= 0) return { verbs: exact, rule }
  if (wild >= 0) return { verbs: wild, rule }
  if (root >= 0) return { verbs: root, rule }
  return { verbs: forAllServices(role, { requestor }, component), rule }
}

/** Every row of the service whose text fits the component, in table order. `service` and `component` are normal. */
export function covering(
  role: Role,
  { requestor }: Pick<Caller, 'requestor'>,
  service: string,
  component: string,
): readonly Rule[] {
  const slashed = `${component}/`
  return rulesOf(role, service, requestor)
    .filter((ready) => ready.text === component || isWild(ready, slashed, null))
    .map(({ rule }) => rule)
}

function forAllServices(role: Role, { requestor }: Pick<Caller, 'requestor'>, component: string): number {
  let verbs = 0
  for (const { text, rule } of rulesOf(role, '', requestor)) {
    if (text === '*' || (text === '' && component === '')) verbs |= rule.verbs
  }
  return verbs
}

function isWild({ prefix, plain, text }: ReadyRule, slashed: string, parameters: RegExp | null): boolean {
  if (prefix !== null) return slashed.startsWith(prefix)
  return plain && parameters !== null ? parameters.test(text) : false
}

function unite(found: number, rule: Rule): number {
  return found < 0 ? rule.verbs : found | rule.verbs
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
