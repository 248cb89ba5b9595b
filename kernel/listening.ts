/** Endpoints to listen at: whether one is free, why one can't be had, and how they are written. */
import { createServer } from 'node:net'

export interface Endpoint {
  /** An IPv6 address is without brackets. */
  readonly host: string
  readonly port: number
}

/** Of a setting that names both: `127.0.0.1:9464`, `[::1]:9464`. */
export function endpointIn(address: string): Endpoint {
  const colon = address.lastIndexOf(':')
  return { host: address.slice(0, colon).replace(/^\[(.*)\]$/, '$1'), port: Number(address.slice(colon + 1)) }
}

/** The port, or a free one where it is 0. Rejects when it can't be listened on. */
export async function freePort({ host, port }: Endpoint): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port }, resolve)
  })
  const bound = server.address()
  await new Promise((resolve) => server.close(resolve))
  return bound !== null && typeof bound === 'object' ? bound.port : port
}

/** One line: what is wrong, and which of the settings (as they are called in it) to change. */
export function cannotListen(
  error: unknown,
  { host, port }: Endpoint,
  settings: { readonly host: string; readonly port: string } = { host: 'HOST', port: 'PORT' },
): string {
  const { code } = error as NodeJS.ErrnoException
  const where = `${written(host)}:${port}`
  if (code === 'EADDRINUSE') return `${where} is in use by another program; set ${settings.port} to another one.`
  if (code === 'EACCES') return `${where} may not be used by this user; set ${settings.port} to one above 1023.`
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return `${host} is no address of this machine; set ${settings.host} to one.`
  return `${where} can't be listened on: ${error instanceof Error ? error.message : String(error)}`
}

/** An address to type into a browser on this machine. */
export function urlOf({ host, port }: Endpoint): string {
  const everywhere = host === '0.0.0.0' || host === '::' || host === ''
  return `http://${everywhere ? 'localhost' : written(host)}:${port}`
}

const written = (host: string): string => (host.includes(':') ? `[${host}]` : host)
