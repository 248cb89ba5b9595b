/**
 * `{placeholders}` of mails (control-plane 10.1). A text is gone through once, so that a value that looks like a placeholder stays
 * what it is; unknown names stay as they are.
 */
import type { Json } from 'dataferry/sdk'

export type Values = { readonly [name: string]: Json }

const placeholder = /\{([A-Za-z_][A-Za-z0-9_.]*)\}/g

/** `write`: how a value is written where it is put. */
export function fill(text: string, values: Values, write: (value: string) => string = (value) => value): string {
  return text.replace(placeholder, (whole, name: string) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined
    if (value === undefined || (typeof value === 'object' && value !== null)) return whole
    return write(value === null ? '' : String(value))
  })
}

const entities: { readonly [character: string]: string } = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** A value in HTML: names of people must not become marks of it. */
export const escapeHtml = (value: string): string => value.replace(/[&<>"']/g, (character) => entities[character] ?? '')
