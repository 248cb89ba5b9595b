/**
 * What services that keep files do for others beyond HTTP (control-plane 4.8, 9.8, 10.1): an ability of the service, with the rights
 * of who asks. Paths are from the service's root, with slashes, a folder's with or without a last one.
 */
import { type Ability, type ApiReply, ability, type Caller, type HeaderMap } from './contract.ts'

export interface StoredFile {
  /** The last segment of its path. */
  readonly name: string
  /** Its media type, as far as its name tells. */
  readonly type: string
  readonly length: number
  /** To be read once, or given back with its iterator's `return`. */
  readonly bytes: AsyncIterable<Uint8Array>
}

export interface FileStore {
  /** Throws NotFound for what is no file, Forbidden for what the caller may not read. */
  open(path: string, caller: Caller, signal: AbortSignal): Promise<StoredFile>
  /** Stores a file, whole or not at all, over what was there; folders that are missing are made. Throws Forbidden. */
  store(path: string, bytes: AsyncIterable<Uint8Array>, caller: Caller): Promise<void>
  /** The folders of the root that the caller may read, without slashes; with `deep` those below them too. */
  folders(caller: Caller, deep: boolean, signal: AbortSignal): Promise<readonly string[]>
  /** A zip file of what a folder holds, as far as the caller may read it. */
  pack(folder: string, caller: Caller, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>
  /** Unpacks a zip file into a folder, which is made when it is missing. Nothing is written when an entry is refused. */
  unpack(folder: string, archive: AsyncIterable<Uint8Array>, caller: Caller, signal: AbortSignal): Promise<void>
  /** Whether the configuration gives this path to everybody (control-plane 9.8). */
  isPublic(path: string): boolean
  /** The answer to whoever asks outside of the API: a file below a public path; null: there is nothing for everybody. */
  published(path: readonly string[], headers: HeaderMap, signal: AbortSignal): Promise<ApiReply | null>
}
export const FileStoreAbility: Ability<FileStore> = ability<FileStore>('FileStore')
