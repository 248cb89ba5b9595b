/**
 * Whether rows can be had from the driver's packets: tried on the first connection of the process. Where it is not so, rows come as the
 * driver makes them: slower, and the same.
 */
import { ByteBuffer, type WireColumn } from 'dataferry/sql'
import type { Connection } from 'mysql2'
import type { Scalar } from '../binds.ts'
import { PlacedCommand } from './command.ts'
import { type DriverQueue, queueOf } from './driver.ts'
import { placedRows } from './encoder.ts'
import { PlacedRow } from './row.ts'

const text = 'select cast(? as signed), ?, cast(? as decimal(10, 2)), cast(? as datetime), null'
const values: readonly Scalar[] = [-7, 'é "quoted"', 1.5, '2024-02-29 13:45:30']
const column = (as: string, type: WireColumn['type']): WireColumn => ({ as, type, dbType: '', hidden: false })
const columns: readonly WireColumn[] = [
  column('whole', 'bigint'),
  column('text', 'string'),
  column('decimal', 'decimal'),
  column('stamp', 'datetime'),
  column('nothing', 'integer'),
]
const expected = '"whole":-7,"text":"é \\"quoted\\"","decimal":1.5,"stamp":"2024-02-29 13:45:30","nothing":null'

const patienceMs = 2_000

/** Of the driver, as far as it is known. */
let works: boolean | null = null

/** The queue of the connection; null: rows are not to be had from it. Rejects where the connection is of no use any more. */
export async function trustedQueue(driver: Connection): Promise<DriverQueue | null> {
  const queue = works === false ? null : queueOf(driver)
  if (queue === null || works === true) return queue
  try {
    works = await worksOn(queue, patienceMs)
  } catch (thrown) {
    // A server that knows no such statement says nothing about the driver.
    if (typeof (thrown as { readonly errno?: unknown }).errno === 'number') return null
    throw thrown
  }
  return works ? queue : null
}

/** false: what came is not what it should be. Rejects with the driver's errors, and where nothing comes in time. */
function worksOn(queue: DriverQueue, patienceMs: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('Nothing came.')), patienceMs)
    const over = (settle: () => void): void => {
      clearTimeout(timer)
      settle()
    }
    const out = new ByteBuffer()
    const encode = placedRows.encoder(columns, { kind: 'json' })
    let row: PlacedRow | null = null
    const command = new PlacedCommand(queue, values, columns, {
      layout(layout, reader) {
        row = new PlacedRow(layout, reader)
      },
      row(bytes, start, end) {
        row?.place(bytes, start, end)
        if (row !== null) encode(row, out)
      },
      end: () => over(() => resolve(out.text() === expected)),
      fail: (error) => over(() => reject(error)),
    })
    queue.prepare({ sql: text, rowsAsArray: true }, (error, statement) => {
      if (error) over(() => reject(error))
      else command.statement = statement.id
    })
    queue.addCommand(command)
  })
}
