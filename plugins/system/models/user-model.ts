/** The hooks of users and administrators over the record engine. */

import { booleanOption, type Change, type RecordModel } from 'dataferry/records'
import { BadRequest, type Caller, Forbidden, InternalError } from 'dataferry/sdk'
import type { Face } from '../sessions/session.ts'
import type { StoreRow, Transaction } from '../store/tables.ts'
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

export function userModel(face: Face, tools: ModelTools): RecordModel {
  return {
    nested: new Map([
      ['user_to_app_to_role_by_user_id', { naturalKey: ['app_id'] }],
      ['lookup_by_user_id', { naturalKey: ['name'] }],
    ]),
    async prepare({ kind, record, request }) {
      const sent = lowered(record)
      if (booleanOption(request.query.get('send_invite') ?? sent.send_invite)) {
        throw new InternalError('No email service configured for user invite.')
      }
      const values =
        kind === 'insert' ? { ...(await newUser(sent)), is_sys_admin: face === 'admin' } : await changedUser(sent)
      return {
        ...(kind === 'insert' ? {} : kept(sent, ['id'])),
        ...values,
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
      if (change.kind === 'delete') checkNotOneself(before, change.request.caller)
      else await complete(tx, before, change)
    },
    committed(changes) {
      for (const change of changes) tools.accounts.changed(idOf(change))
    },
    needs: ['confirm_code', 'last_modified_date'],
    present: (row) => ({ ...row, ...computedUser(row, tools.confirmCodeTtlMinutes, new Date()) }),
  }
}

const columnsOf = (change: Change): StoreRow => change.record as StoreRow

async function complete(tx: Transaction, before: StoreRow, change: Change): Promise<void> {
  const more = await completeUser(tx, before, columnsOf(change))
  if (Object.keys(more).length > 0) await tx.update('user', { id: idOf(change) }, more)
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
