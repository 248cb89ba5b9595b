/**
 * A real MongoDB for tests: TEST_MONGODB_URL where that is set (`mongodb://host:port`, the user may create databases), else a private
 * mongod, else a private FerretDB with SQLite behind it, which speaks the same protocol; else the tests that need it are skipped loudly,
 * and fail where CI=true.
 */
import { type Mongo, startFerret, startMongod, startMongoJava } from '../../bench/servers/mongo.ts'

export type { Mongo }

export interface FoundMongo {
  readonly mongo: Mongo | null
  readonly skip: string | false
}

/** For one test file; stop it in `after`. */
export async function mongodb(): Promise<FoundMongo> {
  const mongo = given() ?? (await startMongod()) ?? (await startFerret())
  return mongo === null
    ? missing('neither mongod nor ferretdb is on this machine, and TEST_MONGODB_URL is not set')
    : { mongo, skip: false }
}

/** One that groups documents by itself, which FerretDB does not: a given one, mongod, else mongo-java-server. */
export async function groupingMongodb(): Promise<FoundMongo> {
  const mongo = given() ?? (await startMongod()) ?? (await startMongoJava())
  return mongo === null
    ? missing('neither mongod nor mongo-java-server is on this machine, and TEST_MONGODB_URL is not set')
    : { mongo, skip: false }
}

function given(): Mongo | null {
  const url = process.env.TEST_MONGODB_URL
  return url ? { url: url.replace(/\/$/, ''), kind: 'given', kill: null, start: null, stop: async () => {} } : null
}

function missing(why: string): FoundMongo {
  if (process.env.CI === 'true') throw new Error(why)
  console.error(`SKIPPED: ${why}`)
  return { mongo: null, skip: why }
}
