/** LIKE in memory: `%` is any text, `_` any character. */

const ascii = (text: string): string => text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())

/**
 * Whether the text matches the pattern. ASCII letters match in either case, like SQLite's LIKE; `allLetters` makes it so for all
 * letters (ILIKE). Time is at most the product of both lengths, whatever the pattern.
 */
export function matchesLike(text: string, pattern: string, allLetters = false): boolean {
  const fold = allLetters ? (each: string) => each.toLowerCase() : ascii
  const subject = [...fold(text)]
  const parts = [...fold(pattern)]
  let at = 0
  let part = 0
  let star = -1
  let retry = 0
  while (at < subject.length) {
    if (parts[part] === '%') {
      star = part
      retry = at
      part += 1
    } else if (part < parts.length && (parts[part] === '_' || parts[part] === subject[at])) {
      at += 1
      part += 1
    } else if (star !== -1) {
      part = star + 1
      retry += 1
      at = retry
    } else return false
  }
  while (parts[part] === '%') part += 1
  return part === parts.length
}
