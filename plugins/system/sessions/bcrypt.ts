/**
 * Verifies a bcrypt hash. Its JavaScript takes up to seconds of computing, so it runs in a thread of its own: this module is the
 * entry of that thread too.
 */
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'

/** Each step doubles the time; nobody imports hashes beyond this, and an answer would come too late. */
const costMost = 15
const role = 'dataferry-bcrypt'

interface Task {
  readonly role: typeof role
  readonly password: string
  readonly hash: string
}

export async function verifyBcrypt(password: string, hash: string): Promise<boolean> {
  const parts = /^\$2[abxy]\$(\d\d)\$[./A-Za-z0-9]{53}$/.exec(hash)
  if (parts === null || Number(parts[1]) > costMost) return false
  const task: Task = { role, password, hash: hash.replace(/^\$2[xy]\$/, '$2b$') }
  const worker = new Worker(new URL(import.meta.url), { workerData: task })
  try {
    return await new Promise<boolean>((resolve, reject) => {
      worker.once('message', (ok: boolean) => resolve(ok))
      worker.once('error', reject)
      worker.once('exit', () => reject(new Error('the thread that verifies bcrypt hashes ended without an answer')))
    })
  } finally {
    await worker.terminate()
  }
}

const isTask = (data: unknown): data is Task =>
  typeof data === 'object' && data !== null && 'role' in data && data.role === role

if (!isMainThread && parentPort !== null && isTask(workerData)) {
  const { compareSync } = await import('bcryptjs')
  parentPort.postMessage(compareSync(workerData.password, workerData.hash))
}
