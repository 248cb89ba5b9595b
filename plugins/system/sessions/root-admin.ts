/**
 * `is_root_admin` (control-plane 4.6, 12.2): the original's admin interface shows its screen of administrators to who has it. Here
 * every full administrator may do what that screen does. Told to that interface alone, which is known by its key: to others it is no
 * field of sessions and records.
 */
import type { Caller, UserFacts } from 'dataferry/sdk'
import { adminInterfaceKey } from '../store/seeds.ts'

export function rootAdmin(
  caller: Pick<Caller, 'app'>,
  user: Pick<UserFacts, 'isSysAdmin' | 'assignments'> | null,
): { readonly is_root_admin?: 0 | 1 } {
  if (caller.app?.apiKey !== adminInterfaceKey || user?.isSysAdmin !== true) return {}
  return { is_root_admin: user.assignments.length === 0 ? 1 : 0 }
}
