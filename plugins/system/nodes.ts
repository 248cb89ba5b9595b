/**
 * What a node does with what others changed: other nodes, and commands that work on its store. The bus rings at once; where it does
 * not, the store tells within a second.
 */
import { RecordStoreAbility } from 'dataferry/records'
import type { PluginHost } from 'dataferry/sdk'
import type { SystemInstance } from './instance.ts'
import type { AccountBook } from './sessions/accounts.ts'
import type { SharedCounts } from './shared.ts'
import type { SnapshotBook } from './snapshot/source.ts'
import type { SystemStore } from './store/open.ts'
import { type Changes, ChangeWatch } from './store/watch.ts'

export interface Followed {
  readonly store: SystemStore
  readonly snapshot: SnapshotBook
  readonly accounts: AccountBook
  readonly instance: SystemInstance
  readonly shared: SharedCounts
}

/** `begin` before anything is read of the store, `follow` after. */
export class NodeWatch {
  readonly #host: PluginHost
  readonly #watch: ChangeWatch
  #followed: Followed | null = null
  #unhear: () => void = () => {}

  constructor(host: PluginHost, store: SystemStore) {
    this.#host = host
    this.#watch = new ChangeWatch(store.tables, host.log, (changes) => this.#apply(changes))
  }

  begin(): Promise<void> {
    return this.#watch.begin()
  }

  follow(followed: Followed): void {
    this.#followed = followed
    const { bus, prefix } = followed.shared
    const topic = `${prefix}changes`
    followed.store.onCommit((version) => bus.tell(topic, String(version)))
    this.#unhear = bus.hear(topic, () => this.#watch.ring())
    this.#watch.start()
  }

  async stop(): Promise<void> {
    this.#unhear()
    await this.#watch.stop()
  }

  async #apply({ version, everything, snapshot, users, tokens, services }: Changes): Promise<void> {
    if (this.#followed === null) return
    const { accounts, instance, ...followed } = this.#followed
    if (everything) await accounts.start()
    else if (tokens.size > 0) await accounts.ended([...tokens])
    if (users === null) accounts.changed(null)
    else for (const id of users) accounts.changed(id)
    if (users === null || users.size > 0) await instance.look()
    // What this node changed itself is in its snapshot already.
    if (snapshot && followed.snapshot.seen < version) await followed.snapshot.refresh()
    for (const id of everything ? followed.snapshot.current().servicesById.keys() : services) await this.#forget(id)
  }

  /** What is remembered of a service's tables. One that can't be made remembers nothing. */
  async #forget(id: number): Promise<void> {
    const record = this.#followed?.snapshot.current().servicesById.get(id)
    if (!record?.isActive) return
    try {
      ;(await this.#host.service(record.name)).ability?.(RecordStoreAbility)?.catalog.refresh()
    } catch (error) {
      this.#host.log.debug('the tables of a service could not be forgotten', { service: record.name, error })
    }
  }
}
