/** The hooks of users and administrators over the record engine. */

import { booleanOption, type Change, type Members, type RecordModel } from 'dataferry/records'
import { type ApiRequest, BadRequest, type Caller, Forbidden } from 'dataferry/sdk'
import { codeDigest, confirmed } from '../sessions/codes.ts'
import { rootAdmin } from '../sessions/root-admin.ts'
import type { Face } from '../sessions/session.ts'
import type { StoreRow, Transaction } from '../store/tables.ts'
import { keepAnAdministrator } from './administrators.ts'
import { idOf, kept, lowered, type ModelTools, relationsIn, rowOf, stamps, transactionOf } from './tools.ts'
import { changedUser, completeUser, computedUser, newUser } from './user.ts'

/** Columns that no client sees (control-plane 1.1, 13.5). */
export const concealedOfUser = [
  'is_sys_admin',
  'is_root_admin',
  'password',
  'security_answer',
  'confirm_code',
  'remember_token',
  'ldap_username',
  'oauth_provider',
  'adldap',
  'saml',
  'email_key',
  'username_key',
  'tokens_valid_from',
] as const

/** Invitations by mail (control-plane 1.9). */
export interface Invites {
  newCode(): string
  /** In the transaction. What it answers sends the mail, after the commit. */
  note(tx: Transaction, user: StoreRow, code: string, request: ApiRequest): Promise<() => void>
}

/** The code that a record with `send_invite` was given; its digest is what is stored. */
const invitation = Symbol('invitation')
type WithInvitation = Members & { readonly [invitation]?: string }
const invitationOf = (change: Change): string | undefined => (change.record as WithInvitation)[invitation]

export function userModel(face: Face, tools: ModelTools, invites: Invites): RecordModel {
  const noted = new WeakMap<Members, () => void>()
  return {
    nested: new Map([
      ['user_to_app_to_role_by_user_id', { naturalKey: ['app_id'] }],
      ['lookup_by_user_id', { naturalKey: ['name'] }],
    ]),
    async prepare({ kind, record, request }) {
      const sent = lowered(record)
      const code = booleanOption(request.query.get('send_invite') ?? sent.send_invite) ? invites.newCode() : null
      const values =
        kind === 'insert' ? { ...(await newUser(sent)), is_sys_admin: face === 'admin' } : await changedUser(sent)
      return {
        ...(kind === 'insert' ? {} : kept(sent, ['id'])),
        ...values,
        ...(code === null ? {} : { confirm_code: codeDigest(code), [invitation]: code }),
        ...stamps(kind, request),
        ...relationsIn(sent),
      }
    },
    async check(session, change) {
      const tx = transactionOf(tools, session)
      if (change.kind === 'insert') {
        await completeUser(tx, null, columnsOf(change))
        return
      }
      const before = await rowOf(tx, 'user', change)
      if (before === undefined) return
      checkFace(face, before, change)
      if (change.kind === 'delete') return checkNotOneself(before, change.request.caller)
      if (invitationOf(change) !== undefined && before.confirm_code === confirmed)
        throw new BadRequest('User with this identifier has already confirmed this account.')
      await complete(tx, before, change)
    },
    async audit(session, change) {
      const tx = transactionOf(tools, session)
      if (face === 'admin' && (change.kind === 'delete' || columnsOf(change).is_active === false))
        await keepAnAdministrator(tx)
      const code = invitationOf(change)
      if (code === undefined) return
      const user = await rowOf(tx, 'user', change)
      if (user !== undefined) noted.set(change.record, await invites.note(tx, user, code, change.request))
    },
    committed(changes) {
      for (const change of changes) {
        tools.accounts.changed(idOf(change))
        noted.get(change.record)?.()
      }
    },
    needs: ['confirm_code', 'last_modified_date'],
    async present(row, { caller }) {
      const shown = { ...row, ...computedUser(row, tools.confirmCodeTtlMinutes, new Date()) }
      if (face !== 'admin' || typeof row.id !== 'number') return shown
      return { ...shown, ...rootAdmin(caller, await tools.accounts.user(row.id)) }
    },
  }
}

const columnsOf = (change: Change): StoreRow => change.record as StoreRow

async function complete(tx: Transaction, before: StoreRow, change: Change): Promise<void> {
  const more = await completeUser(tx, before, columnsOf(change))
  if (Object.keys(more).length > 0) await tx.update('user', { id: idOf(change) }, more)
  // Codes that were mailed to set the old one are void.
  if (columnsOf(change).password !== undefined) await tx.remove('outbox', { user_id: idOf(change) })
}

function checkFace(face: Face, before: StoreRow, { kind }: Change): void {
  const isAdmin = before.is_sys_admin === true
  if (face === 'user' && isAdmin)
    throw new Forbidden(`Not allowed to ${kind === 'delete' ? 'delete' : 'change'} an admin user.`)
  if (face === 'admin' && !isAdmin)
    throw new BadRequest(`Cannot ${kind === 'delete' ? 'delete' : 'update'} a non-admin user.`)
}

function checkNotOneself(before: StoreRow, caller: Caller): void {
  if (caller.user?.id === Number(before.id)) throw new Forbidden('Cannot delete your account.')
}
