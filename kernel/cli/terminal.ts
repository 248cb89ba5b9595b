/** What a command reads: secrets from a terminal without showing them, or lines and all of the standard input. */
import { BadRequest } from '../errors.ts'

export interface Terminal {
  secret(question: string, twice?: boolean): Promise<string>
  input(): Promise<string>
}

export function terminal(
  stdin: NodeJS.ReadStream = process.stdin,
  prompt: NodeJS.WriteStream = process.stderr,
): Terminal {
  let rest: string | null = null
  const input = async (): Promise<string> => {
    if (stdin.isTTY && rest === null) prompt.write('(reading the terminal up to Ctrl-D)\n')
    rest ??= await all(stdin)
    const text = rest
    rest = ''
    return text
  }
  const line = async (question: string): Promise<string> => {
    rest ??= await all(stdin)
    const end = rest.indexOf('\n')
    const found = (end < 0 ? rest : rest.slice(0, end)).replace(/\r$/, '')
    rest = end < 0 ? '' : rest.slice(end + 1)
    if (found === '') throw new BadRequest(`${question}: the standard input has no line for it.`)
    return found
  }
  return {
    input,
    async secret(question, twice = false) {
      if (!stdin.isTTY) return line(question)
      const given = await hidden(`${question}: `, stdin, prompt)
      if (given === '') throw new BadRequest(`${question}: nothing was entered.`)
      if (twice && (await hidden('Once more: ', stdin, prompt)) !== given)
        throw new BadRequest('The two entries differ.')
      return given
    },
  }
}

async function all(stdin: NodeJS.ReadStream): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of stdin) chunks.push(Buffer.from(chunk as Uint8Array))
  return Buffer.concat(chunks).toString('utf8')
}

const interrupt = '\u0003'
const endOfInput = '\u0004'
const erase = ['\u007f', '\b']

/** One line that is not shown while it is typed. */
function hidden(question: string, stdin: NodeJS.ReadStream, prompt: NodeJS.WriteStream): Promise<string> {
  prompt.write(question)
  stdin.setRawMode(true)
  stdin.setEncoding('utf8')
  stdin.resume()
  return new Promise((resolve) => {
    let typed = ''
    const done = (): void => {
      stdin.off('data', take)
      stdin.setRawMode(false)
      stdin.pause()
      prompt.write('\n')
    }
    const take = (keys: string): void => {
      for (const key of keys) {
        if (key === interrupt) {
          done()
          process.exit(130)
        }
        if (key === '\r' || key === '\n' || key === endOfInput) {
          done()
          resolve(typed)
          return
        }
        typed = erase.includes(key) ? [...typed].slice(0, -1).join('') : typed + key
      }
    }
    stdin.on('data', take)
  })
}
