/** What cases of nested writes have in common. */
import type { Json } from 'dataferry/sdk'
import type { Case } from '../types.ts'

const needs = ['write', 'related', 'transactions'] as const
export const nested = (list: readonly Case[]): readonly Case[] => list.map((each) => ({ needs, ...each }))

type Then = NonNullable<Case['after']>[number]
export const is = (ask: string, answer: Json): Then => ({ ask: `GET ${ask}`, answer })
export const counts = (table: string, count: number): Then => is(`${table}?count_only=true`, count)
export const list = (...resource: readonly Json[]): Json => ({ resource })
