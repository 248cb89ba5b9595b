/** Addresses of remotes in answers become those of their services here (control-plane 8.1, `replace_link`). */
import type { ServiceRecord } from 'dataferry/sdk'

export interface Link {
  readonly from: string
  readonly to: string
}

/** Of all active services of the type; longer ones first, so that a base below another one wins. */
export function linksOf(services: Iterable<ServiceRecord>, type: string, prefix: string): readonly Link[] {
  const links: Link[] = []
  for (const { type: kind, isActive, name, config } of services) {
    if (kind !== type || !isActive || typeof config.base_url !== 'string') continue
    const from = config.base_url.trim().replace(/\/+$/, '')
    if (from !== '') links.push({ from, to: `${prefix}/${name}` })
  }
  // In JSON, slashes may be escaped.
  const escaped = links.map(({ from, to }) => ({ from: from.replaceAll('/', '\\/'), to: to.replaceAll('/', '\\/') }))
  return [...links, ...escaped].sort((a, b) => b.from.length - a.from.length)
}

/** The text with all links replaced, as it comes; what could be the beginning of one waits for the next piece. */
export async function* replaced(bytes: AsyncIterable<Uint8Array>, links: readonly Link[]): AsyncGenerator<Uint8Array> {
  const longest = links[0]?.from.length ?? 0
  const targets = new Map(links.map(({ from, to }) => [from, to]))
  const pattern = new RegExp(links.map(({ from }) => from.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')).join('|'), 'g')
  // One character a byte: the links are found whatever the encoding of the rest, which stays as it is.
  let rest = ''
  for await (const chunk of bytes) {
    rest += Buffer.from(chunk).toString('latin1')
    if (rest.length <= longest) continue
    let done = ''
    let from = 0
    const limit = rest.length - longest
    pattern.lastIndex = 0
    for (let found = pattern.exec(rest); found !== null && found.index < limit; found = pattern.exec(rest)) {
      done += rest.slice(from, found.index) + (targets.get(found[0]) ?? '')
      from = found.index + found[0].length
    }
    const cut = Math.max(from, limit)
    done += rest.slice(from, cut)
    rest = rest.slice(cut)
    if (done !== '') yield Buffer.from(done, 'latin1')
  }
  if (rest !== '')
    yield Buffer.from(
      rest.replace(pattern, (found) => targets.get(found) ?? found),
      'latin1',
    )
}
