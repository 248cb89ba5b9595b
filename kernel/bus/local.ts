/** The bus of a node that is alone: there is nobody to tell, and what is counted is counted by who asks. */
import type { Bus } from '../plugins/bus.ts'

export const localBus: Bus = {
  state: () => 'alone',
  tell: () => {},
  hear: () => () => {},
  hit: async () => null,
  counted: async () => null,
  forget: async () => {},
  attempt: async () => null,
}
