/** How processes of a node share what a service may have altogether. */

/**
 * The part of one of `of` workers, at least `least` where there is so much; the parts of all add up to the total, where each can have the least.
 * The first ones have what does not divide.
 */
export function shareOf(total: number, index: number, of: number, least: number): number {
  return Math.max(Math.min(least, total), Math.floor(total / of) + (index < total % of ? 1 : 0))
}

/** The leader looks into the store now and then: the least is enough. */
export const leadersShare = (total: number, least: number): number => Math.min(total, least)
