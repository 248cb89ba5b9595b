/**
 * Folds a role's rows into the Policy of one component and verb: what the record engine may show and change (control-plane 3.4).
 * The kernel carries row filters and never reads them.
 */
import { allVerbs, type Caller, type Policy, type Rule, type Verb, verbBits } from '../plugins/contract.ts'
import { maskOf, nearnessOf, normalComponent, rulesFor } from './masks.ts'

const none: ReadonlySet<string> = new Set()
const everything: Policy = { verbs: allVerbs, rows: null, hidden: none, readOnly: none }
const nothing: Policy = { verbs: 0, rows: null, hidden: none, readOnly: none }

/**
 * `component` is `_table/{table}`, without an id. Row filter and field rights come from one row: of the nearest category that has
 * rows with the verb, the last. Rows for all services carry neither.
 */
export function policyFor(caller: Caller, service: string, component: string, verb: Verb): Policy {
  if (caller.admin) return everything
  if (caller.role === null || !caller.role.isActive) return nothing
  const verbs = maskOf(caller, service, component)
  const rule = deciding(caller, service.toLowerCase(), normalComponent(component), verbBits[verb])
  return { verbs, rows: rule?.rows ?? null, hidden: rule?.fields?.hidden ?? none, readOnly: rule?.fields?.readOnly ?? none }
}

function deciding(caller: Caller, service: string, component: string, bit: number): Rule | null {
  if (caller.role === null) return null
  let exact: Rule | null = null
  let wild: Rule | null = null
  let root: Rule | null = null
  for (const rule of rulesFor(caller.role, service, caller.requestor)) {
    if ((rule.verbs & bit) === 0) continue
    const near = nearnessOf(rule, component)
    if (near === 'exact') exact = rule
    else if (near === 'wild') wild = rule
    else if (near === 'service') root = rule
  }
  return exact ?? wild ?? root
}
