/** Times with a zone, for columns of databases that take none. */

const zoned = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(?::(\d\d)(\.\d+)?)?\s*(?:(Z)|([+-])(\d\d):?(\d\d)?)$/i

/** `2024-01-01T10:00:00+02:00` as `2024-01-01 08:00:00`; what is no time with a zone, or no time that there is, stays as it is. */
export function inUtc(text: string): string {
  const found = zoned.exec(text.trim())
  if (found === null) return text
  const [, date = '', minutes = '', seconds = '00', fraction = '', , sign, hours = '0', rest = '0'] = found
  const local = new Date(`${date}T${minutes}:${seconds}Z`)
  // The 30th of February would become another day.
  if (Number.isNaN(local.getTime()) || !local.toISOString().startsWith(`${date}T${minutes}`)) return text
  const offset = (Number(hours) * 60 + Number(rest)) * (sign === '-' ? -1 : 1)
  const time = new Date(local.getTime() - offset * 60_000)
  return `${time.toISOString().slice(0, 19).replace('T', ' ')}${fraction}`
}
