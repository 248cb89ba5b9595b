/** The configuration room's front door: the type that the rest of the program sees, and the way to get one. */

export { ConfigError, type Loaded, load, type Source } from './load.ts'
export type { Config } from './schema.ts'
