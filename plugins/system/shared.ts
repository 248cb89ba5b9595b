/** What this installation counts together with its other nodes: the bus, under a name that no other installation has. */
import { type Bus, localBus } from 'dataferry/sdk'

export interface SharedCounts {
  readonly bus: Bus
  /** Goes before every name. */
  readonly prefix: string
}

/** Of a node that is alone, and of tests. */
export const countedAlone: SharedCounts = { bus: localBus, prefix: '' }
