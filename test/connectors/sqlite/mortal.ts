/** A database thread that dies of one statement, as it would of memory that runs out. */
import { parentPort } from 'node:worker_threads'
import type { Job } from '../../../connectors/sqlite/protocol.ts'

parentPort?.on('message', ({ task }: Job) => {
  const text = task?.kind === 'query' || task?.kind === 'execute' ? task.text : ''
  if (text === 'die') process.exit(1)
})

await import('../../../connectors/sqlite/worker.ts')
