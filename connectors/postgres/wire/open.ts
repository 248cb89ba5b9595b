/** Makes connections, and cancels what runs on one by another. */
import type { ConnectionOptions } from 'node:tls'
import pg from 'pg'
import type { ConnectionSettings } from '../settings.ts'
import { Wire } from './connection.ts'
import { ConnectFailed, PreparationFailed, ServerFault } from './fault.ts'

/** pg's client keeps the backend's key to itself as far as its types go. */
type Client = pg.Client & { readonly processID: number | null; readonly secretKey: number | null }

/** A connection that stands and is prepared. Rejects with ServerFault, ConnectFailed or PreparationFailed. */
export async function openWire(settings: ConnectionSettings): Promise<Wire> {
  if (!settings.sslOptional) return connect(settings, settings.ssl)
  try {
    return await connect(settings, settings.ssl)
  } catch (thrown) {
    if (!isWithoutTls(thrown)) throw thrown
    return connect(settings, false)
  }
}

const isWithoutTls = (thrown: unknown): boolean =>
  thrown instanceof ConnectFailed &&
  thrown.cause instanceof Error &&
  /does not support SSL|establishing an SSL connection/.test(thrown.cause.message)

async function connect(settings: ConnectionSettings, ssl: false | ConnectionOptions): Promise<Wire> {
  const { host, port, database, user, password, applicationName, connectTimeoutMs } = settings
  const wire = new Wire({ ssl, keepAlive: true })
  const client = new pg.Client({
    host,
    port,
    database,
    user: user === '' ? 'postgres' : user,
    // A function, so that an empty password does not become one of the environment.
    password: () => password,
    ssl,
    application_name: applicationName,
    connectionTimeoutMillis: connectTimeoutMs,
    ...({ connection: wire } as object),
  }) as Client
  client.on('error', () => {})
  try {
    await client.connect()
  } catch (thrown) {
    wire.stream.destroy()
    throw connectFault(thrown)
  }
  wire.goLive(client)
  try {
    if (settings.preparation.length > 0) await Promise.all(settings.preparation.map((text) => wire.simple(text)))
  } catch (thrown) {
    wire.destroy()
    throw thrown instanceof ServerFault && !thrown.code.startsWith('57') ? new PreparationFailed(thrown) : thrown
  }
  return wire
}

/** What pg throws while it connects: the server's own refusal, or what happened on the way. */
function connectFault(thrown: unknown): unknown {
  const fault = thrown as { readonly code?: unknown; readonly severity?: unknown; readonly message?: unknown }
  if (typeof fault.severity === 'string' && typeof fault.code === 'string') {
    return new ServerFault(
      new Map([
        ['C', fault.code],
        ['S', fault.severity],
        ['M', String(fault.message)],
      ]),
    )
  }
  return new ConnectFailed(thrown)
}

/** Asks the server to stop what runs on the connection; answers when the server has taken the request, or it can't be made. */
export function cancel(wire: Wire, settings: ConnectionSettings): Promise<void> {
  const { processID, secretKey } = wire.backend
  if (processID === null || secretKey === null) return Promise.resolve()
  const { ssl, host, port, connectTimeoutMs } = settings
  return new Promise((resolve) => {
    const messenger = new pg.Connection({ ssl: wire.encrypted ? ssl : false }) as pg.Connection & Messenger
    const timer = setTimeout(() => messenger.stream.destroy(), connectTimeoutMs)
    timer.unref()
    messenger.on('connect', () => {
      if (wire.encrypted) messenger.requestSsl()
      else messenger.cancel(processID, secretKey)
    })
    messenger.on('sslconnect', () => messenger.cancel(processID, secretKey))
    messenger.on('error', () => messenger.stream.destroy())
    messenger.on('end', () => {
      clearTimeout(timer)
      resolve()
    })
    if (host.startsWith('/')) messenger.connect(`${host}/.s.PGSQL.${port}`)
    else messenger.connect(port, host)
  })
}

interface Messenger {
  connect(port: number, host: string): void
  connect(socket: string): void
  requestSsl(): void
  cancel(processID: number, secretKey: number): void
}
