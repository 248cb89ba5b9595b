/** Words of a database for simple types (data-plane 6.5): each dialect has a table of its own, made of these. */
import type { SimpleType } from 'dataferry/records'

export type TypeWords = { readonly [T in SimpleType]?: string }

/** Types that the database calls as the contract does. */
export const asNamed = (...types: readonly SimpleType[]): TypeWords =>
  Object.fromEntries(types.map((type) => [type, type]))

/** What refers to a key, of a table or of a user. */
export const references = (word: string): TypeWords => ({
  reference: word,
  user_id: word,
  user_id_on_create: word,
  user_id_on_update: word,
})
