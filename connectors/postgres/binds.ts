/** Binds as the server takes them: every parameter is text, its type is the server's own guess or a cast in the statement. */
import { type Bind, Decimal } from 'dataferry/sdk'
import { jsonBind, jsonParents, type Parameter, type ParentRow } from 'dataferry/sql'
import type { TextParameter } from './wire/messages.ts'

/** A value, or a list as an array literal. */
export function bindText(bind: Bind | undefined): TextParameter {
  switch (typeof bind) {
    case 'string':
      return bind
    case 'number':
    case 'bigint':
    case 'boolean':
      return String(bind)
    case 'undefined':
      return null
    default:
      if (bind === null) return null
      if (bind instanceof Decimal) return bind.digits
      return bind instanceof Uint8Array ? hex(bind) : arrayText(bind)
  }
}

const hex = (bytes: Uint8Array): string =>
  `\\x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')}`

/** `{1,"a b",NULL}`. */
export function arrayText(list: readonly (Bind | undefined)[]): string {
  let text = '{'
  for (let i = 0; i < list.length; i++) {
    if (i > 0) text += ','
    text += elementText(list[i])
  }
  return `${text}}`
}

const quotedText = (text: string): string => `"${/["\\]/.test(text) ? text.replace(/["\\]/g, '\\$&') : text}"`

function elementText(bind: Bind | undefined): string {
  if (typeof bind === 'string') return quotedText(bind)
  if (Array.isArray(bind)) return arrayText(bind as readonly Bind[])
  const text = bindText(bind)
  if (text === null) return 'NULL'
  return bind instanceof Uint8Array ? quotedText(text) : text
}

/** The parameters of a statement; `parents` where it has a parameter of that kind. */
export function textParameters(
  parameters: readonly Parameter[],
  binds: readonly Bind[],
  parents: readonly ParentRow[] | null,
): TextParameter[] {
  const texts: TextParameter[] = []
  for (const parameter of parameters) texts.push(parameterText(parameter, binds, parents))
  return texts
}

function parameterText(
  parameter: Parameter,
  binds: readonly Bind[],
  parents: readonly ParentRow[] | null,
): TextParameter {
  switch (parameter.kind) {
    case 'slot':
      return bindText(binds[parameter.slot])
    case 'list': {
      const list = binds[parameter.slot]
      if (parameter.json) return jsonBind(Array.isArray(list) ? list : [list ?? null])
      return arrayText(Array.isArray(list) ? (list as readonly Bind[]) : [list])
    }
    case 'parents': {
      const { member } = parameter
      if (parameter.json) return jsonParents(parents ?? [])
      return arrayText((parents ?? []).map((row) => (member === null ? [...row] : row[member])))
    }
  }
}
