/** The driver is loaded by the first who needs it: a server without a database of this kind starts without what it takes of memory. */
import { createRequire } from 'node:module'

type Driver = typeof import('mysql2')

const require = createRequire(import.meta.url)
let loaded: Driver | null = null
let typed: Driver['TypedParameter'] | null = null

export function driver(): Driver {
  loaded ??= require('mysql2') as Driver
  return loaded
}

/** Kept apart: the driver looks for it anew each time it is asked for. */
export function typedParameter(): Driver['TypedParameter'] {
  typed ??= driver().TypedParameter
  return typed
}
