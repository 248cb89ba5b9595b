/**
 * The system plugin: the store with services, roles, apps and users; what the kernel asks of it (snapshot, accounts, the instance);
 * and the service type `system` that administers it all over HTTP.
 */
import {
  AccountResourcesAbility,
  AccountsAbility,
  ability,
  BusAbility,
  type EmailTemplates,
  EmailTemplatesAbility,
  InstanceAbility,
  LimitsAbility,
  type Plugin,
  type PluginHost,
  SchemaExtrasAbility,
  SharedSecretsAbility,
  SnapshotSourceAbility,
  StoredDocumentsAbility,
  TokensAbility,
} from 'dataferry/sdk'
import { adminCommands } from './commands/admin.ts'
import { keyCommands } from './commands/key.ts'
import { packageCommands } from './commands/package.ts'
import { serviceCommands } from './commands/service.ts'
import { SystemInstance } from './instance.ts'
import { LimitBook } from './limits/book.ts'
import { MailDesk } from './mails/desk.ts'
import { presentTemplate } from './models/email-template-model.ts'
import { NodeWatch } from './nodes.ts'
import { SystemService } from './resources/system-service.ts'
import { StoredExtras } from './schema/extras.ts'
import { AccountBook } from './sessions/accounts.ts'
import { SessionResources } from './sessions/resources.ts'
import { LoginThrottle } from './sessions/throttle.ts'
import { countedAlone, type SharedCounts } from './shared.ts'
import { SnapshotBook } from './snapshot/source.ts'
import { installationId, sharedSecrets } from './store/node-settings.ts'
import { openStore, type SystemStore } from './store/open.ts'
import { ServiceDocumentTexts } from './stored-documents.ts'
import { systemConfig } from './types/system-config.ts'

/** All that the parts of a running system share. */
export interface System {
  readonly host: PluginHost
  readonly store: SystemStore
  readonly snapshot: SnapshotBook
  readonly accounts: AccountBook
  readonly sessions: SessionResources
  readonly limits: LimitBook
  readonly desk: MailDesk
}

const post = 2
const get = 1
const every = 31
const sweepEveryMs = 3_600_000

/** What the service type needs of the running plugin; of no use to others. */
const SystemAbility = ability<System>('System')

/** How to undo each start: several servers may run in one process. */
const started = new WeakMap<PluginHost, () => Promise<void>>()

async function start(host: PluginHost): Promise<void> {
  let undo = async (): Promise<void> => {}
  try {
    const store = await openStore(host)
    undo = store.close
    const watch = new NodeWatch(host, store)
    const system = await assemble(host, store, watch)
    const timer = setInterval(() => {
      if (!once(host)) return
      system.accounts
        .sweep(new Date())
        .catch((error: unknown) => host.log.warn('old tokens could not be forgotten', { error }))
    }, sweepEveryMs).unref()
    undo = async () => {
      clearInterval(timer)
      await watch.stop()
      await system.desk.close()
      await store.close()
    }
    host.offer(SystemAbility, system)
  } finally {
    // A start that failed is stopped as well.
    started.set(host, undo)
  }
}

async function assemble(host: PluginHost, store: SystemStore, watch: NodeWatch): Promise<System> {
  const { auth, api } = host.settings
  await watch.begin()
  const shared = await sharedCounts(host, store)
  const snapshot = new SnapshotBook(store.tables, {
    types: host.types(),
    secrets: store.secrets,
    modifiers: new Set(api.lookupModifiers),
    warn: (message, facts) => host.log.warn(message, facts),
  })
  await snapshot.refresh()
  const throttle = new LoginThrottle(auth.loginAttemptsPerMinute, {
    shared,
    name: 'logins',
    refused: (account, address) =>
      host.log.warn('too many failed logins: more of them are refused for a minute', { account, address }),
  })
  const accounts = new AccountBook({
    store: store.tables,
    secrets: store.secrets,
    throttle,
    loginAttribute: auth.loginAttribute,
    refreshTtlMinutes: auth.jwtRefreshTtlMinutes,
    log: host.log,
  })
  await accounts.start()
  const desk = mailDesk(host, store, snapshot)
  if (once(host)) await desk.start()
  const limits = new LimitBook(store.tables, (name) => snapshot.current().services.get(name)?.id ?? null, { shared })
  await limits.load()
  // Limits go with their roles and services. A command counts nothing.
  if (host.serves) snapshot.subscribe(() => desk.inBackground(() => limits.load()))
  const sessions = new SessionResources({
    store: store.tables,
    accounts,
    throttle,
    tokens: () => host.ask(TokensAbility),
    snapshot: () => snapshot.current(),
    auth,
    api,
    desk,
    publicUrl: publicUrl(host),
    shared,
  })
  const instance = await offerInstance(host, store, accounts)
  host.offer(SnapshotSourceAbility, snapshot)
  host.offer(AccountsAbility, accounts)
  host.offer(AccountResourcesAbility, sessions)
  host.offer(SchemaExtrasAbility, new StoredExtras(store.tables, host.log))
  host.offer(EmailTemplatesAbility, templatesOf(store))
  host.offer(StoredDocumentsAbility, new ServiceDocumentTexts(store.tables, host.settings.files.importAllow, host.log))
  host.offer(LimitsAbility, limits)
  if (store.shared) host.offer(SharedSecretsAbility, sharedSecrets(store.tables, store.secrets))
  if (host.serves) watch.follow({ store, snapshot, accounts, instance, shared })
  return { host, store, snapshot, accounts, sessions, limits, desk }
}

async function sharedCounts(host: PluginHost, { tables }: SystemStore): Promise<SharedCounts> {
  const bus = host.ask(BusAbility)
  return bus.state() === 'alone' ? countedAlone : { bus, prefix: `${await installationId(tables)}:` }
}

/** What is done by one process of a node. */
const once = ({ serves, part }: PluginHost): boolean => serves && part.kind !== 'worker'

/** The configured address without its last slash. */
const publicUrl = ({ settings }: PluginHost): string | null => settings.url?.replace(/\/$/, '') ?? null

function mailDesk(host: PluginHost, store: SystemStore, snapshot: SnapshotBook): MailDesk {
  const { auth, name } = host.settings
  return new MailDesk({
    store: store.tables,
    secrets: store.secrets,
    snapshot: () => snapshot.current(),
    service: (service) => host.service(service),
    instanceName: name,
    links: { invite: auth.confirmInviteUrl, open_reg: auth.confirmRegisterUrl, password: auth.confirmResetUrl },
    log: host.log,
  })
}

const templatesOf = ({ tables }: SystemStore): EmailTemplates => ({
  async find(by) {
    const [row] = await tables.rows('email_template', by)
    return row === undefined ? null : presentTemplate(row)
  },
})

/** With the settings of a headless start the first administrator is made now; otherwise a one-time code does it. */
async function offerInstance(host: PluginHost, store: SystemStore, accounts: AccountBook): Promise<SystemInstance> {
  const instance = new SystemInstance({
    store: store.tables,
    version: host.version,
    changed: (id) => accounts.changed(id),
  })
  await instance.start(host.part.kind === 'worker' ? host.part.setupCode : undefined)
  const { email, password, firstName, lastName } = host.settings.admin
  if (once(host) && instance.setupNeeded() && email !== null && password !== null) {
    try {
      await instance.createFirstAdmin({ email, password, first_name: firstName, last_name: lastName })
      host.log.info('the first administrator was made', { email })
    } catch (error) {
      // Another node was first.
      await instance.look()
      if (instance.setupNeeded()) throw error
    }
  }
  host.offer(InstanceAbility, instance)
  return instance
}

async function stop(host: PluginHost): Promise<void> {
  const undo = started.get(host)
  started.delete(host)
  await undo?.()
}

const plugin: Plugin = {
  name: 'system',
  api: 1,
  types: [
    {
      name: 'system',
      label: 'System Management',
      group: 'System',
      description: 'Service supporting management of the system.',
      singleton: true,
      config: systemConfig,
      body: 'value',
      open: [
        { component: 'admin/session', verbs: every },
        { component: 'admin/password', verbs: post },
        { component: 'environment', verbs: get },
      ],
      create: (_config, host) => new SystemService(host.ask(SystemAbility), host),
    },
  ],
  commands: [...adminCommands, ...serviceCommands, ...packageCommands, ...keyCommands],
  start,
  stop,
}

export default plugin
