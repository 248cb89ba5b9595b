/** Connections that rested: what is found out before a write is sent on one. */
import assert from 'node:assert/strict'
import { connect, createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import { Rested, type Resting, surely } from 'dataferry/sql'

class Fake implements Resting {
  gone = false
  asked = 0
  #answer: () => Promise<unknown>
  #onCut: () => void = () => {}
  constructor(answer: () => Promise<unknown> = async () => null) {
    this.#answer = answer
  }
  /** Never answered; it ends when it is cut. */
  static silent(): Fake {
    const fake: Fake = new Fake(() => new Promise((_, reject) => (fake.#onCut = () => reject(new Error('cut')))))
    return fake
  }
  ask(): Promise<unknown> {
    this.asked++
    return this.#answer()
  }
  cut(): void {
    this.gone = true
    this.#onCut()
  }
}

const rested = (after: number): Rested<Fake> => new Rested<Fake>((fake) => fake, 50, after)
const never = Number.POSITIVE_INFINITY
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('what was used in this turn is not looked at', async () => {
  const pool = rested(0)
  const fake = new Fake()
  pool.rests(fake)
  assert.equal(await pool.stands(fake), true)
  assert.equal(fake.asked, 0)
})

test('what rested for a short time is not asked', async () => {
  const pool = rested(never)
  const fake = new Fake()
  pool.rests(fake)
  await turn()
  assert.equal(await pool.stands(fake), true)
  assert.equal(fake.asked, 0)
})

test('what rested for long is asked', async () => {
  const pool = rested(0)
  const fake = new Fake()
  pool.rests(fake)
  await turn()
  assert.equal(await pool.stands(fake), true)
  assert.equal(fake.asked, 1)
})

const dead: readonly (readonly [name: string, fake: Fake])[] = [
  ['one that refuses', new Fake(() => Promise.reject(new Error('refused')))],
  ['one that says nothing', Fake.silent()],
]
for (const [name, fake] of dead) {
  test(`${name} does not stand`, async () => {
    const pool = rested(0)
    pool.rests(fake)
    await turn()
    assert.equal(await pool.stands(fake), false)
  })
}

test('an end that has come in, but was not read yet, is seen', async (t) => {
  const ends: Socket[] = []
  const server = createServer((socket) => ends.push(socket.on('error', () => {})))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  const socket = connect(address.port, '127.0.0.1').on('error', () => {})
  await new Promise((resolve) => socket.once('connect', resolve))
  while (ends.length === 0) await turn()
  let gone = false
  socket.on('end', () => {
    gone = true
  })
  socket.resume()
  const pool = new Rested<Socket>(
    () => ({
      get gone() {
        return gone
      },
      ask: () => assert.fail('it is not asked'),
      cut: () => assert.fail('it is not cut'),
    }),
    1_000,
    never,
  )
  pool.rests(socket)
  await turn()
  // The kernel has it when the other side is closed; this process has not looked yet.
  ends[0]?.destroy()
  assert.equal(gone, false)
  assert.equal(await pool.stands(socket), false)
})

test('of several the first that stands is taken, and those before it are cut and given back', async () => {
  const pool = rested(0)
  const fakes = [new Fake(() => Promise.reject(new Error('refused'))), Fake.silent(), new Fake(), new Fake()]
  const [refusing, silent, standing, last] = fakes
  for (const fake of fakes) pool.rests(fake)
  await turn()
  const waiting = [...fakes]
  const back: Fake[] = []
  const taken = await pool.standing(
    async () => waiting.shift() as Fake,
    (fake) => back.push(fake),
    new AbortController().signal,
  )
  assert.equal(taken, standing)
  assert.deepEqual(back, [refusing, silent])
  assert.ok(refusing?.gone && silent?.gone)
  assert.equal(last?.asked, 0)
})

test('one that stands is given back whole to who does not wait any more', async () => {
  const pool = rested(0)
  const fake = new Fake(async () => stopped.abort(new Error('gone home')))
  const stopped = new AbortController()
  pool.rests(fake)
  await turn()
  const back: Fake[] = []
  const taken = pool.standing(
    async () => fake,
    (given) => back.push(given),
    stopped.signal,
  )
  await assert.rejects(taken, /gone home/)
  assert.deepEqual(back, [fake])
  assert.equal(fake.gone, false)
})

test('what is lost while it is made final may be there, and anything else is told as it is', async () => {
  const lost = new Error('lost')
  const isLost = (thrown: unknown): boolean => thrown === lost
  assert.equal(await surely(Promise.resolve(1), isLost), 1)
  await assert.rejects(surely(Promise.reject(lost), isLost), { status: 503, message: /it is not known whether/ })
  await assert.rejects(surely(Promise.reject(new Error('refused')), isLost), /refused/)
})
