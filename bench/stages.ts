/**
 * `npm run bench:stages`: what one request costs between Node's HTTP and its service, stage by stage, in processor time of this process
 * (garbage collection and compilation included). The stages are those of the server, over a data folder that a server has made as for the
 * other benchmarks: a key, and a role with row filters on five tables. The service answers at once.
 *
 *     npm run bench:stages                           # --requests N of a round, --rounds N
 */
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import type { IncomingHttpHeaders } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { load } from '../config/index.ts'
import type { Identity } from '../kernel/access/identity.ts'
import { Principals } from '../kernel/access/principals.ts'
import { TokenAuthority } from '../kernel/access/tokens.ts'
import { readCredentials, readHeaders } from '../kernel/http/credentials.ts'
import { createNegotiator } from '../kernel/http/negotiate.ts'
import { parseQuery } from '../kernel/http/query.ts'
import { type ApiRoute, route } from '../kernel/http/routes.ts'
import { createKernel } from '../kernel/kernel.ts'
import { createObservatory } from '../kernel/observe.ts'
import { createPipeline } from '../kernel/pipeline/index.ts'
import {
  AccountsAbility,
  type ApiReply,
  type ApiRequest,
  LimitsAbility,
  type ServiceHost,
  type ServiceType,
  SnapshotSourceAbility,
} from '../kernel/plugins/contract.ts'
import { Registry } from '../kernel/services/registry.ts'
import { median } from './load.ts'
import { serveOurs } from './process.ts'
import { machine } from './report.ts'
import { makeBench } from './setup.ts'

const { values: options } = parseArgs({
  options: { requests: { type: 'string', default: '100000' }, rounds: { type: 'string', default: '5' } },
})
const requests = Number(options.requests)
const rounds = Number(options.rounds)
const admin = { email: 'bench@example.com', password: 'bench-only-password-1' }
const folder = mkdtempSync(join(tmpdir(), 'dataferry-stages-'))

/** A data folder with the benchmark's role and app; the app's key. */
async function prepared(): Promise<string> {
  mkdirSync(join(folder, 'databases'), { recursive: true })
  const server = await serveOurs(folder, admin)
  try {
    return await makeBench(server.url, admin, { type: 'sqlite', config: { database: 'bench.sqlite' } })
  } finally {
    await server.stop()
  }
}

const asks: readonly { readonly name: string; readonly url: string }[] = [
  { name: 'record by id', url: '/api/v2/bench/_table/customers/4711' },
  {
    name: 'list of 25',
    url: `/api/v2/bench/_table/customers?filter=${encodeURIComponent("country = 'DE'")}&order=id%20desc&limit=25&fields=id%2Cname%2Cemail%2Ccountry%2Ccredit`,
  },
]

/** Answers without doing anything. */
const reply: ApiReply = { status: 200, headers: {}, body: { kind: 'none' } }
const answering: ServiceType = {
  name: 'sqlite',
  label: '',
  group: '',
  description: '',
  config: [],
  body: 'value',
  create: () => ({ handle: async () => reply, close: async () => undefined }),
}

type Stage = readonly [name: string, run: () => unknown]

try {
  const key = await prepared()
  const { config } = load({ env: { DF_DATA_DIR: folder, DF_SAMPLE: 'false' }, directory: folder })
  const kernel = createKernel({ config, version: 'bench' })
  const host = [...(await kernel.attach()).values()][0]
  if (host === undefined) throw new Error('no plugin has started')
  try {
    const source = host.ask(SnapshotSourceAbility)
    const accounts = host.ask(AccountsAbility)
    const limits = host.ask(LimitsAbility)
    const { observe } = createObservatory()
    const types = new Map([[answering.name, answering]])
    const registry = new Registry({
      snapshot: () => source.current(),
      types,
      observe,
      hostFor: () => ({}) as ServiceHost,
    })
    const pipeline = createPipeline({
      configured: () => ({ snapshot: source.current(), types }),
      registry,
      limits: () => limits,
    })
    const principals = new Principals({
      snapshot: () => source.current(),
      accounts: () => accounts,
      tokens: new TokenAuthority(randomBytes(32), config.auth, async () => null),
      about: { name: config.name, version: 'bench' },
    })
    const negotiator = createNegotiator(config.api)
    const prefixes = { api: config.api.routePrefix, status: config.api.statusRoutePrefix }
    const never = new AbortController().signal
    const raw: IncomingHttpHeaders = {
      host: '127.0.0.1:8080',
      'user-agent': 'bench',
      accept: 'application/json',
      'accept-encoding': 'gzip, deflate, br',
      'x-dreamfactory-api-key': key,
    }

    console.log(`\n${machine()}\n`)
    for (const { name, url } of asks) {
      const [path = '', search = ''] = url.split('?')
      const query = parseQuery(search)
      const head = readHeaders(raw)
      const where = route(path, prefixes) as ApiRoute
      const service = where.service ?? ''
      const sent = { ...readCredentials(head, query), address: '127.0.0.1' }
      const identity = (await principals.identify(sent, 'GET', service, where.path)) as Identity
      if (identity.problem !== null || identity.caller.role === null) throw new Error('the key is not accepted')
      const request: ApiRequest = {
        id: 'bench',
        verb: 'GET',
        service,
        path: where.path,
        trailingSlash: where.trailingSlash,
        query,
        headers: head.headers,
        body: { kind: 'none' },
        caller: identity.caller,
        output: negotiator.fallback,
        origin: '',
        address: '127.0.0.1',
      }
      const told = { kind: 'request', id: 'bench', verb: 'GET', service, path, user: null, app: null } as const
      const stages: readonly Stage[] = [
        ['head: headers in one pass', () => readHeaders(raw)],
        ['path', () => route(path, prefixes)],
        ['parameters', () => parseQuery(search)],
        [
          'format of the answer',
          () => negotiator.wanted({ headers: head.headers, query, payload: null, service, path: where.path }),
        ],
        [
          'credentials',
          () =>
            principals.identify({ ...readCredentials(head, query), address: '127.0.0.1' }, 'GET', service, where.path),
        ],
        ['access and limits', () => pipeline.authorize(request, identity)],
        ['dispatch to the service', () => pipeline.dispatch(request, never)],
        ['events, nobody listens', () => observe({ ...told, address: '', status: 200, ms: 1, bytes: 1 })],
      ]
      console.log(`| ${name} | µs of CPU |\n|---|---|`)
      let sum = 0
      const all: Stage = [
        'all of them',
        async () => {
          for (const [, run] of stages) {
            const done = run()
            if (done instanceof Promise) await done
          }
        },
      ]
      for (const stage of stages) sum += await measured(stage)
      console.log(`| the sum | ${sum.toFixed(2)} |`)
      await measured(all)
      console.log('')
    }
  } finally {
    await kernel.stop()
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/** The median of rounds, of which the first warms. Prints a line. */
async function measured([name, run]: Stage): Promise<number> {
  const costs: number[] = []
  for (let turn = -1; turn < rounds; turn++) {
    const before = process.cpuUsage()
    for (let n = 0; n < requests; n++) {
      const done = run()
      if (done instanceof Promise) await done
    }
    const { user, system } = process.cpuUsage(before)
    if (turn >= 0) costs.push((user + system) / requests)
  }
  const cost = median(costs)
  console.log(`| ${name} | ${cost.toFixed(2)} |`)
  return cost
}
