/**
 * Documents that administrators wrote for services (control-plane 4.3): the text itself, or, where it is nothing but a URL, what is
 * there. A remote document is kept for a while; one that can't be read counts as none, so that the service goes on without it.
 */
import { collect, fetchUrl, type Log, type StoredDocuments } from 'dataferry/sdk'
import type { RecordTables } from './store/record-tables.ts'

const keptMs = 300_000
const mostBytes = 16 << 20
const patienceMs = 20_000

/** The document is there. */
export const isUrl = (content: string): boolean => /^https?:\/\/\S+$/i.test(content)

interface Kept {
  readonly until: number
  readonly text: Promise<string | null>
}

export class ServiceDocumentTexts implements StoredDocuments {
  readonly #tables: Pick<RecordTables, 'rows'>
  /** Networks that may be asked although they are not public. */
  readonly #allow: readonly string[]
  readonly #log: Log
  readonly #kept = new Map<string, Kept>()

  constructor(tables: Pick<RecordTables, 'rows'>, allow: readonly string[], log: Log) {
    this.#tables = tables
    this.#allow = allow
    this.#log = log
  }

  async of(serviceId: number): Promise<string | null> {
    const [row] = await this.#tables.rows('service_doc', { service_id: serviceId })
    const content = typeof row?.content === 'string' ? row.content.trim() : ''
    if (content === '') return null
    return isUrl(content) ? this.#fetched(content) : content
  }

  #fetched(url: string): Promise<string | null> {
    const now = Date.now()
    const known = this.#kept.get(url)
    if (known !== undefined && known.until > now) return known.text
    for (const [each, { until }] of this.#kept) if (until <= now) this.#kept.delete(each)
    const text = this.#fetch(url)
    this.#kept.set(url, { until: now + keptMs, text })
    return text
  }

  async #fetch(url: string): Promise<string | null> {
    try {
      const signal = AbortSignal.timeout(patienceMs)
      const { bytes } = await fetchUrl(url, { maxBytes: mostBytes, allow: this.#allow, signal })
      return (await collect(bytes)).toString('utf8')
    } catch (error) {
      this.#log.warn('the document of a service can not be read from its URL', { error })
      this.#kept.delete(url)
      return null
    }
  }
}
