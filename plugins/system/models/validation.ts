/** The field messages of control-plane 0.7: collected for a record, thrown together. */
import { BadRequest, type Json } from 'dataferry/sdk'

const spoken = (field: string): string => field.replaceAll('_', ' ')

export const messages = {
  required: (field: string) => `The ${spoken(field)} field is required.`,
  tooShort: (field: string, least: number) => `The ${spoken(field)} field must be at least ${least} characters.`,
  tooLong: (field: string, most: number) => `The ${spoken(field)} field must not be greater than ${most} characters.`,
  email: (field: string) => `The ${spoken(field)} field must be a valid email address.`,
  taken: (field: string) => `The ${spoken(field)} has already been taken.`,
  invalid: (field: string) => `The selected ${spoken(field)} is invalid.`,
} as const

/** What is wrong with one record, field by field, in the order found. */
export class Problems {
  readonly #found = new Map<string, string[]>()

  add(field: string, message: string): void {
    const messages = this.#found.get(field)
    if (messages === undefined) this.#found.set(field, [message])
    else messages.push(message)
  }

  has(field: string): boolean {
    return this.#found.has(field)
  }

  /** 400 `Invalid data supplied. ...` with `context:{field:[messages]}`. */
  throwIfAny(opening = 'Invalid data supplied.'): void {
    if (this.#found.size === 0) return
    const context: { [field: string]: Json } = Object.create(null)
    for (const [field, messages] of this.#found) context[field] = messages
    throw new BadRequest([opening, ...[...this.#found.values()].flat()].join(' '), { context })
  }
}

export interface TextRule {
  readonly required?: boolean
  readonly least?: number
  readonly most?: number
  readonly email?: boolean
  readonly pattern?: { readonly test: RegExp; readonly message: string }
}

/** Checks a text that was sent (`undefined`: it was not). Returns it, or null where it is empty or wrong. */
export function checkText(problems: Problems, field: string, value: Json | undefined, rule: TextRule): string | null {
  const text = textOf(value)
  if (text === null || text.trim() === '') {
    if (rule.required) problems.add(field, messages.required(field))
    return null
  }
  const length = [...text].length
  if (rule.email && !isEmail(text)) problems.add(field, messages.email(field))
  if (rule.least !== undefined && length < rule.least) problems.add(field, messages.tooShort(field, rule.least))
  if (rule.most !== undefined && length > rule.most) problems.add(field, messages.tooLong(field, rule.most))
  if (rule.pattern !== undefined && !rule.pattern.test.test(text)) problems.add(field, rule.pattern.message)
  return problems.has(field) ? null : text
}

/** Texts, and numbers as their digits; anything else is no text. */
export function textOf(value: Json | undefined): string | null {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'bigint') return String(value)
  return null
}

/** One `@`, something before it, and a host with no blanks after it. */
export function isEmail(text: string): boolean {
  return (
    text.length <= 254 &&
    /^[^\s@<>()[\]\\,;:"]+@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*$/.test(
      text,
    )
  )
}

/** Marks of HTML are taken out of what the admin interface shows (control-plane 4.3). */
export function withoutTags(text: string): string {
  let plain = text
  // Until nothing changes: `<<b>script>` must not leave a tag behind.
  for (let before = ''; before !== plain; ) {
    before = plain
    plain = plain.replace(/<[^<>]*>/g, '')
  }
  return plain
}
