/** The kinds of limits (control-plane 10.4): what each is about, and how often it lets somebody through. */

export interface LimitKind {
  readonly name: string
  /** What must be given; the rest of the four is emptied. */
  readonly needs: readonly ('user_id' | 'role_id' | 'service_id' | 'endpoint')[]
  /** Each caller has a counter of its own. */
  readonly eachUser: boolean
}

const kind = (name: string, needs: LimitKind['needs'], eachUser = false): LimitKind => ({ name, needs, eachUser })

export const limitKinds: ReadonlyMap<string, LimitKind> = new Map(
  [
    kind('instance', []),
    kind('instance.each_user', [], true),
    kind('instance.user', ['user_id']),
    kind('instance.role', ['role_id']),
    kind('instance.service', ['service_id']),
    kind('instance.each_user.service', ['service_id'], true),
    kind('instance.user.service', ['user_id', 'service_id']),
    kind('instance.service.endpoint', ['service_id', 'endpoint']),
    kind('instance.each_user.service.endpoint', ['service_id', 'endpoint'], true),
    kind('instance.user.service.endpoint', ['user_id', 'service_id', 'endpoint']),
  ].map((each) => [each.name, each]),
)

/** By the number that is stored. */
export const periods = ['minute', 'hour', 'day', '7-day', '30-day'] as const

/** Seconds of each period. */
export const periodSeconds = [60, 3_600, 86_400, 604_800, 2_592_000] as const
