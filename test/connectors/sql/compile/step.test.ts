/** Fields of related tables in conditions and orders as SQL: subqueries under aliases of their own. */
import type { Exists, Predicate, ReadPlan, RelatedStep } from 'dataferry/records'
import { at, author, authorOfBook, book, booksOfAuthor, bookTag, col, eq, reads, shown, tag } from '../tables.ts'
import { type Expected, golden } from './golden.ts'

const toAuthor = (where: Predicate | null): RelatedStep => ({
  from: book,
  to: author,
  on: [{ own: col(book, 'author_id'), other: col(author, 'id') }],
  via: null,
  where,
})
const toTags = (where: Predicate | null, seen: Predicate | null = null): RelatedStep => ({
  from: book,
  to: tag,
  on: [{ own: col(book, 'id'), other: col(bookTag, 'book_id') }],
  via: { table: bookTag, far: [{ junction: col(bookTag, 'tag_id'), child: col(tag, 'id') }], where: seen },
  where,
})
const toBooks = (where: Predicate | null): RelatedStep => ({
  from: author,
  to: book,
  on: [{ own: col(author, 'id'), other: col(book, 'author_id') }],
  via: null,
  where,
})
const exists = (step: RelatedStep): Exists => ({ kind: 'exists', step })

const cases: readonly { readonly name: string; readonly plan: ReadPlan; readonly sql: Expected<readonly string[]> }[] =
  []

for (const { name, plan, sql } of cases) {
  golden(name, sql, (compiler) => {
    const { rows, related } = compiler.compileRead(plan, 'x')
    return [...(rows ? [rows.text] : []), ...related.map((each) => each.rows.text)]
  })
}
