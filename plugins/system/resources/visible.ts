/** Which services a caller may see (control-plane 3.5): those of its role's rows, else what a row for all services gives. */
import type { Caller } from 'dataferry/sdk'

const api = 1
const script = 2

export function seesService({ admin, role, requestor }: Caller, name: string): boolean {
  if (admin) return true
  if (role === null || !role.isActive) return false
  const bit = requestor === 'script' ? script : api
  const rules = (role.rules.get(name.toLowerCase()) ?? role.rules.get('') ?? []).filter(
    (rule) => (rule.requestors & bit) !== 0,
  )
  return rules.some((rule) => rule.verbs !== 0)
}
