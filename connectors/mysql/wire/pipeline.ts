/**
 * Executions that are in flight together on one connection: what is sent in one turn of the event loop goes out in one piece, the server
 * answers in order, and each answer is its own. To the driver they are one command, for as long as there is one to come.
 */
import type { WireColumn } from 'dataferry/sql'
import type { Scalar } from '../binds.ts'
import { PlacedCommand, type Receiver } from './command.ts'
import type { DriverCommand, DriverPacket, DriverQueue } from './driver.ts'

export class Pipeline {
  readonly #queue: DriverQueue
  /** Statements that the driver has prepared and not closed. */
  readonly #statements = new Map<string, number>()
  /** That others may join. */
  #flight: Flight | null = null

  constructor(queue: DriverQueue) {
    this.#queue = queue
  }

  send(text: string, values: readonly Scalar[], columns: readonly WireColumn[], receiver: Receiver): void {
    const command = new PlacedCommand(this.#queue, values, columns, receiver)
    const known = this.#statements.get(text)
    if (known !== undefined) {
      command.statement = known
      this.#join(command)
      return
    }
    // A preparation waits for those in front of it: nobody joins them any more.
    this.#flight = null
    this.#queue.prepare({ sql: text, rowsAsArray: true }, (error, statement) => {
      if (error) {
        receiver.fail(error)
        return
      }
      this.#remember(text, statement)
      command.statement = statement.id
      this.#join(command)
    })
  }

  #remember(text: string, statement: Parameters<Parameters<DriverQueue['prepare']>[1]>[1]): void {
    if (this.#statements.get(text) === statement.id) return
    this.#statements.set(text, statement.id)
    const close = statement.close
    statement.close = () => {
      this.#statements.delete(text)
      return close.call(statement)
    }
  }

  #join(command: PlacedCommand): void {
    if (this.#flight === null || this.#flight.isOver) {
      this.#flight = new Flight(this.#queue, command)
      this.#queue.addCommand(this.#flight)
    } else {
      this.#flight.join(command)
    }
  }
}

class Flight implements DriverCommand {
  isOver = false
  readonly #queue: DriverQueue
  readonly #commands: PlacedCommand[]
  /** How many packets the message of each was sent in. */
  readonly #packets: number[] = []
  /** The next to be answered. */
  #head = 0
  #hasTurn = false
  #isFlushing = false

  constructor(queue: DriverQueue, first: PlacedCommand) {
    this.#queue = queue
    this.#commands = [first]
  }

  join(command: PlacedCommand): void {
    this.#commands.push(command)
    if (this.#hasTurn) this.#flushSoon()
  }

  execute(packet: DriverPacket | undefined): boolean {
    if (packet === undefined) {
      this.#hasTurn = true
      this.#flushSoon()
      return false
    }
    if (this.#commands[this.#head]?.execute(packet) !== true) return false
    this.#head++
    this.isOver = this.#head === this.#commands.length
    if (!this.isOver) this.#expect()
    return this.isOver
  }

  #flushSoon(): void {
    if (this.#isFlushing) return
    this.#isFlushing = true
    setImmediate(this.#flush)
  }

  readonly #flush = (): void => {
    this.#isFlushing = false
    const from = this.#packets.length
    const pieces: Buffer[] = []
    for (const command of this.#commands.slice(from)) {
      const { bytes, packets } = command.begin()
      pieces.push(bytes)
      this.#packets.push(packets)
    }
    const [only] = pieces
    if (only === undefined) return
    if (from === this.#head) this.#expect()
    this.#queue.write(pieces.length === 1 ? only : Buffer.concat(pieces))
  }

  /** Packets of an answer are counted on from those of its message. */
  #expect(): void {
    this.#queue._resetSequenceId()
    this.#queue._bumpSequenceId(this.#packets[this.#head] ?? 1)
  }
}
