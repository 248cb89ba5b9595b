/**
 * Where the connector of a service lives, by its configuration: `auto`, the loop and for heavy work the pool; `main`, the loop alone;
 * `worker`, a thread of its own. The setting is `connector_host`, because `host` is what database types call the address of their server.
 */
import type { ConfigValues, Json, ServiceType } from '../plugins/contract.ts'

export const places = ['auto', 'main', 'worker'] as const
export type Place = (typeof places)[number]

export const placeSetting = 'connector_host'

/** Whether a value of the setting means something; null and '' are `auto`. */
export const isPlace = (value: Json): boolean =>
  value === null || value === '' || (places as readonly Json[]).includes(value)

export function placeOf(type: Pick<ServiceType, 'singleton'>, config: ConfigValues): Place {
  // What the house makes one of may rest on what its plugin began at start.
  if (type.singleton) return 'main'
  const wanted = config[placeSetting] ?? 'auto'
  return places.find((place) => place === wanted) ?? 'auto'
}
