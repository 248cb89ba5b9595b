/** Invitations of users and administrators, as their records ask for them (control-plane 1.9). */
import type { PluginHost } from 'dataferry/sdk'
import type { Invites } from '../models/user-model.ts'
import { newCode } from '../sessions/codes.ts'
import type { MailDesk } from './desk.ts'

export function invitesOf(desk: MailDesk, { auth, url }: PluginHost['settings']): Invites {
  return {
    newCode: () => newCode(auth.confirmCodeLength),
    async note(tx, user, code, request) {
      // Whoever invites is an administrator: the address that they reach this server at may be told.
      const letter = { purpose: 'invite', user, code, origin: url ?? request.origin } as const
      const noted = await desk.note(tx, letter)
      return () => desk.send(noted, letter)
    },
  }
}
