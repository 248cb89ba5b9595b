/** Columns of a stored row as the types that the code works with. */
import type { StoreRow } from './tables.ts'

/** 0 when unset. */
export function numberAt(row: StoreRow, column: string): number {
  return Number(row[column] ?? 0)
}

/** '' when unset. */
export function textAt(row: StoreRow, column: string): string {
  return optionalAt(row, column) ?? ''
}

export function optionalAt(row: StoreRow, column: string): string | null {
  const value = row[column] ?? null
  return value === null ? null : String(value)
}

export function optionalNumberAt(row: StoreRow, column: string): number | null {
  const value = row[column] ?? null
  return value === null ? null : Number(value)
}
