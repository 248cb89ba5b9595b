/**
 * The lookups that a caller may use, and the role that applies to it: both follow from the app of the key and the user of the
 * token (control-plane 2.4, 10.7, data-plane 2.13).
 */
import type { App, Json, Lookup, Role, Snapshot, UserFacts } from '../plugins/contract.ts'

/** Who a caller is, before what follows from it. */
export interface Who {
  readonly user: UserFacts | null
  readonly app: App | null
  readonly token: string | null
}

/** control-plane 2.4: the role of the pair, else of any assignment of the user, else the app's. Without an app there is none. */
export function roleOf({ user, app }: Who, snapshot: Pick<Snapshot, 'roles'>): Role | null {
  if (app === null) return null
  const assignments = user?.assignments ?? []
  const assigned = assignments.find((pair) => pair.app === app.id) ?? assignments[0]
  const id = assigned === undefined ? app.roleId : assigned.role
  return id === null ? null : (snapshot.roles.get(id) ?? null)
}

/** What the instance tells of itself: `df.name`, `df.version`, `df.api_version`. */
export interface About {
  readonly name: string
  readonly version: string
}

/**
 * Public lookups by name. Built-ins win over stored ones; of these the user's over the role's, the app's and the system's. A
 * private one hides the wider ones of its name: it resolves nowhere that a client can look.
 */
export function lookupsOf(
  who: Who,
  role: Role | null,
  snapshot: Pick<Snapshot, 'lookups'>,
  about: About,
): { readonly [name: string]: Json } {
  const found: { [name: string]: Json } = Object.create(null)
  const stored: readonly { readonly [name: string]: Lookup }[] = [
    snapshot.lookups,
    who.app?.lookups ?? {},
    role?.lookups ?? {},
    who.user?.lookups ?? {},
  ]
  for (const scope of stored) {
    for (const [name, lookup] of Object.entries(scope)) {
      if (lookup.private) delete found[name]
      else found[name] = lookup.value
    }
  }
  return Object.assign(found, builtIns(who, role, about))
}

function builtIns({ user, app, token }: Who, role: Role | null, about: About): { [name: string]: Json } {
  return {
    'df.name': about.name,
    'df.version': about.version,
    'df.api_version': '2.0',
    ...(token === null ? {} : { 'session.id': token, 'session.token': token }),
    ...(user === null
      ? {}
      : {
          'user.id': user.id,
          'user.name': user.name,
          'user.username': user.username,
          'user.display_name': user.name,
          'user.first_name': user.firstName,
          'user.last_name': user.lastName,
          'user.email': user.email,
          'user.phone': user.phone,
          'user.is_sys_admin': user.isSysAdmin,
          'user.last_login_date': user.lastLoginDate,
        }),
    ...(role === null
      ? {}
      : {
          'role.id': role.id,
          'role.name': role.name,
          'role.description': role.description,
          'role.is_active': role.isActive,
        }),
    ...(app === null
      ? {}
      : {
          'app.id': app.id,
          'app.name': app.name,
          'app.api_key': app.apiKey,
          'app.is_active': app.isActive,
          'app.role_id': app.roleId,
        }),
  }
}
