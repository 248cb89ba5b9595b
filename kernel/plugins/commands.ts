/** Commands that plugins bring for the command line: `dataferry <name> ...`. */
import type { Json, PluginHost } from './contract.ts'

export interface Command {
  /** The words that call it: `service add`. */
  readonly name: string
  /** One line. */
  readonly summary: string
  /** What its help tells beyond arguments and options. */
  readonly details?: string
  /** In the order they are given; those that may be left out come last. */
  readonly arguments: readonly CommandArgument[]
  readonly options: readonly CommandOption[]
  /** It works on the data of a server: where there is none, none is made, and the command fails. */
  readonly existing?: boolean
  /** Throws UsageError for words that make no sense, any ApiError for what was refused. */
  run(asked: Asked, host: PluginHost): Promise<Outcome>
}

export interface CommandArgument {
  readonly name: string
  readonly help: string
  readonly optional?: boolean
}

export interface CommandOption {
  /** Without dashes. */
  readonly name: string
  readonly help: string
  /** What the value is, as help shows it: `--type TYPE`. Without it the option is a switch. */
  readonly value?: string
  /** May be given more than once. */
  readonly many?: boolean
}

/** What was asked on the command line. */
export interface Asked {
  /** An argument by its name; null: it was left out. */
  argument(name: string): string | null
  /** The last value of an option; null: it was not given. */
  option(name: string): string | null
  /** Every value of an option. */
  options(name: string): readonly string[]
  /** Whether a switch was given. */
  has(name: string): boolean
  /**
   * A secret, which no command line should hold: at a terminal it is asked for without showing it, `twice` to be sure; else it is the
   * next line of the standard input. Throws BadRequest when there is none.
   */
  secret(question: string, twice?: boolean): Promise<string>
  /** The whole standard input. */
  input(): Promise<string>
}

export interface Outcome {
  /** What `--json` prints. */
  readonly value: Json
  /** What a person reads; lines without the last line's end. */
  readonly text: string
  /** The command did its work and the answer is no: the process ends with 1. */
  readonly failed?: boolean
}

/** The words make no sense; `command` is whose help tells more, null: the help of all. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
  readonly command: string | null

  constructor(message: string, command: string | null) {
    super(message)
    this.command = command
  }
}
