/**
 * Every setting there is. The shape of this tree is the shape of `Config`: `schema.http.port` is read from `PORT` and
 * found as `config.http.port`. docs/configuration.md is generated from it.
 *
 * Names that DreamFactory v2 has keep their name, unit and default (control-plane 10.9).
 */

import { isIP } from 'node:net'
import { availableParallelism } from 'node:os'
import {
  bool,
  bytes,
  duration,
  int,
  key,
  list,
  oneOf,
  optionalPath,
  path,
  type Setting,
  secret,
  text,
  url,
} from './setting.ts'

const KIB = 1024
const MIB = 1024 * KIB

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
  nodes: 'More than one node',
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
  },

  admin: {
    email: text({
      env: 'DF_ADMIN_EMAIL',
      default: null,
      pattern: /^[^\s@]+@[^\s@]+$/,
      accepts: 'an email address',
      help: 'Makes the first administrator at start, if there is none. Without it, a one-time code that is printed at start makes one.',
    }),
    password: secret({
      env: 'DF_ADMIN_PASSWORD',
      minLength: 16,
      help: 'The password of that administrator. Given together with DF_ADMIN_EMAIL.',
    }),
    firstName: text({ env: 'DF_ADMIN_FIRST_NAME', default: 'Admin', help: 'The first name of that administrator.' }),
    lastName: text({ env: 'DF_ADMIN_LAST_NAME', default: 'User', help: 'The last name of that administrator.' }),
  },

  auth: {
    jwtSecret: secret({
      env: 'DF_JWT_SECRET',
      aliases: ['JWT_SECRET'],
      minLength: 16,
      defaultText: 'generated once, kept in the data folder',
      help: 'The secret that signs session tokens (HS256). Several instances that share users need the same one; changing it ends all sessions.',
    }),
    jwtTtlMinutes: duration({
      env: 'DF_JWT_TTL',
      default: 1_440,
      min: 1,
      max: 525_600,
      unit: 'min',
      as: 'min',
      help: 'How long a session token is valid.',
    }),
    jwtRefreshTtlMinutes: duration({
      env: 'DF_JWT_REFRESH_TTL',
      default: 20_160,
      min: 1,
      max: 5_256_000,
      unit: 'min',
      as: 'min',
      help: 'How long after its first issue a session token can be refreshed. At least DF_JWT_TTL.',
    }),
    allowForeverSessions: bool({
      env: 'DF_ALLOW_FOREVER_SESSIONS',
      default: false,
      help: 'Lets `remember_me` in a login make a session that can always be refreshed.',
    }),
    jwtUserClaims: list({
      env: 'DF_JWT_USER_CLAIM',
      default: [],
      entry: { test: (field) => name.test(field), accepts: 'field names' },
      help: 'Fields of the user that are put into the token as claims.',
    }),
    loginAttribute: oneOf({
      env: 'DF_LOGIN_ATTRIBUTE',
      default: 'email',
      words: ['email', 'username'],
      help: 'What people log in with.',
    }),
    loginAttemptsPerMinute: int({
      env: 'DF_LOGIN_ATTEMPTS',
      default: 10,
      min: 1,
      max: 10_000,
      unit: 'per minute',
      help: 'Failed logins allowed to one account and to one address. More are answered 429.',
    }),
    confirmCodeLength: int({
      env: 'DF_CONFIRM_CODE_LENGTH',
      default: 32,
      min: 5,
      max: 32,
      unit: 'characters',
      help: 'The length of the codes in invitations and password mails.',
    }),
    confirmCodeTtlMinutes: duration({
      env: 'DF_CONFIRM_CODE_TTL',
      default: 86_400,
      min: 1,
      max: 5_256_000,
      unit: 'min',
      as: 'min',
      help: 'How long such a code is valid.',
    }),
    confirmResetUrl: text({
      env: 'DF_CONFIRM_RESET_URL',
      default: '/dreamfactory/dist/#/auth/reset-password',
      help: 'Where the links of password mails lead. A path is below APP_URL.',
    }),
    confirmInviteUrl: text({
      env: 'DF_CONFIRM_INVITE_URL',
      default: '/dreamfactory/dist/#/auth/user-invite',
      help: 'Where the links of invitations lead. A path is below APP_URL.',
    }),
    confirmRegisterUrl: text({
      env: 'DF_CONFIRM_REGISTER_URL',
      default: '/dreamfactory/dist/#/auth/register-confirm',
      help: 'Where the links of registration mails lead. A path is below APP_URL.',
    }),
  },

  security: {
    appKey: key({
      env: 'DF_APP_KEY',
      aliases: ['APP_KEY'],
      bytes: 32,
      defaultText: 'generated once, kept in the data folder with mode 0600',
      help: 'The key that encrypts secrets in the system store (AES-256-GCM). Without it, what it encrypted is lost.',
    }),
  },

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

  records: {
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
  },

  sqlite: {
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
  },

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
    encodeRows: int({
      env: 'DF_WORKER_ENCODE_ROWS',
      default: 500,
      min: 0,
      max: 2_147_483_647,
      help: 'XML and CSV of lists with more entries than this are written in a worker thread, where they were not written by the database connection already.',
    }),
  },

  files: {
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
  },

  remote: {
    allow: list({
      env: 'DF_REMOTE_ALLOW',
      default: [],
      entry: { test: isNetwork, accepts: 'IP addresses or networks such as 10.0.0.0/8' },
      help: 'Addresses at which remote services may be although they are not public, when their base URL has a public name. An address, `localhost` or a name without a public ending in the base URL needs no entry.',
    }),
  },

  nodes: {
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

function isNetwork(entry: string): boolean {
  const [address = '', bits, ...rest] = entry.split('/')
  const version = isIP(address)
  if (version === 0 || rest.length > 0) return false
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128))
}
