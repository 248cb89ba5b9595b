/** The values of one plan, in the order of their slots. */
import type { Bind } from 'dataferry/sdk'
import type { Slot } from '../filter/types.ts'

export class Binds {
  readonly values: Bind[]

  /** `first`: values that every plan of a series begins with. */
  constructor(first: readonly Bind[] = []) {
    this.values = [...first]
  }

  add(value: Bind): Slot {
    return this.values.push(value) - 1
  }
}
