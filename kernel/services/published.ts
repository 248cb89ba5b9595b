/**
 * What services give to everybody outside of the API (control-plane 9.8). Only a type that publishes is asked, so that nobody without
 * credentials makes an instance of another one; what is refused or fails looks like what is not there.
 */
import { ApiError } from '../errors.ts'
import type { ApiReply, HeaderMap, ServiceType, Snapshot } from '../plugins/contract.ts'
import { FileStoreAbility } from '../plugins/files.ts'
import type { Registry } from './registry.ts'

export interface PublishedDeps {
  readonly snapshot: () => Pick<Snapshot, 'services'>
  readonly types: ReadonlyMap<string, ServiceType>
  readonly registry: () => Pick<Registry, 'abilityByName'>
}

/** `service` is lower case; `path` the decoded segments below it. */
export type Published = (
  service: string,
  path: readonly string[],
  headers: HeaderMap,
  signal: AbortSignal,
) => Promise<ApiReply | null>

export function published({ snapshot, types, registry }: PublishedDeps): Published {
  return async (service, path, headers, signal) => {
    const record = snapshot().services.get(service)
    if (!record?.isActive || !types.get(record.type)?.publishes) return null
    try {
      const store = registry().abilityByName(service, FileStoreAbility)
      return (await store?.published(path, headers, signal)) ?? null
    } catch (error) {
      if (error instanceof ApiError && error.status < 500) return null
      throw error
    }
  }
}
