/**
 * Computes hashes of passwords in threads of their own, which yield to everything else: a crowd that signs in must not slow down who
 * only reads. This module is the entry of such a thread too, and loads nothing that it needs not.
 */
import { argon2Sync } from 'node:crypto'
import { setPriority } from 'node:os'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'

/** argon2id of a password, or whether a bcrypt hash (`$2b$`) is of it. */
export type HashTask =
  | {
      readonly kind: 'argon2id'
      readonly message: Uint8Array
      readonly nonce: Uint8Array
      readonly memory: number
      readonly passes: number
      readonly parallelism: number
      readonly tagLength: number
    }
  | { readonly kind: 'bcrypt'; readonly password: string; readonly hash: string }

const role = 'dataferry-hash'

/** Threads without work. Who runs tasks sees to it that no more run at once than may. */
const idle: Worker[] = []

/** The tag of an argon2id task, the truth of a bcrypt one. */
export function compute(task: HashTask & { readonly kind: 'argon2id' }): Promise<Buffer>
export function compute(task: HashTask & { readonly kind: 'bcrypt' }): Promise<boolean>
export async function compute(task: HashTask): Promise<Buffer | boolean> {
  const worker = idle.pop() ?? newThread()
  // While it has work, the process waits for it.
  worker.ref()
  try {
    const answer = await answerOf(worker, task)
    if ('error' in answer) throw new Error(answer.error)
    return typeof answer.result === 'boolean' ? answer.result : Buffer.from(answer.result)
  } finally {
    worker.unref()
  }
}

function newThread(): Worker {
  const worker = new Worker(new URL(import.meta.url), { workerData: { role } })
  worker.on('exit', () => {
    const at = idle.indexOf(worker)
    if (at >= 0) idle.splice(at, 1)
  })
  return worker
}

type Answer = { readonly result: Uint8Array | boolean } | { readonly error: string }

/** The thread is idle again afterwards, or gone. */
function answerOf(worker: Worker, task: HashTask): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const done = (): void => {
      worker.off('message', onMessage)
      worker.off('error', onError)
      worker.off('exit', onExit)
    }
    const onMessage = (answer: Answer): void => {
      done()
      idle.push(worker)
      resolve(answer)
    }
    const onError = (error: unknown): void => {
      done()
      reject(error)
    }
    const onExit = (): void => onError(new Error('the thread that computes hashes ended without an answer'))
    worker.on('message', onMessage)
    worker.on('error', onError)
    worker.on('exit', onExit)
    worker.postMessage(task)
  })
}

async function resultOf(task: HashTask): Promise<Uint8Array | boolean> {
  if (task.kind === 'argon2id') {
    const { kind, ...parameters } = task
    return argon2Sync(kind, parameters)
  }
  const { compareSync } = await import('bcryptjs')
  return compareSync(task.password, task.hash)
}

const isOurs = (data: unknown): boolean =>
  typeof data === 'object' && data !== null && 'role' in data && data.role === role

if (!isMainThread && parentPort !== null && isOurs(workerData)) {
  const port = parentPort
  // Elsewhere it would be the priority of the whole process.
  if (process.platform === 'linux') setPriority(0, 10)
  port.on('message', (task: HashTask) => {
    resultOf(task).then(
      (result) => port.postMessage({ result }),
      (error: unknown) => port.postMessage({ error: String(error) }),
    )
  })
}
