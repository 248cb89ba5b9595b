/**
 * The client's address and the origin that it sees. `X-Forwarded-*` counts only when the connection comes from a proxy that
 * the configuration trusts: throttles and limits count by this address.
 */
import { BlockList, isIP } from 'node:net'
import type { HeaderMap } from '../plugins/contract.ts'

export interface Addresses {
  /** The nearest address that is no trusted proxy. */
  client(peer: string, headers: HeaderMap): string
  /** `http://host:port`, without a slash at its end. `host` is the Host header. */
  origin(peer: string, headers: HeaderMap, host: string): string
}

/** `trusted`: addresses and networks such as 10.0.0.0/8. */
export function createAddresses(trusted: readonly string[]): Addresses {
  if (trusted.length === 0)
    return { client: (peer) => plain(peer), origin: (_peer, _headers, host) => `http://${host}` }
  const list = new BlockList()
  for (const entry of trusted) {
    const [network = '', bits] = entry.split('/')
    const family = isIP(network) === 6 ? 'ipv6' : 'ipv4'
    if (bits === undefined) list.addAddress(network, family)
    else list.addSubnet(network, Number(bits), family)
  }
  const trusts = (address: string) => {
    const kind = isIP(address)
    return kind !== 0 && list.check(address, kind === 6 ? 'ipv6' : 'ipv4')
  }
  return {
    client(peer, headers) {
      let address = plain(peer)
      const hops = (headers['x-forwarded-for'] ?? '').split(',').map((hop) => plain(hop.trim()))
      while (trusts(address)) {
        const hop = hops.pop()
        if (hop === undefined || isIP(hop) === 0) break
        address = hop
      }
      return address
    },
    origin(peer, headers, host) {
      if (!trusts(plain(peer))) return `http://${host}`
      const proto = last(headers['x-forwarded-proto']) === 'https' ? 'https' : 'http'
      const forwarded = last(headers['x-forwarded-host'])
      return `${proto}://${isHost(forwarded) ? forwarded : host}`
    },
  }
}

/** Whether a text can be the host of an origin; links are built of it. */
export function isHost(text: string): boolean {
  return /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/.test(text)
}

const last = (value: string | undefined): string => value?.split(',').at(-1)?.trim() ?? ''

/** An IPv4 address that arrives in IPv6 clothes, or with a port, is the IPv4 address. */
function plain(address: string): string {
  const bare = address.replace(/^::ffff:(?=\d+\.)/i, '')
  return /^\d+\.\d+\.\d+\.\d+:\d+$/.test(bare) ? bare.slice(0, bare.indexOf(':')) : bare
}
