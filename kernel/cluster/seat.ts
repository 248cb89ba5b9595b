/** The place of this process in its node (docs/nodes.md), as the kernel is told. */
import type { BusMember } from '../bus/cluster/member.ts'
import type { Family } from '../metrics/families.ts'
import type { Part } from '../plugins/contract.ts'
import { leadersShare, shareOf } from './share.ts'

/** What of a seat threads are told. [C] */
export type SeatData = { readonly kind: 'whole' | 'leader' } | WorkerSeat

interface WorkerSeat {
  readonly kind: 'worker'
  /** From 0. */
  readonly index: number
  readonly of: number
}

export type Seat =
  | { readonly kind: 'whole' | 'leader' }
  | (WorkerSeat & {
      readonly setupCode: string | null
      readonly bus: BusMember
      /** The figures of all processes of the node. */
      readonly collect: () => Promise<readonly Family[]>
    })

export const seatData = (seat: Seat): SeatData =>
  seat.kind === 'worker' ? { kind: 'worker', index: seat.index, of: seat.of } : { kind: seat.kind }

export const partOf = (seat: Seat): Part =>
  seat.kind === 'worker' ? { kind: 'worker', setupCode: seat.setupCode } : { kind: seat.kind }

/** As ServiceHost.share. */
export function shareIn(seat: SeatData): (total: number, least: number) => number {
  if (seat.kind !== 'worker') return seat.kind === 'leader' ? leadersShare : (total) => total
  const { index, of } = seat
  return (total, least) => shareOf(total, index, of, least)
}

/** What figures of this process alone are told apart by. */
export const labelOf = (seat: Seat): string => (seat.kind === 'worker' ? String(seat.index + 1) : 'main')
