/** LIKE in memory: `%` is any text, `_` any character, and what stands behind a backslash is itself. */

const ascii = (text: string): string => text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())

/** What one character of the text must be; null: anything, and `any`: any number of them. */
type Part = string | null | typeof any
const any = Symbol('any text')

function partsOf(pattern: string): readonly Part[] {
  const parts: Part[] = []
  let escaped = false
  for (const letter of pattern) {
    if (letter === '\\' && !escaped) {
      escaped = true
      continue
    }
    parts.push(escaped ? letter : letter === '%' ? any : letter === '_' ? null : letter)
    escaped = false
  }
  // One that escapes nothing is itself.
  if (escaped) parts.push('\\')
  return parts
}

/**
 * Whether the text matches the pattern. ASCII letters match in either case, like SQLite's LIKE; `allLetters` makes it so for all
 * letters (ILIKE). Time is at most the product of both lengths, whatever the pattern.
 */
export function matchesLike(text: string, pattern: string, allLetters = false): boolean {
  const fold = allLetters ? (each: string) => each.toLowerCase() : ascii
  const subject = [...fold(text)]
  const parts = partsOf(fold(pattern))
  let at = 0
  let part = 0
  let star = -1
  let retry = 0
  while (at < subject.length) {
    const wanted = parts[part]
    if (wanted === any) {
      star = part
      retry = at
      part += 1
    } else if (wanted === null || (wanted !== undefined && wanted === subject[at])) {
      at += 1
      part += 1
    } else if (star !== -1) {
      part = star + 1
      retry += 1
      at = retry
    } else return false
  }
  while (parts[part] === any) part += 1
  return part === parts.length
}

/** A pattern whose last backslash would escape nothing, or what is added behind it: that one is itself, on every database. */
export function wholePattern(text: string): string {
  let at = text.length
  while (text[at - 1] === '\\') at -= 1
  return (text.length - at) % 2 === 1 ? `${text}\\` : text
}
