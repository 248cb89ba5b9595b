/**
 * The process that times the reads of `bench:logins`: apart from the crowd that signs in, so that the clients' own work is not taken
 * for the server's. Each message asks for one round; the answer is its latencies.
 */
import { Agent, request } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'

export interface Round {
  readonly url: string
  readonly key: string
  /** Reads a second. */
  readonly rate: number
  readonly seconds: number
}

const agent = new Agent({ keepAlive: true })

/** Milliseconds of reads that are begun at a steady rate, whether or not earlier ones were answered; sorted. */
async function reads({ url, key, rate, seconds }: Round): Promise<readonly number[]> {
  const times: number[] = []
  const underWay: Promise<void>[] = []
  const began = performance.now()
  for (let n = 0; n < rate * seconds; n++) {
    const due = began + (n * 1000) / rate
    const early = due - performance.now()
    if (early > 1) await pause(early)
    underWay.push(
      read(`${url}/api/v2/db/_table/employees/${10_001 + (n % 20)}`, key).then(
        () => void times.push(performance.now() - due),
      ),
    )
  }
  await Promise.all(underWay)
  return times.sort((a, b) => a - b)
}

function read(url: string, key: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { agent, headers: { 'X-DreamFactory-API-Key': key } }, (answer) => {
      answer.on('error', reject)
      answer.resume().on('end', () => {
        if (answer.statusCode === 200) resolve()
        else reject(new Error(`a read was answered by ${answer.statusCode}`))
      })
    })
    sent.on('error', reject)
    sent.end()
  })
}

process.on('message', (round: Round) => {
  reads(round).then(
    (times) => process.send?.(times),
    (error: unknown) => {
      console.error(error)
      process.exit(1)
    },
  )
})
