/** The `sub` claim (control-plane 1.4): a change of the email ends the tokens of before. */
import { createHash } from 'node:crypto'
import type { TokenClaims, UserFacts } from 'dataferry/sdk'

export function isSubject(user: Pick<UserFacts, 'email'>, claims: Pick<TokenClaims, 'sub'>): boolean {
  return createHash('md5').update(user.email).digest('hex') === claims.sub
}
