/** Somebody must be left who can administer. */
import { BadRequest } from 'dataferry/sdk'
import { numberAt } from '../store/columns.ts'
import type { Transaction } from '../store/tables.ts'

/**
 * After a change that took something from administrators: throws BadRequest where none is left who is active and has no role in any
 * app, which would make a restricted one (control-plane 2.4).
 */
export async function keepAnAdministrator(tx: Transaction): Promise<void> {
  const active = await tx.rows('user', { is_sys_admin: true, is_active: true })
  const ids = active.map((row) => numberAt(row, 'id'))
  if (ids.length > 0) {
    const restricted = new Set((await tx.rows('user_to_app_to_role', { user_id: ids })).map((row) => row.user_id))
    if (ids.some((id) => !restricted.has(id))) return
  }
  throw new BadRequest(
    'This would leave no active administrator without a role in an app: nobody could administer. Make another one first.',
  )
}
