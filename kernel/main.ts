/** The process entry. */
import { run } from './process.ts'

await run()
