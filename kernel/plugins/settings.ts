/** Settings for plugins that run without a server: tests of third parties, the conformance suite. */
import type { Config } from '../../config/index.ts'

/** What a server has whose environment sets nothing. Reads no file and makes none. */
export async function defaultSettings(): Promise<Config> {
  // Loaded when it is asked for: workers import the sdk, and need no settings.
  const { load } = await import('../../config/index.ts')
  return load({ env: {}, directory: '/' }).config
}
