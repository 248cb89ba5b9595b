/** Times as the system resources show them (control-plane 4.1). */

/** `2026-01-05T10:00:00.000000Z`: created_date and last_modified_date, to the second as clients know them. */
export function stampOf(date: Date): string {
  return `${date.toISOString().slice(0, 19)}.000000Z`
}

/** `2026-01-05 10:00:00`: last_login_date and token_expiry_date. */
export function plainTime(date: Date): string {
  return date.toISOString().slice(0, 19).replace('T', ' ')
}

/** Seconds since 1970, as in tokens. */
export function secondsOf(date: Date): number {
  return Math.floor(date.getTime() / 1000)
}
