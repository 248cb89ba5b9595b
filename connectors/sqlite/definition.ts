/**
 * The statement that made a table, taken apart and put together again: what SQLite's ALTER TABLE does not reach is done by making the
 * table anew from a changed definition. Constraints that nobody asked to change stay word for word.
 */
import { BadRequest } from 'dataferry/sdk'

/** A piece of SQL: a word, a quoted name or text, a sign, or a whole group in parentheses. */
type Token = string

export interface TableDefinition {
  /** Columns in order, then constraints of the table. */
  readonly columns: readonly ColumnText[]
  readonly constraints: readonly string[]
  /** Behind the closing parenthesis: `WITHOUT ROWID, STRICT`. */
  readonly options: string
}
export interface ColumnText {
  readonly name: string
  /** The whole definition, name included. */
  readonly text: string
}

/** Throws BadRequest for a statement that is not understood. */
export function readDefinition(sql: string): TableDefinition {
  const tokens = tokensOf(sql)
  const open = tokens.findIndex((token) => token.startsWith('('))
  const body = tokens[open]
  if (body === undefined) throw new BadRequest('The definition of this table can not be changed.')
  const parts = splitParts(body.slice(1, -1))
  const first = parts.findIndex((part) => constraintWords.has(wordOf(tokensOf(part)[0])))
  const own = first === -1 ? parts : parts.slice(0, first)
  return {
    columns: own.map((text) => ({ name: unquoted(tokensOf(text)[0] ?? ''), text })),
    constraints: first === -1 ? [] : parts.slice(first),
    options: tokens.slice(open + 1).join(' '),
  }
}

const constraintWords: ReadonlySet<string> = new Set(['CONSTRAINT', 'PRIMARY', 'UNIQUE', 'CHECK', 'FOREIGN'])
/** Words that end the type of a column. */
const columnWords: ReadonlySet<string> = new Set([
  'CONSTRAINT',
  'PRIMARY',
  'NOT',
  'NULL',
  'UNIQUE',
  'CHECK',
  'DEFAULT',
  'COLLATE',
  'REFERENCES',
  'GENERATED',
  'AS',
  'DEFERRABLE',
])

/** What of a column's definition is to be another. undefined: as it is; null as default: none. */
export interface ColumnEdit {
  readonly type?: string
  readonly allowNull?: boolean
  readonly default?: string | null
  /** false: no longer unique by itself. */
  readonly unique?: false
  /** false: no longer a reference by itself. */
  readonly reference?: false
}

/** The definition with another type, nullability or default. */
export function editColumn(column: ColumnText, edit: ColumnEdit): ColumnText {
  const tokens = tokensOf(column.text)
  const [name = '', ...rest] = tokens
  const end = rest.findIndex((token) => columnWords.has(wordOf(token)))
  const type = edit.type ?? (end === -1 ? rest : rest.slice(0, end)).join(' ').replace(/ \(/g, '(')
  const clauses = clausesOf(end === -1 ? [] : rest.slice(end)).filter((clause) => keeps(clause, edit))
  const added = [
    ...(edit.allowNull === false ? ['not null'] : []),
    ...(edit.default === undefined || edit.default === null ? [] : [`default ${edit.default}`]),
  ]
  return { name: column.name, text: [name, type, ...added, ...clauses].filter((word) => word !== '').join(' ') }
}

function keeps(clause: string, edit: ColumnEdit): boolean {
  const words = tokensOf(clause).map(wordOf)
  const [first, second] = words[0] === 'CONSTRAINT' ? words.slice(2) : words
  if (first === 'NOT' && second === 'NULL') return edit.allowNull === undefined
  if (first === 'NULL') return edit.allowNull === undefined
  if (first === 'UNIQUE') return edit.unique === undefined
  if (first === 'REFERENCES') return edit.reference === undefined
  return first !== 'DEFAULT' || edit.default === undefined
}

/** One text for each clause of a column. */
function clausesOf(tokens: readonly Token[]): readonly string[] {
  const clauses: Token[][] = []
  let named = false
  tokens.forEach((token, at) => {
    const word = wordOf(token)
    const before = wordOf(tokens[at - 1])
    // `SET NULL`, `SET DEFAULT` and `NOT DEFERRABLE` belong to REFERENCES, and NULL behind NOT or DEFAULT is no clause.
    const inner =
      named ||
      ['SET', 'NOT', 'DEFAULT', 'GENERATED'].includes(before) ||
      (word === 'NOT' && wordOf(tokens[at + 1]) === 'DEFERRABLE') ||
      word === 'DEFERRABLE' ||
      (word === 'AS' && before === 'ALWAYS')
    const starts = columnWords.has(word) && !inner
    const current = clauses.at(-1)
    if (starts || current === undefined) clauses.push([token])
    else current.push(token)
    // The name behind CONSTRAINT, and the clause behind the name, go with it.
    named = word === 'CONSTRAINT' || wordOf(tokens[at - 1]) === 'CONSTRAINT'
  })
  return clauses.map((clause) => clause.join(' '))
}

/** The definition without the column and the foreign and unique keys over it. Throws BadRequest for a part of the primary key. */
export function withoutColumn(table: TableDefinition, name: string): TableDefinition {
  const column = columnOf(table, name)
  if (/\bprimary\s+key\b/i.test(bare(column.text))) throw isKey(name)
  const constraints = table.constraints.filter((text) => {
    const { kind, over } = aboutOf(text)
    const met = kind !== 'CHECK' && over.some((each) => same(each, name))
    if (met && kind === 'PRIMARY') throw isKey(name)
    return !met
  })
  const columns = table.columns.filter((each) => each !== column)
  if (columns.length === 0) throw new BadRequest(`Field '${name}' is the only one of its table.`)
  return { ...table, columns, constraints }
}

/** The definition without what makes the column unique or a reference, as far as that is about no other column. */
export function withoutConstraint(table: TableDefinition, name: string, what: 'unique' | 'reference'): TableDefinition {
  const column = columnOf(table, name)
  const word = what === 'unique' ? 'UNIQUE' : 'FOREIGN'
  const edited = editColumn(column, what === 'unique' ? { unique: false } : { reference: false })
  return {
    ...table,
    columns: table.columns.map((each) => (each === column ? edited : each)),
    constraints: table.constraints.filter((text) => {
      const { kind, over } = aboutOf(text)
      return kind !== word || over.length !== 1 || !same(over[0] ?? '', name)
    }),
  }
}

/** What a constraint of a table is, and the columns of its list. */
function aboutOf(text: string): { readonly kind: string | undefined; readonly over: readonly string[] } {
  const tokens = tokensOf(text)
  const list = tokens.find((token) => token.startsWith('('))
  return {
    kind: tokens.map(wordOf).find((word) => constraintWords.has(word) && word !== 'CONSTRAINT'),
    over: list === undefined ? [] : namesIn(list),
  }
}

export function columnOf(table: TableDefinition, name: string): ColumnText {
  const found = table.columns.find((column) => same(column.name, name))
  if (found === undefined) throw new BadRequest(`Field '${name}' does not exist any more.`)
  return found
}

export const writeDefinition = (name: string, { columns, constraints, options }: TableDefinition): string =>
  `create table ${name} (${[...columns.map((column) => column.text), ...constraints].join(', ')})${options === '' ? '' : ` ${options}`}`

const isKey = (name: string): BadRequest =>
  new BadRequest(`Field '${name}' is part of the primary key and can not be dropped.`)
const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase()
const wordOf = (token: Token | undefined): string => (token ?? '').toUpperCase()

/** The text without what is quoted and without groups. */
const bare = (text: string): string =>
  tokensOf(text)
    .filter((token) => /^\w/.test(token))
    .join(' ')

/** Names of a list in parentheses, without their collation and direction. */
const namesIn = (list: string): readonly string[] =>
  splitParts(list.slice(1, -1)).map((part) => unquoted(tokensOf(part)[0] ?? ''))

/** A name without its quotes. */
export function unquoted(token: Token): string {
  const open = token[0]
  if (open === '[') return token.slice(1, -1)
  if (open === '"' || open === '`' || open === "'") return token.slice(1, -1).replaceAll(open + open, open)
  return token
}

/** Parts of a text at its commas, word for word but for comments. */
function splitParts(text: string): readonly string[] {
  const parts = ['']
  let depth = 0
  for (const [part] of text.matchAll(piece)) {
    if (part === '(') depth += 1
    if (part === ')') depth -= 1
    if (part === ',' && depth === 0) parts.push('')
    else parts[parts.length - 1] += isComment(part) ? ' ' : part
  }
  return parts.map((part) => part.trim())
}

const isComment = (text: string): boolean => text.startsWith('--') || text.startsWith('/*')

const quotes = `"(?:[^"]|"")*"|'(?:[^']|'')*'|\`(?:[^\`]|\`\`)*\`|\\[[^\\]]*\\]`
const piece = new RegExp(`\\s+|--[^\\n]*|/\\*[\\s\\S]*?\\*/|${quotes}|[A-Za-z0-9_$.\\u0080-\\uffff]+|[\\s\\S]`, 'g')

function tokensOf(sql: string): readonly Token[] {
  const tokens: Token[] = []
  let depth = 0
  for (const [text] of sql.matchAll(piece)) {
    const blank = /^\s/.test(text) || isComment(text)
    if (depth === 0) {
      if (blank) continue
      tokens.push(text)
      if (text === '(') depth = 1
      continue
    }
    tokens[tokens.length - 1] += blank ? ' ' : text
    if (text === '(') depth += 1
    if (text === ')') depth -= 1
  }
  return tokens
}
