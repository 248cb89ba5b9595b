/**
 * A role's rows, made ready to be matched: once for each role object, which never changes (a change makes a new snapshot with new ones).
 */
import type { Requestor, Role, Rule } from '../plugins/contract.ts'

/** A row with what its component means (control-plane 3.2). */
export interface ReadyRule {
  readonly rule: Rule
  /** The whole component. */
  readonly text: string
  /** What stands before a star at the end; null: no star, or one with text after it, which matches nothing. */
  readonly prefix: string | null
  /** Without any star: the text may be compared with a pattern of parameters. */
  readonly plain: boolean
}

type ByService = ReadonlyMap<string, readonly ReadyRule[]>

const requestorBits: { readonly [R in Requestor]: number } = { api: 1, script: 2 }
const none: readonly ReadyRule[] = []
const ready = new WeakMap<Role, { readonly [R in Requestor]: ByService }>()

/** The rows of one (lower-case) service that this kind of requestor sees, in table order; '' are the rows for all services. */
export function rulesOf(role: Role, service: string, requestor: Requestor): readonly ReadyRule[] {
  let rules = ready.get(role)
  if (rules === undefined) {
    rules = { api: prepare(role, requestorBits.api), script: prepare(role, requestorBits.script) }
    ready.set(role, rules)
  }
  return rules[requestor].get(service) ?? none
}

function prepare(role: Role, bit: number): ByService {
  const services = [...role.rules].map(([service, rules]): [string, ReadyRule[]] => [
    service,
    rules.filter((rule) => (rule.requestors & bit) !== 0).map(readyRule),
  ])
  return new Map(services.filter(([, rules]) => rules.length > 0))
}

function readyRule(rule: Rule): ReadyRule {
  const text = rule.component
  const star = text.indexOf('*')
  return { rule, text, prefix: star >= 0 && star === text.length - 1 ? text.slice(0, star) : null, plain: star < 0 }
}
