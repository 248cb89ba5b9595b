/**
 * A structure that was changed behind us: the database says that it does not know a table or a field that the catalog has. The catalog is
 * read again and the request done once more, as long as nothing of it was written or sent.
 */
import { type ApiReply, type RowSource, ServiceUnavailable } from 'dataferry/sdk'
import type { Catalog } from './catalog/types.ts'

/** A statement named what the database does not have. What a source throws for it; who asks a second time gets it as it is. */
export class StructureChanged extends ServiceUnavailable {
  constructor(cause?: unknown) {
    super('The structure of the database has changed. Try again.', { cause, headers: { 'Retry-After': '1' } })
  }
}

/** Does the work, and once more where the structure has changed. `work` leaves nothing behind where it throws. */
export async function withFreshCatalog(catalog: Catalog, work: () => Promise<ApiReply>): Promise<ApiReply> {
  const { epoch } = catalog
  let reply: ApiReply
  try {
    reply = await work()
  } catch (thrown) {
    if (!(thrown instanceof StructureChanged)) throw thrown
    forget(catalog, epoch)
    return work()
  }
  if (reply.body.kind !== 'rows') return reply
  const again = async (): Promise<RowSource | null> => {
    forget(catalog, epoch)
    const { body } = await work()
    return body.kind === 'rows' ? body.rows : null
  }
  return { ...reply, body: { kind: 'rows', rows: new FreshRows(reply.body.rows, again) } }
}

/** Unless somebody else has found out before. */
function forget(catalog: Catalog, epoch: number): void {
  if (catalog.epoch === epoch) catalog.refresh()
}

/** Rows that are read again, as long as none of them was sent. */
class FreshRows implements RowSource {
  readonly #rows: RowSource
  readonly #again: () => Promise<RowSource | null>

  constructor(rows: RowSource, again: () => Promise<RowSource | null>) {
    this.#rows = rows
    this.#again = again
  }

  get weight(): RowSource['weight'] {
    return this.#rows.weight
  }

  async encode(...[output, sink, signal]: Parameters<RowSource['encode']>): Promise<void> {
    let sent = false
    try {
      await this.#rows.encode(
        output,
        {
          write(chunk, done) {
            sent = true
            return sink.write(chunk, done)
          },
        },
        signal,
      )
    } catch (thrown) {
      const rows = sent || !(thrown instanceof StructureChanged) ? null : await this.#again()
      if (rows === null) throw thrown
      await rows.encode(output, sink, signal)
    }
  }

  async value(...[budget, signal]: Parameters<RowSource['value']>): ReturnType<RowSource['value']> {
    try {
      return await this.#rows.value(budget, signal)
    } catch (thrown) {
      const rows = thrown instanceof StructureChanged ? await this.#again() : null
      if (rows === null) throw thrown
      return rows.value(budget, signal)
    }
  }
}
