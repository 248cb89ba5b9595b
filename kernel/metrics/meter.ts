/**
 * Counts what is observed, for `/metrics`. A request costs a few additions: a record is kept for each service, and nothing that a client
 * chooses becomes a label, so that there are as many figures as there are services.
 */
import type { Observation, Observe } from '../observe.ts'
import { counter, type Family, type Sample } from './families.ts'

/** Upper bounds in milliseconds. */
const bounds: readonly number[] = [1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000]

const verbs: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

/** What is counted of one service. */
interface Counted {
  /** By verb, a blank and the status class. */
  readonly requests: Map<string, number>
  /** By bound, the last one without end. */
  readonly durations: Float64Array
  seconds: number
  bytes: number
}

/** Things that are only counted, and what is told of them. */
const events: { readonly [K in Observation['kind']]?: readonly [name: string, help: string] } = {
  'request-error': ['request_errors_total', 'Requests that failed for a reason that only the log tells.'],
  'answer-cut': ['answers_cut_total', 'Answers that broke off after their head was sent.'],
  'client-gone': ['clients_gone_total', 'Clients that went away before their answer was complete.'],
  'service-broken': ['services_broken_total', 'Times that a service could not be made, or failed as a whole.'],
  'worker-lost': ['threads_lost_total', 'Worker threads that ended with work in their hands.'],
  'process-lost': ['processes_lost_total', 'Processes that ended by themselves.'],
  unhandled: ['unhandled_errors_total', 'Errors out of any request: faults of this program.'],
}

export class Meter {
  /** Whether there is a service of this name. */
  readonly #known: (service: string) => boolean
  readonly #services = new Map<string, Counted>()
  readonly #events = new Map<string, number>()
  readonly #refused = { limit: 0, throttle: 0 }

  constructor(known: (service: string) => boolean) {
    this.#known = known
  }

  readonly observe: Observe = (what) => {
    if (what.kind === 'request') this.#request(what)
    else if (what.kind === 'too-many') this.#refused[what.by]++
    else if (events[what.kind] !== undefined) this.#events.set(what.kind, (this.#events.get(what.kind) ?? 0) + 1)
  }

  families(): readonly Family[] {
    const services = [...this.#services].map(([service, counted]) => ({ service, ...counted }))
    return [
      counter(
        'dataferry_requests_total',
        'Requests answered. Pages beside the API have no service; names that no service has are one, unknown.',
        services.flatMap(({ service, requests }) =>
          [...requests].map(([key, value]) => {
            const [verb = '', status = ''] = key.split(' ')
            return [{ service, verb, status }, value] as const
          }),
        ),
      ),
      {
        name: 'dataferry_request_duration_seconds',
        help: 'From the first byte of a request to the last one of its answer.',
        type: 'histogram',
        samples: services.flatMap(({ service, durations, seconds }) => histogram(service, durations, seconds)),
      },
      counter(
        'dataferry_response_bytes_total',
        'Bytes of the bodies of answers, as they were sent.',
        services.map(({ service, bytes }) => [{ service }, bytes]),
      ),
      counter(
        'dataferry_requests_refused_total',
        'Requests answered 429, by a limit or because logins failed too often.',
        [
          [{ by: 'limit' }, this.#refused.limit],
          [{ by: 'throttle' }, this.#refused.throttle],
        ],
      ),
      ...Object.entries(events).map(([kind, [name, help]]) =>
        counter(`dataferry_${name}`, help, [[{}, this.#events.get(kind) ?? 0]]),
      ),
    ]
  }

  #request({ service, verb, status, ms, bytes }: Observation & { readonly kind: 'request' }): void {
    const counted = this.#of(service === null || service === '' ? '' : this.#known(service) ? service : 'unknown')
    const key = `${verbs.has(verb) ? verb : 'other'} ${Math.trunc(status / 100)}xx`
    counted.requests.set(key, (counted.requests.get(key) ?? 0) + 1)
    let at = 0
    while (at < bounds.length && ms > (bounds[at] ?? 0)) at++
    counted.durations[at] = (counted.durations[at] ?? 0) + 1
    counted.seconds += ms / 1_000
    counted.bytes += bytes
  }

  #of(service: string): Counted {
    let counted = this.#services.get(service)
    if (counted === undefined) {
      counted = { requests: new Map(), durations: new Float64Array(bounds.length + 1), seconds: 0, bytes: 0 }
      this.#services.set(service, counted)
    }
    return counted
  }
}

function histogram(service: string, durations: Float64Array, seconds: number): readonly Sample[] {
  let below = 0
  const buckets = [...durations].map((count, at) => {
    below += count
    const bound = bounds[at]
    const le = bound === undefined ? '+Inf' : String(bound / 1_000)
    return { suffix: '_bucket', labels: { service, le }, value: below }
  })
  return [
    ...buckets,
    { suffix: '_sum', labels: { service }, value: seconds },
    { suffix: '_count', labels: { service }, value: below },
  ]
}
