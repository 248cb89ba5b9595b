/** Kinds of key columns: values of one kind are compared by the database, those of two by us (architecture, "Records" 5). */
import type { Json } from 'dataferry/sdk'
import type { Column } from '../catalog/types.ts'
import { castKind, readDigits } from '../filter/index.ts'

/** `number`, or what the column holds. */
export function keyKind({ type }: Column): string {
  const kind = castKind(type)
  if (kind === 'integer' || kind === 'bigint' || kind === 'decimal' || kind === 'float' || kind === 'boolean') {
    return 'number'
  }
  return kind === 'other' ? type : kind
}

/** The text under which two keys are the same: `7`, `"7"` and `7.0` are where one of the columns holds numbers, texts are as written. */
export function joinKey(key: readonly Json[], numeric: readonly boolean[]): string {
  return JSON.stringify(key.map((value, at) => (numeric[at] ? numberText(value) : String(value))))
}

function numberText(value: Json): string {
  const text = String(typeof value === 'boolean' ? Number(value) : value)
  const digits = readDigits(text.trim())
  if (!digits) return text
  const trimmed = digits.digits.replace(/0+$/, '')
  if (trimmed === '') return '0'
  return `${digits.negative ? '-' : ''}${trimmed}e${digits.exponent + digits.digits.length - trimmed.length}`
}
