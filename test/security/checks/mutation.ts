/** A check that mutations.ts takes out: what stands in a file once, and what is put in its place. */
export interface Mutation {
  /** What is missing then. */
  readonly name: string
  readonly file: string
  /** Stands in the file once. */
  readonly find: string
  readonly replace: string
  /** What is asked first: a part of the suite, and beginnings of names of its groups. All of it is asked where that finds nothing. */
  readonly suite: 'surfaces' | 'credentials'
  readonly by: string
}
