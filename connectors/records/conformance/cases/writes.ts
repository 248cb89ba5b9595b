/** Creating, updating, replacing and deleting records in every way of naming them (data-plane 3.6 to 3.8, 3.10, 3.12). */
import type { Json } from 'dataferry/sdk'
import { library } from '../library.ts'
import type { Case, Group } from '../types.ts'

const notFound = (id: string): string => `Record with identifier '${id}' not found.`
const none = /^No record\(s\) detected in request\./
const list = (ask: string, answer: readonly Json[]): NonNullable<Case['then']>[number] => ({ ask, answer: { resource: answer } })

/** A generated key: below those of the tables, or behind them. */
function generated(count: number): (body: Json) => void {
  return (body) => {
    const { resource } = body as { readonly resource: readonly { readonly id: number }[] }
    const ids = new Set(resource.map(({ id }) => id))
    const known = [1001, 1002, 1003, 1004]
    if (ids.size !== count || [...ids].some((id) => !Number.isInteger(id) || known.includes(id))) {
      throw new Error(`unexpected keys: ${JSON.stringify(resource)}`)
    }
  }
}

const create: readonly Case[] = [
  { name: 'one record', ask: 'POST author', body: { resource: [{ name: 'eve' }] }, status: 201, answer: generated(1), then: [{ ask: 'GET author?filter=name = eve&fields=name,email', answer: { resource: [{ name: 'eve', email: null }] } }] },
  { name: 'a bare list', ask: 'POST author', body: [{ name: 'eve' }, { name: 'fay' }], status: 201, answer: generated(2), then: [{ ask: 'GET author?count_only=true', answer: 6 }] },
  { name: 'one record in the wrapper', ask: 'POST author?fields=name', body: { resource: { name: 'eve' } }, status: 201, answer: { resource: [{ name: 'eve' }] } },
  { name: 'a key of its own', ask: 'POST author', body: { resource: [{ id: 1900, name: 'eve' }] }, status: 201, answer: { resource: [{ id: 1900 }] } },
  { name: 'with fields', ask: 'POST author?fields=id,name,active', body: { resource: [{ id: 1900, name: 'eve', active: true }] }, status: 201, answer: { resource: [{ id: 1900, name: 'eve', active: true }] } },
  { name: 'with all fields', ask: 'POST tag?fields=*', body: { resource: [{ id: 3900, label: 'x' }] }, status: 201, answer: { resource: [{ id: 3900, label: 'x' }] } },
  { name: 'in the order of the request', ask: 'POST author', body: { resource: [{ id: 1903, name: 'a' }, { id: 1901, name: 'b' }, { id: 1902, name: 'c' }] }, status: 201, ids: [1903, 1901, 1902] },
  { name: 'records with other fields', ask: 'POST author?fields=id,name,rating', body: { resource: [{ id: 1901, name: 'a', rating: 1 }, { name: 'b', id: 1902 }, { rating: 2.5, id: 1903, name: 'c' }] }, status: 201, answer: { resource: [{ id: 1901, name: 'a', rating: 1 }, { id: 1902, name: 'b', rating: null }, { id: 1903, name: 'c', rating: 2.5 }] } },
  { name: 'unknown fields are ignored', ask: 'POST author', body: { resource: [{ id: 1900, name: 'x', nothing: 1 }] }, status: 201, answer: { resource: [{ id: 1900 }] } },
  { name: 'names of fields in any case', ask: 'POST author?fields=name', body: { resource: [{ NAME: 'x' }] }, status: 201, answer: { resource: [{ name: 'x' }] } },
  { name: 'a composite key', ask: 'POST area', body: { resource: [{ region: 'w', no: 7 }] }, status: 201, answer: { resource: [{ region: 'w', no: 7 }] } },
  { name: 'half a composite key', ask: 'POST area', body: { resource: [{ region: 'w' }] }, status: 400, message: /Required id field\(s\) not found in record 0: no/ },
  { name: 'a key of text', ask: 'POST currency', body: { resource: [{ code: 'usd' }] }, status: 201, answer: { resource: [{ code: 'usd' }] } },
  { name: 'without a key', ask: 'POST journal', body: { resource: [{ line: 'new', n: 9 }] }, status: 201, then: [list('GET journal?filter=n = 9', [{ line: 'new', n: 9 }])] },
  { name: 'with relations', ask: 'POST book?fields=title&related=author_by_author_id&author_by_author_id.fields=name', body: { resource: [{ title: 'new', author_id: 1002 }] }, status: 201, needs: ['related'], answer: { resource: [{ title: 'new', author_id: 1002, author_by_author_id: { name: 'bob' } }] } },
  { name: 'an expression', ask: 'POST author?fields=name', body: { resource: [{ name: { expression: "upper('eve')" } }] }, status: 201, answer: { resource: [{ name: 'EVE' }] } },
  { name: 'an expression that is not allowed', ask: 'POST author', body: { resource: [{ name: { expression: 'pg_sleep(1)' } }] }, status: 400, message: /SQL expression 'pg_sleep\(1\)' is not permitted\./ },
  { name: 'all values as texts', ask: 'POST book?fields=id,price,pages', body: { resource: [{ id: '2900', title: 't', price: '1.5', pages: '12' }] }, untyped: true, status: 201, answer: { resource: [{ id: 2900, price: 1.5, pages: 12 }] } },
  { name: 'nothing but unknown fields', ask: 'POST author', body: { resource: [{ nothing: 1 }] }, status: 400 },
  { name: 'a bare object', ask: 'POST author', body: { name: 'x' }, status: 400, message: none },
  { name: 'an empty list', ask: 'POST author', body: { resource: [] }, status: 400, message: none },
  { name: 'no body', ask: 'POST author', status: 400, message: none },
  { name: 'by id', ask: 'POST author/5', body: { name: 'x' }, status: 400, message: 'Create record by identifier not currently supported.' },
  { name: 'an unknown field to answer writes nothing', ask: 'POST author?fields=foo', body: { resource: [{ name: 'x' }] }, status: 400, then: [{ ask: 'GET author?count_only=true', answer: 4 }] },
  { name: 'null in a required field', ask: 'POST author', body: { resource: [{ name: null }] }, status: 400, message: /Field 'name' can not be NULL\./ },
  { name: 'a required field left out', ask: 'POST author', body: { resource: [{ email: 'x@x.test' }] }, status: 400, message: /Required field 'name' can not be NULL\./ },
  { name: 'an empty text stays one', ask: 'POST author?fields=name,email', body: { resource: [{ name: '', email: '' }] }, status: 201, answer: { resource: [{ name: '', email: '' }] } },
  { name: 'an empty text in other columns is null', ask: 'POST author?fields=born,active,rating', body: { resource: [{ name: 'x', born: '', active: '', rating: '' }] }, status: 201, answer: { resource: [{ born: null, active: null, rating: null }] } },
  { name: 'many records', ask: 'POST journal', body: { resource: Array.from({ length: 700 }, (_, n) => ({ line: `l${n}`, n: n + 10 })) }, status: 201, count: 700, then: [{ ask: 'GET journal?count_only=true', answer: 703 }, { ask: 'GET journal?filter=n = 709&fields=line', answer: { resource: [{ line: 'l699' }] } }] },
]

const update: readonly Case[] = ['PATCH', 'PUT'].flatMap((verb): readonly Case[] => [
  { name: `${verb} by id`, ask: `${verb} author/1001`, body: { name: 'new' }, answer: { id: 1001 }, then: [list('GET author?ids=1001&fields=name,email', [{ name: 'new', email: 'ann@x.test' }])] },
  { name: `${verb} by id with fields`, ask: `${verb} author/1001?fields=name,active`, body: { active: false }, answer: { name: 'ann', active: false } },
  { name: `${verb} by id, wrapped`, ask: `${verb} author/1001?fields=name`, body: { resource: [{ name: 'new' }] }, answer: { name: 'new' } },
  { name: `${verb} by id with several records`, ask: `${verb} author/1001`, body: { resource: [{ name: 'a' }, { name: 'b' }] }, status: 400 },
  { name: `${verb} by a missing id`, ask: `${verb} author/9`, body: { name: 'x' }, status: 404, message: notFound('9') },
  { name: `${verb} by records`, ask: `${verb} author`, body: { resource: [{ id: 1002, name: 'b' }, { id: 1001, name: 'a' }] }, answer: { resource: [{ id: 1002 }, { id: 1001 }] }, then: [list('GET author?ids=1001,1002&fields=name', [{ name: 'a' }, { name: 'b' }])] },
  { name: `${verb} by records with fields`, ask: `${verb} author?fields=id,name`, body: { resource: [{ id: 1002, name: 'b' }, { id: 1001, name: 'a' }] }, answer: { resource: [{ id: 1002, name: 'b' }, { id: 1001, name: 'a' }] } },
  { name: `${verb} by records without their key`, ask: `${verb} author`, body: { resource: [{ name: 'x' }] }, status: 400, message: /Required id field\(s\) not found in record 0: id/ },
  { name: `${verb} by ids`, ask: `${verb} author?ids=1003,1001`, body: { resource: [{ active: false }] }, answer: { resource: [{ id: 1003 }, { id: 1001 }] }, then: [{ ask: 'GET author?filter=active = false&order=id', ids: [1001, 1002, 1003] }] },
  { name: `${verb} by ids with fields`, ask: `${verb} author?ids=1003,1001&fields=id,active`, body: { resource: [{ active: false }] }, answer: { resource: [{ id: 1003, active: false }, { id: 1001, active: false }] } },
  { name: `${verb} by ids of the payload`, ask: `${verb} author`, body: { ids: [1002], resource: [{ name: 'new' }] }, answer: { resource: [{ id: 1002 }] } },
  { name: `${verb} by filter`, ask: `${verb} author?filter=active = true&order=id`, body: { resource: [{ rating: 1 }] }, answer: (body) => sameIds(body, [1001, 1004]), then: [{ ask: 'GET author?filter=rating = 1', ids: [1001, 1004] }] },
  { name: `${verb} by filter that no longer matches`, ask: `${verb} author?filter=active = true&fields=id,active`, body: { resource: [{ active: false }] }, answer: (body) => sameIds(body, [1001, 1004]) },
  { name: `${verb} by filter without a match`, ask: `${verb} author?filter=id = 5`, body: { resource: [{ name: 'x' }] }, answer: { resource: [] } },
  { name: `${verb} by another field`, ask: `${verb} book/100?id_field=pages`, body: { price: 7 }, answer: { pages: 100 }, then: [{ ask: 'GET book?filter=price = 7', ids: [2001, 2004] }] },
  { name: `${verb} that changes nothing`, ask: `${verb} author/1001?fields=name`, body: { name: 'ann' }, answer: { name: 'ann' } },
  { name: `${verb} of nothing in a missing record`, ask: `${verb} author/9`, body: { nothing: 1 }, status: 404 },
  { name: `${verb} without fields`, ask: `${verb} author/1001`, body: {}, status: 400, message: 'The request contains no valid record fields.' },
  { name: `${verb} leaves the key alone`, ask: `${verb} author/1001?fields=id,name`, body: { id: 7777, name: 'x' }, answer: { id: 1001, name: 'x' } },
  { name: `${verb} by a composite key in the path`, ask: `${verb} area/(n,2)?fields=*`, body: { title: 'new' }, answer: { region: 'n', no: 2, title: 'new' } },
  { name: `${verb} by records with composite keys`, ask: `${verb} area`, body: { resource: [{ region: 's', no: 1, title: 'new' }] }, answer: { resource: [{ region: 's', no: 1 }] }, then: [list('GET area?filter=title = new&fields=region,no', [{ region: 's', no: 1 }])] },
  { name: `${verb} sets null`, ask: `${verb} author/1001?fields=email,rating`, body: { email: null, rating: null }, answer: { email: null, rating: null } },
  { name: `${verb} of null in a required field`, ask: `${verb} author/1001`, body: { name: null }, status: 400, message: "Field 'name' can not be NULL." },
  { name: `${verb} by an expression of the record's own fields`, ask: `${verb} book/2001?fields=pages`, body: { pages: { expression: 'pages + 1' } }, answer: { pages: 101 } },
  { name: `${verb} without a body`, ask: `${verb} author?ids=1001`, status: 400, message: none },
  { name: `${verb} by an unknown field of the answer writes nothing`, ask: `${verb} author/1001?fields=foo`, body: { name: 'x' }, status: 400, then: [{ ask: 'GET author/1001?fields=name', answer: { name: 'ann' } }] },
  { name: `${verb} with relations`, ask: `${verb} book/2001?fields=id&related=author_by_author_id&author_by_author_id.fields=name`, body: { author_id: 1002 }, needs: ['related'], answer: { id: 2001, author_id: 1002, author_by_author_id: { name: 'bob' } } },
])

function sameIds(body: Json, expected: readonly number[]): void {
  const { resource } = body as { readonly resource: readonly { readonly id: number }[] }
  const found = resource.map(({ id }) => id).sort((a, b) => a - b)
  if (found.join() !== expected.join()) throw new Error(`unexpected rows: ${JSON.stringify(resource)}`)
}

const remove: readonly Case[] = [
  { name: 'by id', ask: 'DELETE tag/3003', answer: { id: 3003 }, then: [{ ask: 'GET tag/3003', status: 404 }] },
  { name: 'by id with fields, as it was', ask: 'DELETE tag/3003?fields=*', answer: { id: 3003, label: 'rare' } },
  { name: 'by id with relations', ask: 'DELETE book/2002?fields=id&related=tag_by_book_tag&tag_by_book_tag.fields=id', needs: ['related'], answer: { id: 2002, tag_by_book_tag: [{ id: 3002 }] } },
  { name: 'by a missing id', ask: 'DELETE tag/9', status: 404, message: notFound('9') },
  { name: 'by ids', ask: 'DELETE tag?ids=3003,3001', answer: { resource: [{ id: 3003 }, { id: 3001 }] }, then: [{ ask: 'GET tag', ids: [3002] }] },
  { name: 'by ids with fields', ask: 'DELETE tag?ids=3003,3001&fields=label', answer: { resource: [{ label: 'rare' }, { label: 'old' }] } },
  { name: 'by records', ask: 'DELETE tag', body: { resource: [{ id: 3002 }, { id: 3001 }] }, answer: { resource: [{ id: 3002 }, { id: 3001 }] } },
  { name: 'by filter', ask: 'DELETE book?filter=pages = 100', answer: (body) => sameIds(body, [2001, 2004]), then: [{ ask: 'GET book?count_only=true', answer: 4 }] },
  { name: 'by filter, whatever the limit', ask: 'DELETE book?filter=id > 0&limit=1', answer: (body) => sameIds(body, [2001, 2002, 2003, 2004, 2005, 2006]), then: [{ ask: 'GET book?count_only=true', answer: 0 }] },
  { name: 'by filter without a match', ask: 'DELETE book?filter=id = 1', answer: { resource: [] } },
  { name: 'by filter with fields', ask: 'DELETE book?filter=id = 2006&fields=id,title', answer: { resource: [{ id: 2006, title: 'zeta' }] } },
  { name: 'by a composite key', ask: 'DELETE book_tag/(2001,3001)', answer: { book_id: 2001, tag_id: 3001 }, then: [{ ask: 'GET book_tag?count_only=true', answer: 3 }] },
  { name: 'by composite ids', ask: 'DELETE book_tag?ids=(2001,3001),(2005,3001)', count: 2, then: [{ ask: 'GET book_tag?count_only=true', answer: 2 }] },
  { name: 'by records with composite keys', ask: 'DELETE book_tag?fields=note', body: { resource: [{ tag_id: 3002, book_id: 2002 }] }, answer: { resource: [{ note: 'y' }] } },
  { name: 'by another field', ask: 'DELETE book/100?id_field=pages', answer: { pages: 100 }, then: [{ ask: 'GET book?count_only=true', answer: 4 }] },
  { name: 'by filter in a table without a key', ask: 'DELETE journal?filter=n = 2&fields=n', count: 2, then: [{ ask: 'GET journal?count_only=true', answer: 1 }] },
  { name: 'nothing named', ask: 'DELETE tag', status: 400, message: 'No filter or records given for delete request.', then: [{ ask: 'GET tag?count_only=true', answer: 3 }] },
  { name: 'an empty filter', ask: 'DELETE tag?filter=', status: 400, then: [{ ask: 'GET tag?count_only=true', answer: 3 }] },
  { name: 'a broken filter', ask: 'DELETE tag?filter=id >', status: 400, then: [{ ask: 'GET tag?count_only=true', answer: 3 }] },
  { name: 'everything', ask: 'DELETE journal?force=true', answer: { success: true }, then: [{ ask: 'GET journal?count_only=true', answer: 0 }] },
  { name: 'what others refer to', ask: 'DELETE author/1001', status: 400, message: /refer/, then: [{ ask: 'GET author/1001?fields=id', answer: { id: 1001 } }] },
  { name: 'what others refer to and go with', ask: 'DELETE tag/3001', answer: { id: 3001 }, then: [{ ask: 'GET book_tag?filter=tag_id = 3001', field: 'book_id', ids: [] }] },
]

const upsert: readonly Case[] = [
  { name: 'PUT by id inserts what is not there', ask: 'PUT currency/usd', body: { label: 'dollar' }, needs: ['upsert'], answer: { code: 'usd' }, then: [{ ask: 'GET currency/usd', answer: { code: 'usd', label: 'dollar' } }] },
  { name: 'PATCH by id updates what is there', ask: 'PATCH currency/eur?fields=*', body: { label: 'new' }, needs: ['upsert'], answer: { code: 'eur', label: 'new' } },
  { name: 'by records', ask: 'PUT currency?fields=*', body: { resource: [{ code: 'eur', label: 'e' }, { code: 'usd', label: 'u' }] }, needs: ['upsert'], answer: { resource: [{ code: 'eur', label: 'e' }, { code: 'usd', label: 'u' }] } },
  { name: 'a composite key', ask: 'PATCH area/(w,3)?fields=*', body: { title: 'new' }, needs: ['upsert'], answer: { region: 'w', no: 3, title: 'new' } },
  { name: 'a generated key', ask: 'PATCH tag/3900?fields=*', body: { label: 'x' }, needs: ['upsert'], answer: { id: 3900, label: 'x' } },
  { name: 'keeps what is not sent', ask: 'PATCH author/1001?fields=name,email', body: { name: 'x' }, needs: ['upsert'], answer: { name: 'x', email: 'ann@x.test' } },
  { name: 'not by filter', ask: 'PATCH currency?filter=code = usd', body: { resource: [{ label: 'x' }] }, answer: { resource: [] } },
  { name: 'a duplicate of another key is an error', ask: 'PATCH tag/3900', body: { label: 'old' }, needs: ['upsert'], status: 400, message: /Duplicate value/, then: [{ ask: 'GET tag?order=id', ids: [3001, 3002, 3003] }] },
]

const needsWrite = (cases: readonly Case[]): readonly Case[] =>
  cases.map((each) => ({ ...each, needs: [...(each.needs ?? []), 'write' as const] }))

export const writes: readonly Group[] = [
  { name: 'create', tables: library, cases: needsWrite(create) },
  { name: 'update', tables: library, cases: needsWrite(update) },
  { name: 'delete', tables: library, cases: needsWrite(remove) },
  { name: 'upsert', tables: library, config: { allow_upsert: true }, cases: needsWrite(upsert) },
]
