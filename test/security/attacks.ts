/** Filters that try to get round a role's row filter: hand-made ones, and many glued from their pieces by a seeded generator. */

const handMade = [
  'id > 0) OR (id > 0',
  '(id > 0)) OR ((id > 0)',
  'id > 0) or (owner != 7',
  '(owner = 7) OR (owner != 7)',
  'owner = 1',
  'owner in (1,2,3,4,5,6,8,9)',
  'NOT (owner = 7)',
  'NOT ((owner = 7) AND (id > 0))',
  '(id > 0) XOR (owner = 7)',
  'owner is not null',
  '(owner = 1) || (1 = 1)',
  "status = 'x' OR 1=1 --",
  "status = '' OR ''=''",
  "status = 'a' UNION SELECT * FROM notes",
  'id > 0; delete from notes',
  'id > 0 /* ) */ OR owner = 1',
  'id > 0 # ) OR (owner = 1',
  'id > (select 0)',
  'id > 0) -- ',
  'id > 0\u0000) OR (id > 0',
  'id\t>\t0)\nOR\n(id > 0',
  'id > 0%29 OR %28id > 0',
  'id > 0&#41; OR &#40;id > 0',
  'id > 0） OR （id > 0',
  '"owner" = 1',
  '`owner` = 1',
  'notes.owner = 1',
  'owner = (id)',
  'owner = (owner)',
  'owner between 1 and 9',
  "owner like '%'",
  "status contains ') OR (owner = 1'",
  "status = '{user.id}) OR (id > 0'",
  "status = '{evil}'",
  'status = :p',
  'id in (1) or (id > 0)',
  'id in (1)) or (id in (2)',
  '((((((((((id > 0',
  '))))))))))',
  'and',
  "'",
  '()',
  ')(',
]

const pieces = [
  'id > 0',
  'owner = 1',
  'owner != 7',
  "status = 'open'",
  'id in (1,2,3)',
  'owner is null',
  "status like '%'",
  '1 = 1',
  'owner = 7',
  "status = '') OR ('' = ''",
  'id >= 0 -- ',
  'id > 0 /*',
  '*/ id > 0',
  "status = 'it''s'",
  'owner not in (7)',
  'id = :p',
]
const sound = [
  'id > 0',
  'owner = 1',
  'owner != 7',
  "status = 'open'",
  'id in (1,2,3,6,15)',
  "status like '%'",
  'owner = 7',
  'owner between 1 and 9',
  'id >= (owner)',
  'id is not null',
]
const joints = [
  ' AND ',
  ' OR ',
  ') OR (',
  ') AND (',
  ' XOR ',
  '||',
  '&&',
  ' AND NOT ',
  ')OR(',
  ' or\n',
  '\tOR\t',
  ' NOR ',
  ';',
  ',',
  ' UNION ',
]
const heads = ['', '(', '((', 'NOT ', 'NOT (', "'", '"', ')', '(NOT (']
const tails = ['', ')', '))', "'", '"', ' --', ' /*', ';', ')))', '\u0000', ' #']

/** mulberry32 */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

/** At least `count` filters, the same for every run. */
export function attacks(count: number): readonly string[] {
  const random = randomFrom(7)
  const pick = (from: readonly string[]): string => from[Math.floor(random() * from.length)] as string
  const encode = (text: string): string => (random() < 0.08 ? encodeURIComponent(text) : text)
  const made = new Set(handMade)
  // A third is well formed, so that filters that are understood are tried as much as those that are refused.
  const group = (depth: number): string => {
    if (depth === 0 || random() < 0.3) return `(${pick(sound)})`
    return `(${random() < 0.2 ? 'NOT ' : ''}(${group(depth - 1)}${pick([' AND ', ' OR ', ' XOR '])}${group(depth - 1)}))`
  }
  while (made.size < count / 3) made.add(group(3))
  while (made.size < count) {
    let text = pick(heads) + pick(pieces)
    for (let more = Math.floor(random() * 4); more > 0; more--)
      text += pick(joints) + pick(heads) + pick(pieces) + (random() < 0.3 ? pick(tails) : '')
    made.add(encode(text + pick(tails)))
  }
  return [...made]
}
