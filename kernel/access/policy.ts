/**
 * Folds a role's rows into the Policy of one component and verb: what the record engine may show and change (control-plane 3.4).
 * The kernel carries row filters and never reads them.
 */
import { allVerbs, type Caller, type Policy, type Role, type Verb, verbBits } from '../plugins/contract.ts'
import { activeRole, covering, match, normalComponent } from './masks.ts'

const none: ReadonlySet<string> = new Set()
const everything: Policy = { verbs: allVerbs, rows: null, hidden: none, readOnly: none }
const nothing: Policy = { verbs: 0, rows: null, hidden: none, readOnly: none }

/** Policies by what was asked, for as long as the role is as it is: the same answer is the same object. */
const known = new WeakMap<Role, Map<string, Policy>>()
/** Components hold names that clients send. */
const mostKnown = 1_000

/**
 * `component` is `_table/{table}`, without an id. The row filter comes from one row: of the nearest category that has rows with the
 * verb, the last (control-plane 3.4). Field rights add up over every row that covers the table, whatever its verbs, so that no other
 * row gives back what one takes away. Rows for all services carry neither.
 */
export function policyFor(caller: Caller, service: string, component: string, verb: Verb): Policy {
  if (caller.admin) return everything
  const role = activeRole(caller)
  if (role === null) return nothing
  const asked = `${verb} ${caller.requestor} ${service} ${component}`
  let policies = known.get(role)
  if (policies === undefined || policies.size >= mostKnown) {
    policies = new Map()
    known.set(role, policies)
  }
  let policy = policies.get(asked)
  if (policy === undefined) {
    policy = fold(role, caller, service, component, verb)
    policies.set(asked, policy)
  }
  return policy
}

function fold(role: Role, caller: Caller, service: string, component: string, verb: Verb): Policy {
  const name = service.toLowerCase()
  const asked = normalComponent(component)
  const { verbs, rule } = match(role, caller, name, asked, verbBits[verb], null)
  const fields = covering(role, caller, name, asked).flatMap((each) => each.fields ?? [])
  return {
    verbs,
    rows: rule?.rows ?? null,
    hidden: union(fields.map((each) => each.hidden)),
    readOnly: union(fields.map((each) => each.readOnly)),
  }
}

function union(sets: readonly ReadonlySet<string>[]): ReadonlySet<string> {
  const [only] = sets
  return only === undefined ? none : sets.length === 1 ? only : new Set(sets.flatMap((each) => [...each]))
}
