/** Ways to look into the parts of OpenAPI documents, whose shape nobody vouches for. */
import type { Json } from 'dataferry/sdk'

export type JsonObject = { readonly [name: string]: Json }

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const objectOf = (value: Json | undefined): JsonObject => (isObject(value) ? value : {})

export const listOf = (value: Json | undefined): readonly Json[] =>
  Array.isArray(value) ? (value as readonly Json[]) : []

/** Each member changed; those that become undefined are left out. */
export const mapMembers = (object: JsonObject, change: (value: Json, name: string) => Json | undefined): JsonObject =>
  Object.fromEntries(
    Object.entries(object).flatMap(([name, value]): [string, Json][] => {
      const changed = change(value, name)
      return changed === undefined ? [] : [[name, changed]]
    }),
  )
