/**
 * Every setting there is. The shape of this tree is the shape of `Config`: `schema.http.port` is read from `PORT` and
 * found as `config.http.port`. docs/configuration.md is generated from it.
 *
 * Names that DreamFactory v2 has keep their name, unit and default (control-plane 10.9).
 */

import { availableParallelism } from 'node:os'
import { isNetwork } from './network.ts'
import { admin, auth, security } from './sections/access.ts'
import { files, records, remote, sqlite } from './sections/data.ts'
import {
  bool,
  bytes,
  duration,
  int,
  KIB,
  list,
  MIB,
  oneOf,
  path,
  processes,
  type Setting,
  secret,
  text,
  url,
} from './setting.ts'

const prefix = /^[A-Za-z0-9_-]+(?:\/[A-Za-z0-9_-]+)*$/
const name = /^[A-Za-z_][A-Za-z0-9_.-]*$/

/** The sections of docs/configuration.md, in order; settings that stand at the root of the tree are under `general`. */
export const sections: Readonly<Record<string, string>> = {
  general: 'General',
  http: 'HTTP server',
  log: 'Logs',
  admin: 'First administrator',
  auth: 'Sessions and logins',
  security: 'Keys',
  api: 'API',
  records: 'Records',
  sqlite: 'SQLite',
  workers: 'Worker threads',
  files: 'Files',
  remote: 'Remote services',
  nodes: 'More than one process or node',
  metrics: 'Metrics',
}

export const schema = {
  name: text({
    env: 'APP_NAME',
    default: 'Dataferry',
    help: 'The name of this instance, shown on its start page and in mails.',
  }),
  url: text({
    env: 'APP_URL',
    default: null,
    pattern: /^https?:\/\/[^\s/?#]+\/?$/i,
    accepts: 'scheme and host, as in https://api.example.org',
    help: 'The address of this server as people reach it. Links in mails lead there; without it, mails that strangers cause hold paths only.',
  }),
  debug: bool({
    env: 'APP_DEBUG',
    default: false,
    help: 'Adds a stack trace to error answers. Traces tell strangers about the inside of the server: for development only.',
  }),
  dataDir: path({
    env: 'DF_DATA_DIR',
    default: './data',
    help: 'The folder of the system store, generated keys and SQLite databases. It is made when it is missing.',
  }),
  sample: bool({
    env: 'DF_SAMPLE',
    default: true,
    help: 'Fills the database service `db` of a new data folder with a sample company, and makes a read-only role and an app key for it.',
  }),
  plugins: list({
    env: 'DF_PLUGINS',
    default: [],
    help: 'Plugins to load besides the built-in ones: names of installed packages, or paths of modules. Packages must ship JavaScript.',
  }),

  http: {
    host: text({
      env: 'HOST',
      default: '127.0.0.1',
      help: 'The address to listen on. `0.0.0.0` or `::` is every address of the machine.',
    }),
    port: int({
      env: 'PORT',
      default: 8080,
      min: 0,
      max: 65535,
      help: 'The port to listen on. 0 takes a free one, which is printed at start.',
    }),
    trustedProxies: list({
      env: 'DF_TRUSTED_PROXIES',
      default: [],
      entry: { test: isNetwork, accepts: 'IP addresses or networks such as 10.0.0.0/8' },
      help: 'Proxies whose `X-Forwarded-*` headers are believed. From anyone else these headers are ignored, so that nobody chooses the address that limits count by.',
    }),
    compression: bool({
      env: 'DF_COMPRESSION',
      default: true,
      help: 'Compresses answers. Switch it off where a proxy in front does it.',
    }),
    compressionMinBytes: bytes({
      env: 'DF_COMPRESSION_MIN_BYTES',
      default: KIB,
      min: 0,
      max: 1024 * MIB,
      help: 'Answers shorter than this are sent as they are.',
    }),
    maxHeaderBytes: bytes({
      env: 'DF_MAX_HEADER_BYTES',
      default: 16 * KIB,
      min: 4 * KIB,
      max: MIB,
      help: 'The longest head of a request, request line included. A longer one is answered 431.',
    }),
    maxUrlBytes: bytes({
      env: 'DF_MAX_URL_BYTES',
      default: 8 * KIB,
      min: KIB,
      max: MIB,
      help: 'The longest path and query. A longer one is answered 414. Must be less than DF_MAX_HEADER_BYTES.',
    }),
    maxBodyBytes: bytes({
      env: 'DF_MAX_BODY_BYTES',
      default: 64 * MIB,
      min: KIB,
      max: 4096 * MIB,
      help: 'The longest request body, counted as it was sent. A longer one is answered 413.',
    }),
    maxInflatedBytes: bytes({
      env: 'DF_MAX_INFLATED_BYTES',
      default: 64 * MIB,
      min: KIB,
      max: 4096 * MIB,
      help: 'The longest request body after decompression. A longer one is answered 413.',
    }),
    requestTimeoutMs: duration({
      env: 'DF_REQUEST_TIMEOUT',
      default: 300,
      min: 1,
      max: 86_400,
      unit: 's',
      as: 'ms',
      help: 'How long a whole request may take to arrive. A slower one is answered 408.',
    }),
    headersTimeoutMs: duration({
      env: 'DF_HEADERS_TIMEOUT',
      default: 30,
      min: 1,
      max: 3_600,
      unit: 's',
      as: 'ms',
      help: 'How long the head of a request may take to arrive. A slower one is answered 408. At most DF_REQUEST_TIMEOUT.',
    }),
    keepAliveTimeoutMs: duration({
      env: 'DF_KEEP_ALIVE_TIMEOUT',
      default: 65,
      min: 0,
      max: 3_600,
      unit: 's',
      as: 'ms',
      help: 'How long an idle connection stays open. Longer than the idle time of the load balancer in front, or it meets closed connections.',
    }),
    shutdownTimeoutMs: duration({
      env: 'DF_SHUTDOWN_TIMEOUT',
      default: 30,
      min: 0,
      max: 3_600,
      unit: 's',
      as: 'ms',
      help: 'How long requests under way may go on after SIGTERM or SIGINT. After that they are cut.',
    }),
  },

  log: {
    level: oneOf({
      env: 'DF_LOG_LEVEL',
      aliases: ['APP_LOG_LEVEL'],
      default: 'info',
      words: ['debug', 'info', 'warning', 'error', 'off'],
      synonyms: { notice: 'info', warn: 'warning', critical: 'error', alert: 'error', emergency: 'error' },
      help: 'The least severe entries that are logged.',
    }),
    files: int({
      env: 'DF_LOG_FILES',
      default: 0,
      min: 0,
      max: 1_000,
      unit: 'files',
      help: 'How many log files are kept in the folder `logs` of DF_LOCAL_FILE_ROOT, which the service `logs` serves: the entries that go to the standard error, one JSON object a line. 0 keeps none.',
    }),
    fileBytes: bytes({
      env: 'DF_LOG_FILE_BYTES',
      default: 16 * MIB,
      min: 64 * KIB,
      max: 4 * 1024 * MIB,
      help: 'How long a log file becomes before the next one begins.',
    }),
  },

  admin,

  auth,

  security,

  api: {
    routePrefix: text({
      env: 'DF_API_ROUTE_PREFIX',
      default: 'api',
      pattern: prefix,
      accepts: 'path segments of letters, digits, _ and -, without a slash at either end',
      help: 'The API is at `/<prefix>/v2/`.',
    }),
    statusRoutePrefix: text({
      env: 'DF_STATUS_ROUTE_PREFIX',
      default: 'status',
      pattern: prefix,
      accepts: 'path segments of letters, digits, _ and -, without a slash at either end',
      help: 'The public status is at `/<prefix>`.',
    }),
    alwaysWrap: bool({
      env: 'DF_ALWAYS_WRAP_RESOURCES',
      default: true,
      help: 'Wraps lists in an object, and asks for the same in request bodies.',
    }),
    wrapper: text({
      env: 'DF_RESOURCE_WRAPPER',
      default: 'resource',
      pattern: name,
      accepts: 'a name of letters, digits, _, . and -',
      help: 'The key of that object.',
    }),
    xmlRoot: text({
      env: 'DF_XML_ROOT',
      default: 'dfapi',
      pattern: name,
      accepts: 'an XML name of letters, digits, _, . and -',
      help: 'The root element of XML answers.',
    }),
    contentType: oneOf({
      env: 'DF_CONTENT_TYPE',
      default: 'application/json',
      words: ['application/json', 'application/xml', 'text/xml', 'text/csv', 'text/plain'],
      help: 'The media type of answers to callers that accept anything.',
    }),
    lookupModifiers: list({
      env: 'DF_LOOKUP_MODIFIERS',
      default: [
        'strtoupper',
        'strtolower',
        'ucfirst',
        'lcfirst',
        'ucwords',
        'urlencode',
        'urldecode',
        'rawurlencode',
        'rawurldecode',
        'base64_encode',
        'base64_decode',
        'trim',
      ],
      entry: { test: (modifier) => name.test(modifier), accepts: 'function names' },
      help: 'The functions that a lookup may be wrapped in, as in `{strtoupper(name)}`. A name that the server does not know is never called.',
    }),
  },

  records,

  sqlite,

  workers: {
    threads: int({
      env: 'DF_WORKER_THREADS',
      default: Math.max(1, Math.min(4, availableParallelism() - 1)),
      defaultText: 'one less than the processors, from 1 to 4',
      min: 0,
      max: 64,
      unit: 'threads',
      help: 'Worker threads for what would hold up other requests, and as many for long lists. They start when they are needed. 0: everything stays on the event loop.',
    }),
    queue: int({
      env: 'DF_WORKER_QUEUE',
      default: 100,
      min: 0,
      max: 100_000,
      help: 'Pieces of work that may wait for a worker thread. Requests beyond that are answered 503.',
    }),
    memoryBytes: bytes({
      env: 'DF_WORKER_MEMORY',
      default: 512 * MIB,
      min: 16 * MIB,
      max: 64 * 1024 * MIB,
      help: 'The heap of one worker thread. One that needs more is ended, and its requests are answered 503.',
    }),
    timeoutMs: duration({
      env: 'DF_WORKER_TIMEOUT',
      default: 60,
      min: 1,
      max: 86_400,
      unit: 's',
      as: 'ms',
      help: 'How long a worker thread may go on without an answer: a piece of work as a whole, a service in a thread of its own until it reacts. A slower one is ended, and its requests are answered 503.',
    }),
    listRows: int({
      env: 'DF_WORKER_LIST_ROWS',
      default: 1_000,
      min: 0,
      max: 2_147_483_647,
      help: 'Lists of PostgreSQL and MySQL that may have more records than this, related ones counted, are read in worker threads over connections of their own.',
    }),
    xmlBytes: bytes({
      env: 'DF_WORKER_XML_BYTES',
      default: 16 * KIB,
      min: 0,
      max: 4096 * MIB,
      help: 'XML bodies longer than this are parsed in a worker thread.',
    }),
    slicedBytes: bytes({
      env: 'DF_SLICED_BODY_BYTES',
      default: 512 * KIB,
      min: 0,
      max: 4096 * MIB,
      help: 'JSON and CSV bodies longer than this are parsed in slices, between which other requests have their turn.',
    }),
    encodeRows: int({
      env: 'DF_WORKER_ENCODE_ROWS',
      default: 500,
      min: 0,
      max: 2_147_483_647,
      help: 'XML and CSV of lists with more entries than this are written in a worker thread, where they were not written by the database connection already.',
    }),
  },

  files,

  remote,

  nodes: {
    processes: processes({
      env: 'DF_WORKERS',
      help: 'Processes that answer requests on one port. `auto`: as many as there are processors. 1: this process answers. See docs/nodes.md.',
    }),
    systemDb: url({
      env: 'DF_SYSTEM_DB',
      defaultText: '`system.sqlite` in DF_DATA_DIR',
      schemes: ['sqlite', 'postgres', 'postgresql', 'mysql', 'mariadb'],
      like: 'postgres://user:password@host:5432/database, mysql://user:password@host:3306/database or sqlite:path',
      help: 'The database of the system store: services, roles, apps and users. Several nodes need one of PostgreSQL, MySQL or MariaDB, and the same DF_APP_KEY; see docs/nodes.md.',
    }),
    cache: url({
      env: 'DF_CACHE',
      defaultText: 'each node counts by itself',
      schemes: ['redis', 'rediss'],
      like: 'redis://user:password@host:6379/0 (rediss:// for TLS)',
      help: 'A Redis or Valkey server through which nodes tell each other of changes at once, and count limits and failed logins together.',
    }),
  },

  metrics: {
    on: bool({
      env: 'DF_METRICS',
      default: false,
      help: 'Serves figures of what the server does at `/metrics`, in the text format of Prometheus. See docs/metrics.md.',
    }),
    token: secret({
      env: 'DF_METRICS_TOKEN',
      minLength: 16,
      help: 'The token that `/metrics` asks for (`Authorization: Bearer ...`). Without it, whoever reaches the page reads it.',
    }),
    address: text({
      env: 'DF_METRICS_ADDRESS',
      default: null,
      defaultText: 'the address and port of the API',
      pattern: /^(?:\[[0-9a-f:.]+\]|[^\s:/[\]]+):\d{1,5}$/i,
      accepts: 'an address and a port, as in 127.0.0.1:9464 or [::1]:9464',
      help: 'The address that serves `/metrics`, where it is not that of the API.',
    }),
  },
} as const

type Values<S> = { readonly [K in keyof S]: S[K] extends Setting<infer T> ? T : Values<S[K]> }

/** The values of the schema before what follows from other settings is filled in. */
export type RawConfig = Values<typeof schema>

/**
 * The whole configuration: frozen, typed, complete. Times are in the unit that the name ends with, sizes in bytes, paths
 * absolute; what was not given and has no default is `null`.
 */
export type Config = Omit<RawConfig, 'sqlite' | 'files'> & {
  readonly files: Omit<RawConfig['files'], 'root'> & {
    /** The folder of file services that are configured by a name. */
    readonly root: string
  }
  readonly sqlite: Omit<RawConfig['sqlite'], 'storage'> & {
    /** The folder of SQLite databases that are named without one. */
    readonly storage: string
  }
}

/** What is wrong between settings that are each right by themselves: one line a problem. */
export function conflicts(config: RawConfig): string[] {
  const { admin, auth, http } = config
  const found: string[] = []
  if (admin.email !== null && admin.password === null) found.push('DF_ADMIN_EMAIL needs DF_ADMIN_PASSWORD beside it')
  if (admin.password !== null && admin.email === null) found.push('DF_ADMIN_PASSWORD needs DF_ADMIN_EMAIL beside it')
  if (auth.jwtRefreshTtlMinutes < auth.jwtTtlMinutes) found.push('DF_JWT_REFRESH_TTL must not be less than DF_JWT_TTL')
  if (http.headersTimeoutMs > http.requestTimeoutMs)
    found.push('DF_HEADERS_TIMEOUT must not be more than DF_REQUEST_TIMEOUT')
  if (http.maxUrlBytes >= http.maxHeaderBytes) found.push('DF_MAX_URL_BYTES must be less than DF_MAX_HEADER_BYTES')
  if (config.api.routePrefix === config.api.statusRoutePrefix) {
    found.push('DF_API_ROUTE_PREFIX and DF_STATUS_ROUTE_PREFIX must differ')
  }
  return found
}

/** `DF_*` names that DreamFactory v2 reads and this version does not: known, so no spelling mistake, but without effect. */
export const without: ReadonlySet<string> = new Set([
  'DF_LANDING_PAGE',
  'DF_CACHE_TTL',
  'DF_ENABLE_ALTERNATE_AUTH',
  'DF_ENABLE_WINDOWS_AUTH',
  'DF_STORAGE_ROUTE_PREFIX',
  'DF_FILE_CHUNK_SIZE',
  'DF_PACKAGE_PATH',
  'DF_SCRIPTING_DISABLE',
  'DF_NODEJS_PATH',
  'DF_PYTHON_PATH',
  'DF_PYTHON3_PATH',
  'DF_SCRIPTING_DEFAULT_PROTOCOL',
  'DF_SCRIPT_INLINE_CHAR_LIMIT',
  'DF_INSTALL',
  'DF_IS_TRIAL',
  'DF_LICENSE_KEY',
  'DF_REGISTER_CONTACT',
])
