/** The two classes of characters that the filter language knows: blanks, and parts of words. */

/** Blanks, tabs and line ends (data-plane 4.11, rule 12). */
export const isBlank = (code: number): boolean => code === 0x20 || (code >= 0x09 && code <= 0x0d)

/** Letters, digits, `_`, `$`, and all that is not ASCII. NaN, the code behind the end, is none. */
export const isWordPart = (code: number): boolean =>
  (code >= 0x61 && code <= 0x7a) ||
  (code >= 0x41 && code <= 0x5a) ||
  (code >= 0x30 && code <= 0x39) ||
  code === 0x5f ||
  code === 0x24 ||
  code >= 0x80

/** The first position from `at` that holds no blank. */
export function skipBlanks(text: string, at: number): number {
  let end = at
  while (isBlank(text.charCodeAt(end))) end += 1
  return end
}

/** The position behind the word at `at`; `at` itself where there is none. */
export function wordEnd(text: string, at: number): number {
  let end = at
  while (isWordPart(text.charCodeAt(end))) end += 1
  return end
}

/** The slice without blanks at either end. */
export function trimmed(text: string, from: number, to: number): string {
  const start = skipBlanks(text, from)
  let end = to
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1
  return text.slice(start, end)
}
