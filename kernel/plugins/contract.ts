/**
 * The public contract between the kernel and plugins, exported as `dataferry/sdk`: what a plugin registers, what a service gets and
 * answers, and the abilities that plugins offer each other. First-party connectors use nothing else.
 * [C] marks plain data that survives structuredClone: no functions, no class instances.
 */
import type { Config } from '../../config/index.ts'
import type { Command } from './commands.ts'

/** bigint for integers beyond 2^53; decimals that a double can't hold arrive as a `Decimal`. Parsed objects have null prototypes. */
export type Json =
  | null
  | boolean
  | number
  | bigint
  | string
  | Decimal
  | readonly Json[]
  | { readonly [key: string]: Json }

/** A number that is printed digit by digit (data-plane 9.1): `digits` is a JSON number. */
export class Decimal {
  readonly digits: string
  constructor(digits: string) {
    this.digits = digits
  }
  toString(): string {
    return this.digits
  }
  /** JSON.stringify prints the digits as they are. */
  toJSON(): unknown {
    return (JSON as unknown as { rawJSON(digits: string): unknown }).rawJSON(this.digits)
  }
}

/** What a driver may be given. A Decimal has more digits than a double: where columns have no type of their own, it is told from a text. */
export type Bind = null | boolean | number | bigint | string | Uint8Array | Decimal | readonly Bind[]

export type Verb = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
/** data-plane 2.5. */
export const verbBits: { readonly [V in Verb]: number } = { GET: 1, POST: 2, PUT: 4, PATCH: 8, DELETE: 16 }
export const allVerbs = 31
/** API = 1, SCRIPT = 2. */
export type Requestor = 'api' | 'script'

// ---- plugins ----------------------------------------------------------------------------------------------------------------

/** A module's default export. Loading it has no side effects. */
export interface Plugin {
  readonly name: string
  readonly api: 1
  readonly types: readonly ServiceType[]
  /** What the command line does with the plugin: run with a host that started, on a store that a server may be using. */
  readonly commands?: readonly Command[]
  /** Offers abilities, opens what the plugin needs. A throw stops the start of the server, with the plugin's name. */
  start?(host: PluginHost): Promise<void>
  /** Given what start() was given: one process may run several servers. Must work after a start() that failed. */
  stop?(host: PluginHost): Promise<void>
}

/** One kind of service: control-plane 4.4. */
export interface ServiceType {
  readonly name: string
  readonly label: string
  readonly group: string
  readonly description: string
  /** There is one service of this type, made by the house. */
  readonly singleton?: boolean
  readonly config: ConfigSchema
  /** `raw`: the service reads the bytes of the body itself (files, remote services). */
  readonly body: 'value' | 'raw'
  /** What may be asked without a role's permission (control-plane 2.5): components relative to the service, with masks of verbs. */
  readonly open?: readonly { readonly component: string; readonly verbs: number }[]
  /** Gives some of its files to everybody, at `/{service}/{path}` outside of the API, by its FileStore (control-plane 9.8). */
  readonly publishes?: boolean
  /** Checks a configuration when it is saved; throws BadRequest saying what to change. */
  check?(config: ConfigValues): void
  /** No I/O here: the first use connects. */
  create(config: ConfigValues, host: ServiceHost): Service
}
export type ConfigValues = { readonly [name: string]: Json }

/** control-plane 4.5: the fields of a configuration, from which forms are drawn. [C] */
export type ConfigSchema = readonly ConfigField[]
export interface ConfigField {
  readonly name: string
  readonly label: string
  readonly type:
    | 'string'
    | 'text'
    | 'integer'
    | 'password'
    | 'boolean'
    | 'picklist'
    | 'multi_picklist'
    | 'object'
    | 'array'
    | 'verb_mask'
    | 'event_picklist'
    | 'file_certificate'
    | 'file_certificate_api'
  readonly description?: string
  readonly required?: boolean
  readonly allow_null?: boolean
  readonly default?: Json
  readonly values?: readonly { readonly label: string; readonly name: string | number | null }[]
  readonly items?: 'string' | readonly ConfigField[]
  readonly object?: {
    readonly key: { readonly label: string; readonly type: string }
    readonly value: { readonly label: string; readonly type: string }
  }
  /** Encrypted at rest; `masked` also reads back as `**********`. Not part of the wire form. */
  readonly secret?: 'masked' | 'encrypted'
  /** The whole column description is shown (control-plane 4.5), not the hand-written short form. */
  readonly column?: boolean
}

export interface Service {
  handle(request: ApiRequest, signal: AbortSignal): Promise<ApiReply>
  /** Components that a role may name (control-plane 3.6), without the caller's own rights applied. */
  resources?(request: ApiRequest, signal: AbortSignal): Promise<readonly string[]>
  /** What the caller may find out about (control-plane 6); `asked` is left out by who wants the most. Who shows it filters verbs. */
  describe?(caller: Caller, asked?: OpenApiAsked): Promise<OpenApiPart>
  /** What this service can do for others beyond HTTP, for example its RecordStore; undefined when it has no such thing. */
  ability?<T>(wanted: Ability<T>): T | undefined
  /**
   * Reaches for what is behind the service, past what is remembered of it, and throws what its requests would. Without it nothing is
   * behind the service.
   */
  probe?(signal: AbortSignal): Promise<void>
  /** What is remembered of what is behind the service is forgotten (control-plane 4.7). */
  forget?(): void
  /** What is known, without asking, to be wrong behind the service, in words for who runs it; null: nothing. */
  trouble?(): string | null
  /** How it stands, for who measures. Asks nobody. */
  vitals?(): Vitals
  close(): Promise<void>
}
/** What a service tells of itself, as far as it knows. [C] */
export interface Vitals {
  readonly connections?: Connections
  /** Compiled programs that were found, and that had to be made, since the service was made. */
  readonly programs?: { readonly hits: number; readonly misses: number }
}
/** Connections, or threads that stand for them. [C] */
export interface Connections {
  readonly open: number
  readonly idle: number
  /** Requests that wait for one. */
  readonly waiting: number
  readonly most: number
}
/** How much of a service's data its description holds. [C] */
export interface OpenApiAsked {
  /**
   * `none`: what is known without asking the source. `schemas`: the records of each table too. `paths`: and paths of its own for each
   * table, instead of those with a parameter.
   */
  readonly tables: 'none' | 'schemas' | 'paths'
  /** Of these tables only, by lower-case name; null: of all. */
  readonly only: ReadonlySet<string> | null
  /** What is remembered of the source is forgotten first. */
  readonly refresh: boolean
}
/**
 * Parts of an OpenAPI 3.1 document. Paths are relative to the service; an operation may leave out what all have: its id, tags, errors,
 * and parameters of the path that are texts. Schemas of different services have different names, or are the same. [C]
 */
export interface OpenApiPart {
  readonly paths: { readonly [path: string]: Json }
  readonly schemas: { readonly [name: string]: Json }
  readonly parameters?: { readonly [name: string]: Json }
}

// ---- requests and replies -----------------------------------------------------------------------------------------------------

/** [C]; streams and bytes are transferred. */
export interface ApiRequest {
  readonly id: string
  readonly verb: Verb
  /** Lower case. */
  readonly service: string
  /** Decoded segments below the service, without empty and dot segments. */
  readonly path: readonly string[]
  /** The path ended in `/`: files tell folders so. */
  readonly trailingSlash: boolean
  readonly query: RawOptions
  /** For types whose body is `raw`: the query as it was sent, in order and with repeated names, without credentials and `?`. */
  readonly search?: string
  /** Lower-case names. Credentials are taken out. */
  readonly headers: HeaderMap
  readonly body: Body
  readonly caller: Caller
  readonly output: Output
  /** Scheme and host as the client sees them, for links: `http://127.0.0.1:8080`. */
  readonly origin: string
  /** The client's address, behind trusted proxies the one that they tell. */
  readonly address: string
}
/** Query parameters as data-plane 1.1 reads them: `a=1` is text, `a[]=x` a list, `a[k]=x` a map; repeated: the last. */
export type RawOptions = ReadonlyMap<string, Json>
export type HeaderMap = { readonly [name: string]: string }
export type Body =
  | { readonly kind: 'none' }
  | { readonly kind: 'value'; readonly value: Json /** XML and CSV know only text. */; readonly typed: boolean }
  /** For who reads bytes; of the others, those get their body so who are sent several parts (`multipartParts`). Read at most once. */
  | { readonly kind: 'raw'; readonly type: string; readonly bytes: AsyncIterable<Uint8Array> }

export interface Output {
  readonly format: 'json' | 'xml' | 'csv' | 'text'
  /** The media type answered: `application/json`, `application/xml`, `text/xml`, `text/csv`, `text/plain`. */
  readonly type: string
  /** The key that lists are wrapped in; null: bare. A list with `meta` is wrapped all the same, in `wrapperName`. */
  readonly wrapper: string | null
  /** The configured name of the wrapper, whether or not this reply is wrapped. */
  readonly wrapperName: string
  readonly xmlRoot: string
  /** `file=`: the name of the download. */
  readonly fileName: string | null
}

export interface ApiReply {
  readonly status: number
  readonly headers: HeaderMap
  /** Set-Cookie lines, which can not be joined to one header. */
  readonly cookies?: readonly string[]
  readonly body: ReplyBody
}
export type ReplyBody =
  | { readonly kind: 'none' }
  | { readonly kind: 'value'; readonly value: Json }
  | { readonly kind: 'rows'; readonly rows: RowSource }
  /** A file, an image, a proxied reply: compressed at most, never looked into. */
  | {
      readonly kind: 'opaque'
      readonly type: string
      readonly length: number | null
      readonly bytes: AsyncIterable<Uint8Array>
    }

/** A read that has not begun. One of its methods is called, once; connection and cursor live inside that call. */
export interface RowSource {
  readonly weight: 'point' | 'page' | 'bulk'
  /** Writes the whole body in the output's format. Throws before its first write, or the reply is cut. */
  encode(output: Output, sink: ByteSink, signal: AbortSignal): Promise<void>
  /** The same body as a value. */
  value(limit: Budget, signal: AbortSignal): Promise<Json>
}
export interface Budget {
  readonly bytes: number
  readonly rows: number
}
export interface ByteSink {
  /**
   * Takes ownership of the chunk. A promise means: wait for it before the next. `done` may be called, once, when the bytes are of no use
   * any more: their memory is used again then.
   */
  write(chunk: Uint8Array, done?: () => void): void | Promise<void>
}

// ---- callers, roles, policy -----------------------------------------------------------------------------------------------------

/** Who asks. [C] */
export interface Caller {
  readonly user: UserFacts | null
  readonly app: App | null
  readonly role: Role | null
  /** A full administrator: every right, no filters (control-plane 2.4). */
  readonly admin: boolean
  readonly requestor: Requestor
  /** The verified session token, null when there is none. */
  readonly session: Session | null
  /** On a refresh (PUT of a session) only: the token as it was sent, which the refresh judges itself (control-plane 0.4, 1.5). */
  readonly unverifiedToken?: string
  /** Public lookups by name, built-ins (`user.id`, `app.name`, ...) included: data-plane 2.13. */
  readonly lookups: { readonly [name: string]: Json }
}
/** A verified token. [C] */
export interface Session {
  readonly token: string
  readonly claims: TokenClaims
}
/** control-plane 1.4. Times in seconds. */
export interface TokenClaims {
  readonly sub: string
  readonly user_id: number
  readonly iat: number
  readonly exp: number
  readonly nbf: number
  readonly jti: string
  readonly forever: boolean
}
/** [C] */
export interface UserFacts {
  readonly id: number
  readonly name: string
  readonly username: string
  readonly firstName: string | null
  readonly lastName: string | null
  readonly email: string
  readonly phone: string | null
  readonly isSysAdmin: boolean
  readonly isActive: boolean
  readonly defaultAppId: number | null
  /** `YYYY-MM-DD HH:MM:SS` */
  readonly lastLoginDate: string | null
  /** user_to_app_to_role in table order. */
  readonly assignments: readonly { readonly app: number; readonly role: number }[]
  readonly lookups: { readonly [name: string]: Lookup }
  /** Tokens issued before this second are revoked. */
  readonly tokensValidFrom: number
}
export interface Lookup {
  readonly value: string
  /** Resolves in service configuration only. */
  readonly private: boolean
}
/** [C] */
export interface App {
  readonly id: number
  readonly name: string
  readonly apiKey: string
  readonly isActive: boolean
  readonly roleId: number | null
  readonly lookups: { readonly [name: string]: Lookup }
}
/** Rules by lower-case service name; '' holds those for all services. In table order. [C] */
export interface Role {
  readonly id: number
  readonly name: string
  readonly description: string | null
  readonly isActive: boolean
  readonly rules: ReadonlyMap<string, readonly Rule[]>
  readonly lookups: { readonly [name: string]: Lookup }
}
/** A row filter, parsed once by connectors/records; the kernel carries it and never reads it. */
export type RoleFilter = { readonly kind: string }
/** [C] */
export interface Rule {
  /** Lower case, outer slashes trimmed. */
  readonly component: string
  readonly verbs: number
  readonly requestors: number
  readonly rows: RoleFilter | null
  readonly fields: FieldRights | null
}
/** Fields by the name that clients use or by their real one, lower case. `hidden` do not exist, `readOnly` are not written. */
export interface FieldRights {
  readonly hidden: ReadonlySet<string>
  readonly readOnly: ReadonlySet<string>
}
/** What holds for one caller on one component and verb: control-plane 3.3, 3.4. [C] */
export interface Policy {
  /** All verbs of the component. */
  readonly verbs: number
  /** Row filter of the verb asked for; null: all rows. */
  readonly rows: RoleFilter | null
  readonly hidden: ReadonlySet<string>
  readonly readOnly: ReadonlySet<string>
}
/** The mask that a caller has on a component of a service (control-plane 3.3). */
export type MaskFor = (caller: Caller, service: string, component: string) => number
export type PolicyFor = (caller: Caller, service: string, component: string, verb: Verb) => Policy

/** Immutable; replaced under one version. A request keeps the one that it began with. */
export interface Snapshot {
  readonly version: number
  /** By lower-case name, inactive ones too. */
  readonly services: ReadonlyMap<string, ServiceRecord>
  readonly servicesById: ReadonlyMap<number, ServiceRecord>
  readonly appsByKey: ReadonlyMap<string, App>
  readonly apps: ReadonlyMap<number, App>
  readonly roles: ReadonlyMap<number, Role>
  /** Lookups of the whole system. */
  readonly lookups: { readonly [name: string]: Lookup }
  readonly cors: readonly CorsRule[]
}
/** [C] */
export interface ServiceRecord {
  readonly id: number
  readonly name: string
  readonly label: string
  readonly description: string | null
  readonly type: string
  readonly isActive: boolean
  /** Raised by every change: a service is made anew when it differs. */
  readonly revision: number
  /** Secrets decrypted, lookups replaced. Never leaves the process. */
  readonly config: ConfigValues
}
/** control-plane 10.6. [C] */
export interface CorsRule {
  readonly path: string
  readonly origins: readonly string[]
  readonly headers: readonly string[]
  readonly exposed: readonly string[]
  readonly methods: readonly string[]
  readonly maxAge: number
  readonly credentials: boolean
}

// ---- abilities and hosts ----------------------------------------------------------------------------------------------------------

/** The name of something that one plugin offers and others ask for. */
export interface Ability<T> {
  readonly name: string
  /** Carries the type only. */
  readonly of?: T
}
export const ability = <T>(name: string): Ability<T> => ({ name })

/** Tells the kernel what is configured. Offered by plugins/system. */
export interface SnapshotSource {
  current(): Snapshot
  /** Called after each change, with the new snapshot; returns the way to stop. */
  subscribe(listener: (snapshot: Snapshot) => void): () => void
}
export const SnapshotSourceAbility = ability<SnapshotSource>('SnapshotSource')

/** Who the users are. Offered by plugins/system; answers come from a bounded cache, without a promise where they are in it. */
export interface Accounts {
  user(id: number): UserFacts | null | Promise<UserFacts | null>
  /** By email or username as configured; null for any mismatch. Throttled per account and address (429). */
  authenticate(
    login: string,
    password: string,
    kind: 'user' | 'admin' | 'any',
    address: string,
  ): Promise<UserFacts | null>
  /** Whether the token of these claims was logged out. */
  isRevoked(claims: TokenClaims): boolean | Promise<boolean>
  revoke(claims: TokenClaims): Promise<void>
  /** Called when users, assignments or revocations changed: cached callers are dropped. null: all. */
  subscribe(listener: (userId: number | null) => void): () => void
}
export const AccountsAbility = ability<Accounts>('Accounts')

/** Session tokens (control-plane 1.4, 1.5). Offered by the kernel. */
export interface Tokens {
  /** `iat`: for a refresh, that of the first token of the chain. */
  issue(
    user: { readonly id: number; readonly email: string },
    issuer: string,
    options: { readonly forever: boolean; readonly iat?: number },
  ): Promise<string>
  /** Signature and shape only; expiry is judged by the caller of it. Throws Unauthorized with the contract's detail. */
  read(token: string): Promise<TokenClaims>
}
export const TokensAbility = ability<Tokens>('Tokens')

/** Resources of accounts; `register` and `custom` are of users only. */
export type AccountResource = 'session' | 'password' | 'profile' | 'register' | 'custom'
/**
 * The account resources of one kind of account (control-plane 1.3 to 1.10). Offered by plugins/system for its own `admin/...`;
 * plugins/user shows them for users.
 */
export interface AccountResources {
  handle(resource: AccountResource, kind: 'user' | 'admin', request: ApiRequest, signal: AbortSignal): Promise<ApiReply>
}
export const AccountResourcesAbility = ability<AccountResources>('AccountResources')

/** Sends mails: what services of the group Email can do for others (control-plane 10.1). */
export interface Mailer {
  /**
   * `mail` is as the body of a POST to the service: a template or texts of its own, recipients, values of placeholders. Answers the
   * number of recipients once the mail was handed on. Throws BadRequest for what can be no mail, ServiceUnavailable when nobody
   * took it.
   */
  send(mail: { readonly [name: string]: Json }, signal: AbortSignal): Promise<number>
}
export const MailerAbility = ability<Mailer>('Mailer')

/** Templates of mails by id or name, their fields as in records (control-plane 10.1). Offered by plugins/system. */
export interface EmailTemplates {
  find(by: { readonly id: number } | { readonly name: string }): Promise<{ readonly [field: string]: Json } | null>
}
export const EmailTemplatesAbility = ability<EmailTemplates>('EmailTemplates')

/** Counts requests (control-plane 10.4). Offered by plugins/system. */
export interface Limits {
  /**
   * Throws TooManyRequests for a caller who exceeded a limit. A promise only where a limit of the caller is counted by several nodes
   * together.
   */
  count(request: ApiRequest): void | Promise<void>
}
export const LimitsAbility = ability<Limits>('Limits')

/** What the start of the server and its plain pages need to know of the instance. Offered by plugins/system. */
export interface Instance {
  /** No administrator exists yet. */
  setupNeeded(): boolean
  /** The one-time code of this start with which `POST /setup` makes the first administrator; null when none is needed. */
  readonly setupCode: string | null
  /** Makes the first administrator (control-plane 1.2); throws Forbidden on a wrong or used code, BadRequest on bad fields. */
  setup(fields: { readonly [name: string]: Json }): Promise<void>
  /** The body of `GET /status` (control-plane 0.1). */
  status(origin: string): Promise<Json>
}
export const InstanceAbility = ability<Instance>('Instance')

/** Lines that a plugin adds to what the start prints, for example commands to try. */
export interface Hints {
  lines(origin: string): readonly string[]
}
export const HintsAbility = ability<Hints>('Hints')

export interface Log {
  debug(message: string, facts?: { readonly [key: string]: unknown }): void
  info(message: string, facts?: { readonly [key: string]: unknown }): void
  warn(message: string, facts?: { readonly [key: string]: unknown }): void
  error(message: string, facts?: { readonly [key: string]: unknown }): void
}

/**
 * What this process of a node does (docs/nodes.md): all by itself (`whole`), or it leads workers and answers nothing (`leader`), or it
 * answers (`worker`).
 */
export type Part =
  | { readonly kind: 'whole' | 'leader' }
  /** The one-time code that the leader has printed; null: none is needed. */
  | { readonly kind: 'worker'; readonly setupCode: string | null }

/** What a plugin is given at start. */
export interface PluginHost {
  readonly log: Log
  readonly settings: Config
  readonly version: string
  /** false: a command is run. Nothing listens, and a server may be at work on the same store: begin nothing that is a server's. */
  readonly serves: boolean
  /** false: a command is run that needs the data of a server. What is not there is not made; say that it is missing. */
  readonly makes: boolean
  /** What a plugin does once a node (taking locks, filling what is empty, sweeping) is not for workers. */
  readonly part: Part
  offer<T>(what: Ability<T>, by: T): void
  /** Throws when nobody offers it. Ask at use, not at start: plugins start in the order of their names' configuration. */
  ask<T>(what: Ability<T>): T
  /** Every registered service type, by name. */
  types(): ReadonlyMap<string, ServiceType>
  /** A service outside the snapshot, made from a configuration: for the system store. */
  open(type: string, name: string, config: ConfigValues): Service
  /** Opens the service of this name as the kernel would (leased); for services that others refer to. */
  service(name: string): Promise<Service>
  /** An internal request by a caller: enters the pipeline at access. */
  call(request: ApiRequest, signal: AbortSignal): Promise<ApiReply>
  readonly maskFor: MaskFor
  readonly policyFor: PolicyFor
}

/** What an instance of a service is given. */
export interface ServiceHost {
  readonly log: Log
  readonly settings: Config
  readonly service: { readonly id: number; readonly name: string; readonly label: string; readonly type: string }
  ask<T>(what: Ability<T>): T
  readonly maskFor: MaskFor
  readonly policyFor: PolicyFor
  /** The ability of another service by its id, for relations across services. */
  serviceName(id: number): string | null
  /** The id of a service by its name in any case; null: there is none. */
  serviceId?(name: string): number | null
  other<T>(serviceId: number, what: Ability<T>): Promise<T>
  /**
   * This process's part of what a service may have altogether at this node, connections above all; at least `least`. Left out: all of it.
   */
  share?(total: number, least: number): number
}
