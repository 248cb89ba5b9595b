/** What a list of records answers when some of them fail (data-plane 2.12, 3.9). */
import { BadRequest, errorEntry, type Json } from 'dataferry/sdk'

export type BatchVerb = 'created' | 'updated' | 'deleted' | 'retrieved'

/** How far a batch goes: data-plane 3.9. */
export type BatchMode = 'halt' | 'continue' | 'rollback'

/** One record of a batch: what it answers, or why it failed. */
export type BatchEntry = { readonly ok: true; readonly shown: Json } | { readonly ok: false; readonly error: unknown }

/** The error of a batch: entries in the order of the request, up to where it stopped. */
export function batchError(verb: BatchVerb, mode: BatchMode, entries: readonly BatchEntry[]): BadRequest {
  const failed: number[] = []
  const shown = entries.map((entry, index): Json => {
    if (entry.ok) return entry.shown
    failed.push(index)
    return errorEntry(entry.error)
  })
  const undone = mode === 'rollback' && verb !== 'retrieved' ? ' All changes rolled back.' : ''
  return new BadRequest(`Batch Error: Not all requested records could be ${verb}.${undone}`, {
    code: 1000,
    context: { error: failed, resource: shown },
  })
}

/** Throws BadRequest when both are asked for; a read never rolls back. */
export function batchMode(
  options: { readonly continue: boolean; readonly rollback: boolean },
  reads: boolean,
): BatchMode {
  if (reads) return options.continue ? 'continue' : 'halt'
  if (options.continue && options.rollback) {
    throw new BadRequest('Rollback and continue operations can not be requested at the same time.')
  }
  return options.rollback ? 'rollback' : options.continue ? 'continue' : 'halt'
}
