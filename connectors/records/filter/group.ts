/** The `group` option (data-plane 3.3): a list of fields. */
import { BadRequest } from 'dataferry/sdk'
import { Lexer } from './lexer.ts'
import { meaningOf } from './resolve.ts'
import { splitTerms } from './terms.ts'
import type { FieldName, PlanExpr, Scope } from './types.ts'

const invalidField = (term: string): BadRequest =>
  new BadRequest(`Invalid or unknown field '${term}' in group by clause.`)

/** Parses `group`; blank members are dropped, names may be quoted. Throws BadRequest with the texts of data-plane 3.3. */
export function parseGroup(text: string): readonly FieldName[] {
  if (text.includes(';')) throw new BadRequest('Invalid group by clause in request.')
  return splitTerms(text).map((term) => {
    const lexer = new Lexer(term)
    const name = lexer.name()
    return name !== null && lexer.atEnd() ? name : term
  })
}

/** Resolves the names. Throws BadRequest `Invalid or unknown field 'x' in group by clause.` */
export function resolveGroup(names: readonly FieldName[], scope: Scope): readonly PlanExpr[] {
  return names.map((name) => {
    const column = scope.column(name)
    const meant = column && meaningOf(column, scope)
    if (!meant) throw invalidField(name)
    return meant
  })
}
