/**
 * CSV in (data-plane 2.6) and out (2.10), RFC 4180. Reading is a state machine that takes the text in pieces, so that a long
 * upload need not be one text; writing has the columns of all rows, so that no row is out of line.
 */
import { BadRequest } from '../errors.ts'
import { Decimal, type Json } from '../plugins/contract.ts'
import { encodeJson } from './json.ts'

type State = 'start' | 'plain' | 'quoted' | 'closed'

/** Hands out rows as they are complete. A row is its cells and the line (from 1) that it begins on. */
export class CsvReader {
  readonly #onRow: (cells: readonly string[], line: number) => void
  #state: State = 'start'
  #cells: string[] = []
  #cell = ''
  #line = 1
  #rowLine = 1
  #quoteLine = 1
  #afterReturn = false
  #begun = false

  constructor(onRow: (cells: readonly string[], line: number) => void) {
    this.#onRow = onRow
  }

  /** @throws BadRequest where the text stops being CSV. */
  feed(text: string): void {
    let from = 0
    for (let at = 0; at < text.length; at++) {
      const char = text[at]
      if (this.#afterReturn) {
        this.#afterReturn = false
        if (char === '\n') {
          from = at + 1
          continue
        }
      }
      if (this.#state === 'quoted') {
        if (char === '\n') this.#line++
        if (char !== '"') continue
        this.#cell += text.slice(from, at)
        from = at + 1
        this.#state = 'closed'
        continue
      }
      if (char === '"') {
        if (this.#state === 'start') {
          this.#quoteLine = this.#line
          this.#state = 'quoted'
          this.#begun = true
          from = at + 1
        } else if (this.#state === 'closed') {
          // A doubled quote: the second one begins the next run.
          this.#state = 'quoted'
          from = at
        }
      } else if (char === ',' || char === '\n' || char === '\r') {
        if (this.#state === 'plain') this.#cell += text.slice(from, at)
        from = at + 1
        this.#endCell()
        if (char === ',') this.#begun = true
        else this.#endRow(char === '\r')
      } else if (this.#state === 'closed') {
        throw new BadRequest(`The body is not valid CSV: line ${this.#line}: text after a closing quote.`)
      } else if (this.#state === 'start') {
        this.#state = 'plain'
        this.#begun = true
        from = at
      }
    }
    if (this.#state === 'plain' || this.#state === 'quoted') this.#cell += text.slice(from)
  }

  /** The last row may have no line end. */
  end(): void {
    if (this.#state === 'quoted') {
      throw new BadRequest(
        `The body is not valid CSV: the quote that opens on line ${this.#quoteLine} is never closed.`,
      )
    }
    if (this.#begun) {
      this.#endCell()
      this.#endRow(false)
    }
  }

  #endCell(): void {
    this.#cells.push(this.#cell)
    this.#cell = ''
    this.#state = 'start'
  }

  #endRow(afterReturn: boolean): void {
    const [cells, line, begun] = [this.#cells, this.#rowLine, this.#begun]
    this.#cells = []
    this.#begun = false
    this.#line++
    this.#rowLine = this.#line
    this.#afterReturn = afterReturn
    // A line with nothing on it is no row.
    if (begun) this.#onRow(cells, line)
  }
}

/**
 * `{wrapper: [...]}`: the first row holds the keys, every value is a text, missing trailing values are null.
 *
 * @throws BadRequest that says on which line what is wrong.
 */
export function decodeCsv(text: string, wrapper: string): Json {
  const records = new CsvRecords()
  records.reader.feed(text)
  return records.end(wrapper)
}

/** Characters that are read in one go: a few milliseconds. */
const sliceLength = 256 * 1024

/** The same, and others have their turn in between. Throws the signal's reason too. */
export async function decodeCsvSlices(text: string, wrapper: string, signal: AbortSignal): Promise<Json> {
  const records = new CsvRecords()
  for (let from = 0; from < text.length; from += sliceLength) {
    records.reader.feed(text.slice(from, from + sliceLength))
    await new Promise((resolve) => setImmediate(resolve))
    signal.throwIfAborted()
  }
  return records.end(wrapper)
}

/** Rows as records: the first has their keys. */
class CsvRecords {
  readonly reader = new CsvReader((cells, line) => this.#add(cells, line))
  #keys: readonly string[] | null = null
  readonly #records: Json[] = []

  end(wrapper: string): Json {
    this.reader.end()
    const payload: { [key: string]: Json } = Object.create(null)
    payload[wrapper] = this.#records
    return payload
  }

  #add(cells: readonly string[], line: number): void {
    const keys = this.#keys
    if (keys === null) {
      this.#keys = cells
      return
    }
    if (cells.length > keys.length) {
      throw new BadRequest(
        `The body is not valid CSV: line ${line} has ${cells.length} values, but the first line names ${keys.length}.`,
      )
    }
    const record: { [key: string]: Json } = Object.create(null)
    for (const [index, key] of keys.entries()) record[key] = cells[index] ?? null
    this.#records.push(record)
  }
}

type Members = { readonly [key: string]: Json }

function isMembers(value: Json | undefined): value is Members {
  return value !== null && typeof value === 'object' && !Array.isArray(value) && !(value instanceof Decimal)
}

/** One value as a cell: true is 1, false and null are empty, what is nested is JSON text. */
export function csvCell(value: Json): string {
  if (value === null || value === false) return ''
  if (value === true) return '1'
  if (typeof value === 'string') return csvQuote(value)
  if (typeof value !== 'object') return String(value)
  return value instanceof Decimal ? value.digits : csvQuote(encodeJson(value))
}

/** Quotes where PHP's fputcsv does, quotes inside are doubled. */
export function csvQuote(text: string): string {
  return /[ ,"\n\r\t\\]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** The header line. */
export function csvHeader(keys: Iterable<string>): string {
  return `${Array.from(keys, csvQuote).join(',')}\n`
}

/** One data line; a key that the row has not is empty. */
export function csvRow(keys: Iterable<string>, row: Members): string {
  return `${Array.from(keys, (key) => csvCell(row[key] ?? null)).join(',')}\n`
}

/** What an empty list is in CSV. */
export const csvEmpty = '\n\n'

/** A whole body: the wrapped part or the error alone, else the body as one row; a bare scalar is printed by itself. */
export function encodeCsv(value: Json, wrapper: string): string {
  const body = isMembers(value) ? (value[wrapper] ?? (isMembers(value.error) ? value.error : value)) : value
  if (Array.isArray(body)) return encodeRows(body)
  return isMembers(body) ? encodeRows([body]) : csvCell(body)
}

function encodeRows(list: readonly Json[]): string {
  const keys = new Set<string>()
  const rows = list.map((item): Members => (isMembers(item) ? item : { value: item }))
  for (const row of rows) for (const key of Object.keys(row)) keys.add(key)
  if (keys.size === 0) return csvEmpty
  const columns = [...keys]
  return csvHeader(columns) + rows.map((row) => csvRow(columns, row)).join('')
}
