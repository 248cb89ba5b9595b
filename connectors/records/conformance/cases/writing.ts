/** What the cases of writes have in common. */
import type { Json } from 'dataferry/sdk'
import type { Case } from '../types.ts'

export const notFound = (id: string): string => `Record with identifier '${id}' not found.`
export const noRecords = /^No record\(s\) detected in request\./

/** A list that is read afterwards. */
export const list = (ask: string, answer: readonly Json[]): NonNullable<Case['after']>[number] => ({
  ask,
  answer: { resource: answer },
})

/** The rows of these ids, in any order. */
export function sameIds(body: Json, expected: readonly number[]): void {
  const { resource } = body as { readonly resource: readonly { readonly id: number }[] }
  const found = resource.map(({ id }) => id).sort((a, b) => a - b)
  if (found.join() !== expected.join()) throw new Error(`unexpected rows: ${JSON.stringify(resource)}`)
}

export const needsWrite = (cases: readonly Case[]): readonly Case[] =>
  cases.map((each) => ({ ...each, needs: [...(each.needs ?? []), 'write' as const] }))
