/** The configuration room's front door: the type that the rest of the program sees, and the way to get one. */

export { ConfigError, explain, type Loaded, load, type Origin, type Source } from './load.ts'
export { nearest } from './nearest.ts'
export type { Config } from './schema.ts'
