/**
 * The command line: runs what its words ask for and prints the answer. `start`, `config`, `version` and `help` are the kernel's own;
 * the other commands are brought by plugins, and run with plugins that started for the command alone.
 *
 * Ends with 0 when it is done, 1 when it was refused or failed, 2 when it was called wrongly.
 */
import { ApiError } from '../errors.ts'
import { UsageError } from '../plugins/commands.ts'
import { describe, known } from '../process.ts'
import { answer } from './run.ts'

export async function main(words: readonly string[]): Promise<void> {
  const json = words.includes('--json')
  try {
    const outcome = await answer(words)
    if (outcome === null) return
    await print(process.stdout, json ? JSON.stringify(outcome.value) : outcome.text)
    process.exit(outcome.failed === true ? 1 : 0)
  } catch (error) {
    const usage = error instanceof UsageError
    await print(process.stderr, json ? errorJson(error) : `dataferry: ${reasonOf(error)}${usage ? hint(error) : ''}`)
    process.exit(usage ? 2 : 1)
  }
}

const hint = ({ command }: UsageError): string => `\nsee dataferry ${command === null ? 'help' : `${command} --help`}`

function isForPeople(error: unknown): error is Error {
  return known(error) || error instanceof ApiError || error instanceof UsageError
}

/** What a person can act on; of anything else where it happened. */
function reasonOf(error: unknown): string {
  return isForPeople(error) ? error.message : describe(error)
}

function errorJson(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return JSON.stringify({ error: { message, ...(error instanceof ApiError ? { code: error.status } : {}) } })
}

/** A reader that went away (`| head`) is no error. */
function print(stream: NodeJS.WriteStream, text: string): Promise<void> {
  return new Promise((resolve) => {
    stream.once('error', () => resolve())
    stream.write(text === '' ? '' : `${text}\n`, () => resolve())
  })
}
