/** CORS rules (control-plane 10.6): verbs are a list for clients and a mask at rest. */
import { BadRequest, type CorsRule, type Json, type Verb, verbBits } from 'dataferry/sdk'
import { numberAt, optionalAt, textAt } from '../store/columns.ts'
import type { StoreRow } from '../store/tables.ts'
import { checkText, Problems, textOf } from './validation.ts'
import { flagOf, integerOf } from './values.ts'

type Members = { readonly [name: string]: Json }

const verbs = Object.entries(verbBits) as readonly (readonly [Verb, number])[]

/** The columns of what was sent. */
export function corsValues(sent: Members, creates: boolean): StoreRow {
  const problems = new Problems()
  const values: { [column: string]: Json } = {}
  for (const field of ['path', 'origin']) {
    if (!creates && !(field in sent)) continue
    const text = textOf(sent[field])?.trim() ?? ''
    if (text === '') problems.add(field, `The ${field} is required.`)
    else values[field] = checkText(problems, field, text, { most: 255 })
  }
  if ('description' in sent) values.description = checkText(problems, 'description', sent.description, { most: 255 })
  for (const field of ['header', 'exposed_header']) {
    if (field in sent) values[field] = checkText(problems, field, sent[field], { most: 4_000 })
  }
  if ('method' in sent) values.method = maskOf(sent.method ?? null)
  if ('max_age' in sent) values.max_age = Math.max(0, integerOf('max_age', sent.max_age ?? null) ?? 0)
  for (const [field, preset] of [
    ['supports_credentials', false],
    ['enabled', true],
  ] as const) {
    if (field in sent) values[field] = flagOf(field, sent[field] ?? null, preset)
  }
  problems.throwIfAny()
  if (typeof values.path === 'string') checkPattern(values.path)
  return values
}

/** A pattern that can't be read would match nothing without a word. */
function checkPattern(path: string): void {
  if (!path.startsWith('^')) return
  try {
    new RegExp(path)
  } catch {
    throw new BadRequest('Invalid data supplied. The path is no regular expression.', {
      context: { path: ['The path is no regular expression.'] },
    })
  }
}

/** Verbs as a list, a comma list, `*` or a mask. */
function maskOf(sent: Json): number {
  if (sent === null || sent === '') return 0
  if (typeof sent === 'number') return sent & 31
  if (typeof sent !== 'string' && !Array.isArray(sent)) throw new BadRequest("Field 'method' must be a list of verbs.")
  if (typeof sent === 'string' && /^\d+$/.test(sent)) return Number(sent) & 31
  const names = (typeof sent === 'string' ? sent.split(',') : sent.map(String)).map((name) => name.trim().toUpperCase())
  return names.reduce((mask, name) => {
    if (name === '*') return 31
    const bit = verbs.find(([verb]) => verb === name)?.[1]
    // HEAD and OPTIONS follow from GET.
    if (bit === undefined && name !== 'HEAD' && name !== 'OPTIONS')
      throw new BadRequest(`Field 'method' has an unknown verb: ${name}`)
    return mask | (bit ?? 0)
  }, 0)
}

/** The verbs of a mask. */
export const verbsOf = (mask: number): readonly Verb[] =>
  verbs.filter(([, bit]) => (mask & bit) !== 0).map(([verb]) => verb)

/** The rules in force, for the snapshot. */
export function corsRules(rows: readonly StoreRow[]): readonly CorsRule[] {
  return rows
    .filter((row) => row.enabled === true)
    .map((row) => ({
      path: textAt(row, 'path'),
      origins: listOf(row, 'origin'),
      headers: listOf(row, 'header'),
      exposed: listOf(row, 'exposed_header'),
      methods: verbsOf(numberAt(row, 'method')),
      maxAge: numberAt(row, 'max_age'),
      credentials: row.supports_credentials === true,
    }))
}

const listOf = (row: StoreRow, column: string): readonly string[] =>
  (optionalAt(row, column) ?? '')
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
