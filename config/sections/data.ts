/** Settings of what is served: records, SQLite, files, remote services. */
import { availableParallelism } from 'node:os'
import { isNetwork } from '../network.ts'
import { bytes, duration, int, KIB, list, MIB, optionalPath, text } from '../setting.ts'

export const records = {
  maxRecords: int({
    env: 'DB_MAX_RECORDS_RETURNED',
    default: 100_000,
    min: 1,
    max: 2_147_483_647,
    help: 'The most records that one answer holds, whatever a service or a request asks for.',
  }),
  statementTimeoutMs: duration({
    env: 'DF_STATEMENT_TIMEOUT',
    default: 30,
    min: 0,
    max: 86_400,
    unit: 's',
    as: 'ms',
    help: 'How long one statement may run in a database. 0 is without end.',
  }),
  maxFilterTerms: int({
    env: 'DF_MAX_FILTER_TERMS',
    default: 1_000,
    min: 1,
    max: 100_000,
    help: 'The most conditions that one filter holds. A longer one is answered 400.',
  }),
  maxRelatedDepth: int({
    env: 'DF_MAX_RELATED_DEPTH',
    default: 5,
    min: 0,
    max: 20,
    help: 'How deep relations may be nested in one request.',
  }),
  timeFormat: text({
    env: 'DF_DB_TIME_FORMAT',
    aliases: ['DB_TIME_FORMAT'],
    default: null,
    defaultText: 'as the database has it',
    help: 'The format of times in answers, in the letters of PHP’s `date()`.',
  }),
  dateFormat: text({
    env: 'DF_DB_DATE_FORMAT',
    aliases: ['DB_DATE_FORMAT'],
    default: null,
    defaultText: 'as the database has it',
    help: 'The same for dates.',
  }),
  datetimeFormat: text({
    env: 'DF_DB_DATETIME_FORMAT',
    aliases: ['DB_DATETIME_FORMAT'],
    default: null,
    defaultText: 'as the database has it',
    help: 'The same for dates with a time.',
  }),
  timestampFormat: text({
    env: 'DF_DB_TIMESTAMP_FORMAT',
    aliases: ['DB_TIMESTAMP_FORMAT'],
    default: null,
    defaultText: 'as the database has it',
    help: 'The same for timestamps.',
  }),
} as const

export const sqlite = {
  storage: optionalPath({
    env: 'DF_SQLITE_STORAGE',
    defaultText: 'databases in DF_DATA_DIR',
    help: 'The folder of SQLite databases that are named without one.',
  }),
  readers: int({
    env: 'DF_SQLITE_READERS',
    default: Math.min(4, Math.max(1, availableParallelism())),
    defaultText: 'the number of processors, at most 4',
    min: 1,
    max: 64,
    unit: 'threads',
    help: 'Threads that read one SQLite database. One more writes it.',
  }),
} as const

export const files = {
  root: optionalPath({
    env: 'DF_LOCAL_FILE_ROOT',
    defaultText: 'storage in DF_DATA_DIR',
    help: 'The folder in which file services have theirs, when they are configured by a name.',
  }),
  maxExtractBytes: bytes({
    env: 'DF_FILES_MAX_EXTRACT_BYTES',
    default: 1024 * MIB,
    min: KIB,
    max: 1024 * 1024 * MIB,
    help: 'How much a zip file may hold when it is unpacked. A larger one is answered 413.',
  }),
  importAllow: list({
    env: 'DF_IMPORT_ALLOW',
    default: [],
    entry: { test: isNetwork, accepts: 'IP addresses or networks such as 10.0.0.0/8' },
    help: 'Addresses that files may be fetched from (uploads, packages and attachments by URL) although they are not public. Whoever may upload by URL can read from them.',
  }),
} as const

export const remote = {
  allow: list({
    env: 'DF_REMOTE_ALLOW',
    default: [],
    entry: { test: isNetwork, accepts: 'IP addresses or networks such as 10.0.0.0/8' },
    help: 'Addresses at which remote services may be although they are not public, when their base URL has a public name. An address, `localhost` or a name without a public ending in the base URL needs no entry.',
  }),
} as const
