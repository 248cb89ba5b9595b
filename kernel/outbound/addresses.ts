/**
 * Which addresses the server may fetch from on somebody's word (control-plane 13.3): public ones, and those that the operator allows.
 * Everything else could be a machine that only the server can reach.
 */
import { BlockList, isIPv4, isIPv6 } from 'node:net'

const special4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
]
/** Of the global unicast space 2000::/3, what is no single machine or carries another address inside. */
const special6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20']

const blocked = networks([...special4, ...special6])
const global6 = networks(['2000::/3'])

/** A list of addresses and networks, `10.0.0.0/8`. */
export function networks(entries: readonly string[]): BlockList {
  const list = new BlockList()
  for (const entry of entries) {
    const [address = '', bits] = entry.split('/')
    const family = isIPv6(address) ? 'ipv6' : 'ipv4'
    if (bits === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(bits), family)
  }
  return list
}

/** Whether an address is one of the public internet. What is no address is not. */
export function isPublic(address: string): boolean {
  if (isIPv4(address)) return !blocked.check(address, 'ipv4')
  if (!isIPv6(address)) return false
  const inner = mapped(address)
  if (inner !== null) return isPublic(inner)
  return global6.check(address, 'ipv6') && !blocked.check(address, 'ipv6')
}

/** The IPv4 address of `::ffff:a.b.c.d`, in whatever spelling; null for other ones. */
export function mapped(address: string): string | null {
  const [, high, low] =
    /^\[::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})\]$/.exec(new URL(`http://[${bare(address)}]`).hostname) ?? []
  if (high === undefined || low === undefined) return null
  const number = Number.parseInt(high, 16) * 0x10000 + Number.parseInt(low, 16)
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 0xff).join('.')
}

/** Without a zone (`fe80::1%eth0`), which no URL can hold. */
const bare = (address: string): string => address.split('%', 1)[0] ?? ''
