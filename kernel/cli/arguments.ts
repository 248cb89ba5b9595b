/** From the words of a command line to what was asked: which command, its arguments and its options. */
import { nearest } from '../../config/index.ts'
import { type Command, UsageError } from '../plugins/commands.ts'

/** What of a command is needed to read its words. */
export type Shape = Pick<Command, 'name' | 'arguments' | 'options'>

export interface Parsed {
  readonly arguments: ReadonlyMap<string, string>
  /** Values of options with values. */
  readonly options: ReadonlyMap<string, readonly string[]>
  readonly switches: ReadonlySet<string>
  readonly help: boolean
  readonly json: boolean
}

/** The command that the first words name, and the words after them. Throws UsageError for an unknown one. */
export function chosen<C extends Shape>(
  words: readonly string[],
  commands: readonly C[],
): { readonly command: C; readonly rest: readonly string[] } {
  const found = commands
    .filter(({ name }) => name.split(' ').every((word, at) => words[at] === word))
    .sort((a, b) => b.name.length - a.name.length)[0]
  if (found !== undefined) return { command: found, rest: words.slice(found.name.split(' ').length) }
  const [first = '', second = ''] = words
  const group = commands.map(({ name }) => name).filter((name) => name.startsWith(`${first} `))
  const isPlain = second !== '' && !second.startsWith('-')
  if (group.length > 0 && !isPlain) throw new UsageError(`${first} needs one more word: ${group.join(', ')}`, null)
  const given = isPlain && group.length > 0 ? `${first} ${second}` : first
  const names = commands.map(({ name }) => name)
  const near =
    (isPlain ? nearest(`${first} ${second}`, names) : null) ?? nearest(given, [...names, ...firstWords(names)])
  throw new UsageError(`there is no command '${given}'${near === null ? '' : `; did you mean '${near}'?`}`, null)
}

const firstWords = (names: readonly string[]): readonly string[] => names.flatMap((name) => name.split(' ')[0] ?? [])

/** Throws UsageError for unknown options, missing values and too few or too many arguments. */
export function parsed(shape: Shape, words: readonly string[]): Parsed {
  const plain: string[] = []
  const options = new Map<string, string[]>()
  const switches = new Set<string>()
  for (let at = 0; at < words.length; at++) {
    const word = words[at] as string
    if (word === '--') {
      plain.push(...words.slice(at + 1))
      break
    }
    if (word === '-h') switches.add('help')
    else if (!word.startsWith('--')) plain.push(word)
    else {
      const { name, value } = split(word)
      const option = known(shape, name)
      if (option === null) {
        if (value !== null) throw new UsageError(`--${name} takes no value`, shape.name)
        switches.add(name)
        continue
      }
      const given = value ?? words[++at]
      if (given === undefined) throw new UsageError(`--${name} needs a value: --${name} ${option.value}`, shape.name)
      if (options.has(name) && option.many !== true) throw new UsageError(`--${name} was given twice`, shape.name)
      options.set(name, [...(options.get(name) ?? []), given])
    }
  }
  const help = switches.has('help')
  return { arguments: named(shape, plain, help), options, switches, help, json: switches.has('json') }
}

function split(word: string): { readonly name: string; readonly value: string | null } {
  const at = word.indexOf('=')
  return at < 0 ? { name: word.slice(2), value: null } : { name: word.slice(2, at), value: word.slice(at + 1) }
}

const common = ['json', 'help']

/** The option with a value of this name; null: it is a switch. */
function known(shape: Shape, name: string): (Shape['options'][number] & { readonly value: string }) | null {
  const option = shape.options.find((each) => each.name === name)
  if (option?.value !== undefined) return { ...option, value: option.value }
  if (option !== undefined || common.includes(name)) return null
  const near = nearest(name, [...shape.options.map((each) => each.name), ...common])
  throw new UsageError(
    `${shape.name} has no option --${name}${near === null ? '' : `; did you mean --${near}?`}`,
    shape.name,
  )
}

function named(shape: Shape, plain: readonly string[], help: boolean): ReadonlyMap<string, string> {
  const most = shape.arguments.length
  if (plain.length > most) {
    const much = most === 0 ? 'takes no arguments' : `takes ${most} argument${most === 1 ? '' : 's'}`
    throw new UsageError(`${shape.name} ${much}; '${plain[most]}' is too much`, shape.name)
  }
  const missing = shape.arguments.find((each, at) => each.optional !== true && plain[at] === undefined)
  if (missing !== undefined && !help) throw new UsageError(`${shape.name} needs its ${missing.name}`, shape.name)
  return new Map(
    shape.arguments.flatMap(({ name }, at) => (plain[at] === undefined ? [] : [[name, plain[at]] as const])),
  )
}
