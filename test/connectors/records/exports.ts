/** What these tests take from the engine's room, in one place. */
import type { ConfigValues } from 'dataferry/sdk'

export * from '../../../connectors/records/index.ts'
export type ConfigLike = ConfigValues
