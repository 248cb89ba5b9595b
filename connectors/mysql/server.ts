/** What a server is and can, as it told when it was connected to. MySQL, MariaDB and SingleStore speak one protocol and differ in this. */

export type Vendor = 'mysql' | 'mariadb' | 'singlestore'

export interface ServerFacts {
  readonly vendor: Vendor
  /** 10.11.3 is 101103. */
  readonly version: number
  /** JSON texts can be read as tables. */
  readonly jsonTable: boolean
  /** Window functions and common table expressions. */
  readonly windows: boolean
  /** A default can be any expression, in parentheses. */
  readonly computedDefaults: boolean
  /** The new row of an upsert has a name of its own, where `values()` is on its way out. */
  readonly rowAlias: boolean
  /** Keys of other tables can be referred to. */
  readonly foreignKeys: boolean
  /** The type `uuid`. */
  readonly uuid: boolean
  /** Defaults in the catalog are SQL: texts have quotes. */
  readonly quotedDefaults: boolean
  /** Longest statement that it takes, bytes. */
  readonly maxPacket: number
  /** Between two generated keys of one statement. */
  readonly autoIncrementStep: number
}

/** `version` as the server prints it: `10.11.19-MariaDB-0+deb12u1`, `8.0.36`, `5.7.32` (SingleStore). */
export function factsOf(
  version: string,
  vendor: Vendor | null,
  maxPacket: number,
  autoIncrementStep: number,
): ServerFacts {
  const text = version.replace(/^5\.5\.5-(?=\d+\.\d+\.\d+-mariadb)/i, '')
  // Some tell no third number (Aurora); the newest of the line is meant.
  const [major = 0, minor = 0, patch = 99] = (/\d+(?:\.\d+)*/.exec(text)?.[0] ?? '').split('.').map(Number)
  const number = major * 10_000 + minor * 100 + patch
  const kind = vendor === 'singlestore' ? vendor : /mariadb/i.test(text) ? 'mariadb' : 'mysql'
  const from = (mysql: number, mariadb: number): boolean =>
    (kind === 'mysql' && number >= mysql) || (kind === 'mariadb' && number >= mariadb)
  return {
    vendor: kind,
    version: number,
    jsonTable: from(80_004, 100_600),
    windows: kind === 'singlestore' || from(80_000, 100_200),
    computedDefaults: from(80_013, 100_201),
    rowAlias: kind === 'mysql' && number >= 80_019,
    foreignKeys: kind !== 'singlestore',
    uuid: kind === 'mariadb' && number >= 100_700,
    quotedDefaults: kind === 'mariadb' && number >= 100_207,
    maxPacket,
    autoIncrementStep: Math.max(1, autoIncrementStep),
  }
}

/** What is taken for granted as long as no server has told. */
export const modern: ServerFacts = factsOf('8.0.36', null, 16_777_216, 1)
