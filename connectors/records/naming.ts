/** Labels, plurals and names of relations, as clients of DreamFactory v2 expect them (data-plane 5.1, 6.2). */

/** `dept_emp` is `Dept Emp`; letters behind the first stay as they are. */
export function labelOf(name: string): string {
  return name
    .replaceAll('_', ' ')
    .trim()
    .replace(/(^|[\s.])(\p{Ll})/gu, (_, gap: string, letter: string) => gap + letter.toUpperCase())
}

const same: ReadonlySet<string> = new Set([
  'equipment',
  'information',
  'rice',
  'money',
  'species',
  'series',
  'fish',
  'sheep',
  'deer',
  'news',
  'data',
  'metadata',
  'feedback',
  'staff',
  'software',
  'hardware',
  'audio',
  'traffic',
  'education',
  'moose',
  'bison',
  'police',
  'aircraft',
])

const irregular: ReadonlyMap<string, string> = new Map([
  ['person', 'people'],
  ['man', 'men'],
  ['woman', 'women'],
  ['child', 'children'],
  ['foot', 'feet'],
  ['tooth', 'teeth'],
  ['goose', 'geese'],
  ['mouse', 'mice'],
  ['ox', 'oxen'],
  ['quiz', 'quizzes'],
  ['leaf', 'leaves'],
  ['life', 'lives'],
  ['knife', 'knives'],
  ['wife', 'wives'],
  ['half', 'halves'],
  ['shelf', 'shelves'],
  ['wolf', 'wolves'],
  ['thief', 'thieves'],
  ['hero', 'heroes'],
  ['potato', 'potatoes'],
  ['tomato', 'tomatoes'],
  ['echo', 'echoes'],
  ['index', 'indices'],
  ['matrix', 'matrices'],
  ['vertex', 'vertices'],
  ['appendix', 'appendices'],
  ['axis', 'axes'],
  ['crisis', 'crises'],
  ['analysis', 'analyses'],
  ['basis', 'bases'],
  ['datum', 'data'],
  ['medium', 'media'],
  ['criterion', 'criteria'],
  ['status', 'statuses'],
  ['alias', 'aliases'],
  ['bus', 'buses'],
  ['virus', 'viruses'],
  ['gas', 'gases'],
  ['address', 'addresses'],
  ['access', 'accesses'],
  ['process', 'processes'],
  ['class', 'classes'],
  ['business', 'businesses'],
])

const plurals: ReadonlySet<string> = new Set(irregular.values())

/** The English plural of a label: of its last word, unchanged where that is plural already. */
export function pluralOf(label: string): string {
  const last = /[\p{L}\p{M}']+$/u.exec(label)?.[0]
  if (last === undefined) return label
  return label.slice(0, label.length - last.length) + pluralWord(last)
}

function pluralWord(word: string): string {
  const lower = word.toLowerCase()
  if (same.has(lower) || plurals.has(lower)) return word
  const known = irregular.get(lower)
  if (known !== undefined) return inCaseOf(word, known)
  if (lower.endsWith('s') && !/(?:ss|us|is)$/.test(lower)) return word
  if (lower.endsWith('sis')) return inCaseOf(word, `${lower.slice(0, -2)}es`)
  const upper = word.length > 1 && word === word.toUpperCase()
  if (/(?:ss|us|is|sh|ch|x|z)$/.test(lower)) return word + (upper ? 'ES' : 'es')
  if (/[^aeiou]y$/.test(lower)) return word.slice(0, -1) + (upper ? 'IES' : 'ies')
  return word + (upper ? 'S' : 's')
}

function inCaseOf(word: string, plural: string): string {
  if (word.length > 1 && word === word.toUpperCase()) return plural.toUpperCase()
  const first = word[0] ?? ''
  return first === first.toUpperCase() ? plural.slice(0, 1).toUpperCase() + plural.slice(1) : plural
}

/** `author_by_author_id`, `order_by_region_no`. */
export const relationName = (table: string, fields: readonly string[]): string => `${table}_by_${fields.join('_')}`

/** By lower-cased text, numbers inside it by their value: `t2` is before `t10`. */
export function naturalOrder(a: string, b: string): number {
  const left = chunks(a)
  const right = chunks(b)
  for (let at = 0; at < Math.min(left.length, right.length); at += 1) {
    const order = compareChunks(left[at] ?? '', right[at] ?? '')
    if (order !== 0) return order
  }
  return left.length - right.length || compareText(a, b)
}

const compareText = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1)

const chunks = (text: string): readonly string[] => text.toLowerCase().match(/\d+|\D+/g) ?? []

function compareChunks(a: string, b: string): number {
  if (/^\d/.test(a) && /^\d/.test(b)) {
    const left = a.replace(/^0+(?=\d)/, '')
    const right = b.replace(/^0+(?=\d)/, '')
    if (left.length !== right.length) return left.length - right.length
    if (left !== right) return left < right ? -1 : 1
  }
  return compareText(a, b)
}
