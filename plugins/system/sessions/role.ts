/** Which role a user has in an app (control-plane 2.4): of the pair, else of any assignment, else the app's. */
import type { App, Role, Snapshot, UserFacts } from 'dataferry/sdk'

export function roleFor(user: UserFacts, app: App | null, snapshot: Snapshot): Role | null {
  if (app === null) return null
  const assigned = user.assignments.find((pair) => pair.app === app.id) ?? user.assignments[0]
  const id = assigned?.role ?? app.roleId
  return id === null ? null : (snapshot.roles.get(id) ?? null)
}
