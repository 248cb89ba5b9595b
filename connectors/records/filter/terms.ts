/** Splits lists of terms (`fields`, `order`, `group`) at the commas that stand in no parentheses and no quotes. */
import { isBlank, trimmed } from './characters.ts'

/** The terms, trimmed, without empty ones. An open quote or parenthesis reaches to the end. */
export function splitTerms(text: string): readonly string[] {
  const terms: string[] = []
  let depth = 0
  let quote = ''
  let start = 0
  for (let at = 0; at <= text.length; at += 1) {
    const character = text[at]
    if (character !== undefined) {
      if (quote !== '') {
        if (character === quote) quote = ''
        continue
      }
      if (character === "'" || character === '"' || character === '`') quote = character
      if (character === '(') depth += 1
      if (character === ')') depth -= 1
      if (character !== ',' || depth > 0) continue
    }
    const term = trimmed(text, start, at)
    if (term !== '') terms.push(term)
    start = at + 1
  }
  return terms
}

/** The words of a text, without the blanks between them. */
export function splitWords(text: string): readonly string[] {
  const words: string[] = []
  let start = 0
  for (let at = 0; at <= text.length; at += 1) {
    if (at < text.length && !isBlank(text.charCodeAt(at))) continue
    if (at > start) words.push(text.slice(start, at))
    start = at + 1
  }
  return words
}
