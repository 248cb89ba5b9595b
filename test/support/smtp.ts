/** A small SMTP server on the loopback: keeps what it is sent. */
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'

export interface ReceivedMail {
  /** Of the envelope. */
  readonly from: string
  readonly to: readonly string[]
  /** Everything after DATA, as it came. */
  readonly data: string
  /** The header's lines, folded ones joined. */
  readonly head: readonly string[]
  /** All parts, decoded. */
  readonly text: string
}

export interface SmtpServer {
  readonly port: number
  readonly mails: readonly ReceivedMail[]
  /** The first mail to this address, as soon as it is there. */
  mailTo(address: string): Promise<ReceivedMail>
  stop(): Promise<void>
}

/** `refuse`: answers every recipient with 550. */
export async function startSmtp({ refuse = false } = {}): Promise<SmtpServer> {
  const mails: ReceivedMail[] = []
  const waiting: (() => void)[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    talk(socket, refuse, (mail) => {
      mails.push(mail)
      for (const look of waiting.splice(0)) look()
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    mails,
    async mailTo(address) {
      for (;;) {
        const found = mails.find((mail) => mail.to.includes(address))
        if (found !== undefined) return found
        await new Promise<void>((resolve) => waiting.push(resolve))
      }
    },
    async stop() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

function talk(socket: Socket, refuse: boolean, received: (mail: ReceivedMail) => void): void {
  let buffer = ''
  let data: string[] | null = null
  let from = ''
  let to: string[] = []
  socket.setEncoding('latin1').on('error', () => {})
  socket.write('220 test ESMTP\r\n')
  socket.on('data', (chunk) => {
    buffer += chunk
    for (let end = buffer.indexOf('\r\n'); end >= 0; end = buffer.indexOf('\r\n')) {
      const line = buffer.slice(0, end)
      buffer = buffer.slice(end + 2)
      if (data !== null) {
        if (line !== '.') {
          data.push(line.replace(/^\.\./, '.'))
          continue
        }
        received(read(from, to, data.join('\n')))
        data = null
        to = []
        socket.write('250 queued\r\n')
        continue
      }
      const verb = line.slice(0, 4).toUpperCase()
      const address = /<([^>]*)>/.exec(line)?.[1] ?? ''
      if (verb === 'EHLO') socket.write('250-test\r\n250 8BITMIME\r\n')
      else if (verb === 'MAIL') {
        from = address
        socket.write('250 ok\r\n')
      } else if (verb === 'RCPT') {
        if (!refuse) to.push(address)
        socket.write(refuse ? '550 nobody here\r\n' : '250 ok\r\n')
      } else if (verb === 'DATA') {
        data = []
        socket.write('354 go on\r\n')
      } else if (verb === 'QUIT') socket.end('221 bye\r\n')
      else socket.write('250 ok\r\n')
    }
  })
}

function read(from: string, to: readonly string[], data: string): ReceivedMail {
  const [head = ''] = data.split('\n\n', 1)
  const lines = head.replace(/\n[ \t]+/g, ' ').split('\n')
  return { from, to, data, head: lines, text: decoded(data) }
}

/** Quoted-printable and base64 parts, in clear. */
function decoded(data: string): string {
  const base64 = data.replace(
    /(Content-Transfer-Encoding: base64[^\n]*\n(?:[\w-]+:.*\n)*\n)([A-Za-z0-9+/=\n]+)/gi,
    (_whole, head: string, body: string) => head + Buffer.from(body, 'base64').toString('utf8'),
  )
  const joined = base64.replace(/=\n/g, '')
  return joined.replace(/=([0-9A-F]{2})/g, (_whole, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}
