/** One load against one server: by wrk where it is installed, by autocannon elsewhere. */
import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import autocannon from 'autocannon'

/** A request; `{n}` in path and body is replaced by a number that goes up. */
export interface Ask {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly body?: string
}
export interface Load {
  readonly ask: Ask
  readonly headers: { readonly [name: string]: string }
  readonly connections: number
  readonly seconds: number
  /** What `{n}` runs through, again and again. */
  readonly from: number
  readonly to: number
}
export interface Loaded {
  /** Answers that were 2xx. */
  readonly requests: number
  readonly perSecond: number
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
  readonly p999: number
}

export const hasWrk = spawnSync('wrk', ['-v'], { stdio: 'ignore' }).error === undefined
export const loader = hasWrk ? 'wrk' : 'autocannon'

export const filled = (text: string, n: number): string => text.replaceAll('{n}', String(n))

const longest = 60

/**
 * Throws when an answer is not 2xx: a benchmark of errors measures nothing. Where nothing was answered at all, because the machine is
 * slow, it is tried for longer.
 */
export async function load(url: string, what: Load): Promise<Loaded> {
  const { failed, ...loaded } = hasWrk ? await byWrk(url, what) : await byAutocannon(url, what)
  if (failed === 0 && loaded.requests === 0 && what.seconds < longest)
    return load(url, { ...what, seconds: Math.min(longest, what.seconds * 4) })
  if (failed > 0 || loaded.requests === 0)
    throw new Error(
      `${what.ask.method} ${what.ask.path}: ${failed} requests failed or were not answered by 2xx, ${loaded.requests} were`,
    )
  return loaded
}

type Outcome = Loaded & { readonly failed: number }

/** A Lua string of any bytes. */
const lua = (text: string): string =>
  `"${[...Buffer.from(text)].map((byte) => `\\${String(byte).padStart(3, '0')}`).join('')}"`
/** `{n}` stands in the Lua expression as the counter. */
const luaFilled = (text: string): string => text.split('{n}').map(lua).join(' .. n .. ')

function wrkScript({ ask, headers, from, to }: Load): string {
  const { method, path, body } = ask
  const all = body === undefined ? headers : { 'Content-Type': 'application/json', ...headers }
  const varies = `${path}${body ?? ''}`.includes('{n}')
  const request = `wrk.format(${lua(method)}, ${luaFilled(path)}, nil, ${body === undefined ? 'nil' : luaFilled(body)})`
  return `
${Object.entries(all)
  .map(([name, value]) => `wrk.headers[${lua(name)}] = ${lua(value)}`)
  .join('\n')}
local n = ${from - 1}
local fixed = nil
init = function(args) ${varies ? '' : `fixed = ${request}`} end
request = function()
  if fixed then return fixed end
  n = n + 1
  if n > ${to} then n = ${from} end
  return ${request}
end
done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('\\nRESULT {"requests":%d,"us":%d,"failed":%d,"p50":%d,"p99":%d,"p999":%d}\\n', summary.requests - e.status,
    summary.duration, e.connect + e.read + e.write + e.timeout + e.status, latency:percentile(50), latency:percentile(99),
    latency:percentile(99.9)))
end
`
}

async function byWrk(url: string, what: Load): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), 'dataferry-wrk-'))
  try {
    const script = join(folder, 'load.lua')
    writeFileSync(script, wrkScript(what))
    const args = ['-t1', `-c${what.connections}`, `-d${Math.max(1, Math.round(what.seconds))}`, '--timeout', '30']
    const { stdout } = await promisify(execFile)('wrk', [...args, '-s', script, url])
    const [, json] = /RESULT (.*)/.exec(stdout) ?? []
    if (json === undefined) throw new Error(`wrk printed no result:\n${stdout}`)
    const told = JSON.parse(json) as {
      requests: number
      us: number
      failed: number
      p50: number
      p99: number
      p999: number
    }
    return {
      requests: told.requests,
      failed: told.failed,
      perSecond: told.requests / (told.us / 1e6),
      p50: told.p50 / 1_000,
      p99: told.p99 / 1_000,
      p999: told.p999 / 1_000,
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function byAutocannon(url: string, { ask, headers, connections, seconds, from, to }: Load): Promise<Outcome> {
  let n = from - 1
  const { method, path, body } = ask
  const result = await autocannon({
    url,
    connections,
    duration: seconds,
    timeout: 30,
    requests: [
      {
        method,
        path: filled(path, from),
        headers: { ...headers, ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) },
        setupRequest(request) {
          n = n >= to ? from : n + 1
          return { ...request, path: filled(path, n), ...(body === undefined ? {} : { body: filled(body, n) }) }
        },
      },
    ],
  })
  const requests = result['2xx']
  return {
    requests,
    failed: result.non2xx + result.errors,
    perSecond: requests / result.duration,
    p50: result.latency.p50,
    p99: result.latency.p99,
    p999: result.latency.p99_9,
  }
}

export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2
}
