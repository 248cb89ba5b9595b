/** Stored values of any type are JSON texts. */
import { encodeJson, type Json, parseJson } from 'dataferry/sdk'

export const customText = (value: Json): string => encodeJson(value)

export function customValue(stored: Json): Json {
  return typeof stored === 'string' ? parseJson(stored) : stored
}
