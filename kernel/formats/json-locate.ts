/**
 * Says where a text stops being JSON. It runs only after JSON.parse refused the text: the engine's own message names no
 * position for half of its reasons, and quotes the text for others.
 */

/** Lines and columns count from 1; `problem` completes "line 1, column 5: ...". */
export interface JsonError {
  readonly line: number
  readonly column: number
  readonly problem: string
}

class Stop {
  readonly at: number
  readonly problem: string
  constructor(at: number, problem: string) {
    this.at = at
    this.problem = problem
  }
}

const space = /[ \t\n\r]*/y
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const word = /true|false|null/y
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON texts may not hold them.
const textRun = /[^"\\\u0000-\u001f]*/y
const escaped = /\\(?:["\\/bfnrt]|u[\da-fA-F]{4})/y

/** Where and why `text` is not JSON. */
export function locateJsonError(text: string): JsonError {
  const { at, problem } = scan(text)
  const before = text.slice(0, at)
  const line = before.split('\n').length
  return { line, column: at - (before.lastIndexOf('\n') + 1) + 1, problem }
}

function skip(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at
  return pattern.test(text) ? pattern.lastIndex : at
}

function found(text: string, at: number): string {
  const char = text.codePointAt(at)
  if (char === undefined) return 'the end of the body'
  return char < 0x20 ? 'a control character' : `'${String.fromCodePoint(char)}'`
}

/** Without recursion: the text may be nested as deep as it is long. */
function scan(text: string): Stop {
  const open: ('[' | '{')[] = []
  let at = skip(space, text, 0)
  try {
    for (;;) {
      // Here a value is due.
      if (text[at] === '[') {
        at = skip(space, text, at + 1)
        if (text[at] !== ']') {
          open.push('[')
          continue
        }
        at++
      } else if (text[at] === '{') {
        at = skip(space, text, at + 1)
        if (text[at] !== '}') {
          open.push('{')
          at = key(text, at)
          continue
        }
        at++
      } else {
        at = scalar(text, at)
      }
      // Here a value has ended.
      for (;;) {
        at = skip(space, text, at)
        const inside = open.at(-1)
        if (inside === undefined) {
          return at < text.length
            ? new Stop(at, `unexpected ${found(text, at)} after the value`)
            : new Stop(at, 'it can not be read')
        }
        if (text[at] === ',') {
          at = skip(space, text, at + 1)
          if (inside === '{') at = key(text, at)
          break
        }
        const close = inside === '{' ? '}' : ']'
        if (text[at] !== close) return new Stop(at, `',' or '${close}' expected, found ${found(text, at)}`)
        open.pop()
        at++
      }
    }
  } catch (stop) {
    if (stop instanceof Stop) return stop
    throw stop
  }
}

/** Past a member's name and its colon. */
function key(text: string, at: number): number {
  if (text[at] !== '"') throw new Stop(at, `a name in double quotes expected, found ${found(text, at)}`)
  const colon = skip(space, text, string(text, at))
  if (text[colon] !== ':') throw new Stop(colon, `':' expected, found ${found(text, colon)}`)
  return skip(space, text, colon + 1)
}

function scalar(text: string, at: number): number {
  if (text[at] === '"') return string(text, at)
  const end = Math.max(skip(number, text, at), skip(word, text, at))
  if (end === at) throw new Stop(at, `a value expected, found ${found(text, at)}`)
  return end
}

function string(text: string, from: number): number {
  let at = from + 1
  for (;;) {
    at = skip(textRun, text, at)
    if (text[at] === '"') return at + 1
    if (at >= text.length) throw new Stop(at, 'the end of the body inside a text')
    if (text[at] !== '\\') throw new Stop(at, 'a control character inside a text')
    const end = skip(escaped, text, at)
    if (end === at) throw new Stop(at, 'an unknown escape inside a text')
    at = end
  }
}
