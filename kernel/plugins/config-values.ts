/** Configurations of services: their fields in short, and their values as what they are meant to be. */
import type { ConfigField, Json } from './contract.ts'

export const configField = (
  name: string,
  label: string,
  type: ConfigField['type'],
  more: Partial<ConfigField> = {},
): ConfigField => ({ name, label, type, ...more })

/** A text, and '' where there is none. */
export const configText = (value: Json | undefined): string =>
  value === null || value === undefined ? '' : String(value)

export type ConfigRow = { readonly [name: string]: Json }

export const isConfigRow = (value: Json | undefined): value is ConfigRow =>
  value !== null && typeof value === 'object' && !Array.isArray(value)

/** The rows of a list; what is no row in it is left out. */
export const configRows = (value: Json | undefined): readonly ConfigRow[] =>
  Array.isArray(value) ? value.filter(isConfigRow) : []
