/** Where servers that speak PostgreSQL's protocol differ from it. */
import { CockroachCompiler } from './cockroach-compiler.ts'
import { PostgresCompiler } from './compiler.ts'
import { type Introspection, postgresIntrospection } from './introspect.ts'
import { redshiftIntrospection } from './redshift.ts'
import { RedshiftCompiler } from './redshift-compiler.ts'
import { redshiftRoutines } from './redshift-routines.ts'
import { postgresRoutines, type RoutineIntrospection } from './routine-catalog.ts'

export interface Preparation {
  readonly timezone: string
  readonly statementTimeoutMs: number
}

export interface Flavour {
  readonly compiler: PostgresCompiler
  readonly introspection: Introspection
  readonly routines: RoutineIntrospection
  /** What a new connection is told, before anything else. */
  preparation(wanted: Preparation): readonly string[]
  /** Schemas of the server itself, besides `pg_*` and `information_schema`. */
  readonly systemSchemas: readonly string[]
  /** Writes answer what they wrote. */
  readonly returning: boolean
  /** A part of a transaction can be undone. */
  readonly savepoints: boolean
  /** `unnest` with several arrays makes rows of them. */
  readonly unnest: boolean
  /** It takes arrays in PostgreSQL's binary form. */
  readonly binaryArrays: boolean
}

const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`

const timeout = (milliseconds: number): readonly string[] =>
  milliseconds > 0 ? [`set statement_timeout = ${Math.min(milliseconds, 2_147_483_647)}`] : []

/** The text forms that encoders read and the contract shows: data-plane 3.2, 9.1. Results are always UTF-8. */
const common = ({ timezone, statementTimeoutMs }: Preparation): readonly string[] => [
  "set client_encoding = 'UTF8'",
  `set time zone ${literal(timezone)}`,
  "set datestyle = 'ISO, MDY'",
  ...timeout(statementTimeoutMs),
]

export const postgresql: Flavour = {
  compiler: new PostgresCompiler(),
  introspection: postgresIntrospection,
  routines: postgresRoutines,
  preparation: (wanted) => [
    ...common(wanted),
    // Before version 12 only 3 gives doubles that read back the same; since then anything above 0 does.
    'set extra_float_digits = 3',
    "set intervalstyle = 'postgres'",
    "set bytea_output = 'hex'",
    'set standard_conforming_strings = on',
  ],
  systemSchemas: [],
  returning: true,
  savepoints: true,
  unnest: true,
  binaryArrays: true,
}

/** Its own schemas hold what it is made of. */
export const timescale: Flavour = {
  ...postgresql,
  systemSchemas: [
    '_timescaledb_cache',
    '_timescaledb_catalog',
    '_timescaledb_config',
    '_timescaledb_debug',
    '_timescaledb_functions',
    '_timescaledb_internal',
    'timescaledb_experimental',
    'timescaledb_information',
    'toolkit_experimental',
  ],
}

/** Its integers are 64-bit, and it lacks some types. */
export const cockroach: Flavour = {
  ...postgresql,
  compiler: new CockroachCompiler(),
  binaryArrays: false,
  systemSchemas: ['crdb_internal'],
}

/** Keys are not enforced, nothing is returned by writes, there are no savepoints or arrays, and settings of later versions are not known. */
export const redshift: Flavour = {
  compiler: new RedshiftCompiler(),
  introspection: redshiftIntrospection,
  routines: redshiftRoutines,
  preparation: (wanted) => [...common(wanted), 'set extra_float_digits = 2'],
  systemSchemas: ['pg_internal', 'catalog_history'],
  returning: false,
  savepoints: false,
  unnest: false,
  binaryArrays: false,
}
