/** Two nodes with a store in PostgreSQL and a cache in Redis. */
import { twoNodes } from './changes.ts'

await twoNodes('postgres', true)
