/** The driver is loaded by the first who needs it: a server without a database of this kind starts without what it takes of memory. */
import { createRequire } from 'node:module'

type Driver = typeof import('mongodb')

const require = createRequire(import.meta.url)
let loaded: Driver | null = null

export function driver(): Driver {
  // A copy, because the driver's own members are getters, and some are asked for with every value.
  loaded ??= { ...(require('mongodb') as Driver) }
  return loaded
}
