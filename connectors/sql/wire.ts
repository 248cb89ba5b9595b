/**
 * What a driver brings so that programs can be run on it: a cursor over its own rows, and encoders for them. R is the driver's own
 * row, for example an array of JavaScript values, or a place in the bytes that the server sent; it is valid during a call only.
 */
import type { Bind } from 'dataferry/sdk'
import type { ByteBuffer } from './buffer.ts'
import type { ParentRow, Statement, WireColumn } from './types.ts'

/** Where statements are run: one connection, inside one thread. */
export interface RowSourceOf<R> {
  /** Statements are sent while others are still read, and answered in their order: several may be opened at once. */
  readonly pipelined?: boolean
  /**
   * Starts a statement. `parents`: for its parameter of that kind, null where it has none. `most`: no more rows than that can come; few
   * of them may be read at once.
   */
  open(
    statement: Statement,
    binds: readonly Bind[],
    parents: readonly ParentRow[] | null,
    most: number | null,
  ): RowCursor<R>
}

export interface RowCursor<R> {
  /**
   * Hands over row after row until `take` answers false or there are none left; answers whether there may be more. Synchronous drivers
   * answer without a promise.
   */
  pull(take: (row: R) => boolean): boolean | Promise<boolean>
  /** Gives back what the cursor holds; works at any time and more than once. */
  close(): void | Promise<void>
}

/** A format that rows are encoded in. */
export type RowForm =
  | { readonly kind: 'json' }
  | { readonly kind: 'csv' }
  | { readonly kind: 'xml' /** Tabs before each member. */; readonly depth: number }

/**
 * Writes the members of a row and nothing around them: JSON `"a":1,"b":2`, CSV `1,2`, XML a line for each. Hidden columns are left
 * out.
 */
export type RowEncoder<R> = (row: R, out: ByteBuffer) => void

/** The rows of one kind of driver. */
export interface WireKind<R> {
  /** Compiled once a statement. */
  encoder(columns: readonly WireColumn[], form: RowForm): RowEncoder<R>
  /** One value as a bind: for ordinals, counts and parents' keys. */
  bind(row: R, index: number): Bind
}

/** A cursor over rows that are there, or come from an iterator. */
export function cursorOver<R>(rows: Iterable<R>): RowCursor<R> {
  const iterator = rows[Symbol.iterator]()
  let open = true
  return {
    pull(take) {
      while (open) {
        const next = iterator.next()
        if (next.done === true) open = false
        else if (!take(next.value)) return true
      }
      return false
    },
    close() {
      if (open) iterator.return?.()
      open = false
    },
  }
}
