/** What the suites of this folder know of a database. */
import type { Subject } from 'dataferry/conformance'
import type { SqlConnector } from 'dataferry/sql'

/** A subject and the connector behind it. */
export interface Server {
  readonly subject: Subject
  readonly connector: SqlConnector
  /** An identifier as the database's own statements write it. */
  readonly quote: (name: string) => string
  /** A table may be given a foreign key later; else it may refer to one that is not there yet. */
  readonly altersKeys: boolean
}

let databases = 0
/** Of a database that no other test has. */
export const databaseName = (): string => `conformance_${process.pid}_${++databases}`

/** An identifier in double quotes. */
export const doubled = (name: string): string => `"${name.replaceAll('"', '""')}"`
